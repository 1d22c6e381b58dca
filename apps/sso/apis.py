"""Who may call the REST API: verified sessions, and where a role is needed, that role."""

from typing import Any

from rest_framework.permissions import BasePermission

from apps.sso.selectors import Role, has_role, is_verified


class IsVerified(BasePermission):
    """A log-in with a second factor; the default of every endpoint."""

    message = "Log in with your second factor first."

    def has_permission(self, request: Any, view: Any) -> bool:
        return is_verified(request.user)


class IsRiskOfficer(IsVerified):
    message = "Only a risk officer may do this."

    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and has_role(request.user, Role.RISK_OFFICER, Role.ADMINISTRATOR)
