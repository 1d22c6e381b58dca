"""Who may call the REST API: verified sessions and API keys, and where a role is needed, that role."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from apps.sso.models import User
from apps.sso.selectors import ApiKeyView, Role, api_key, has_role, is_verified
from apps.sso.services import note_use

SCHEME = "Bearer "


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer qts_...`; a request that has a session is that session's, whatever key it shows."""

    def authenticate(self, request: Request) -> tuple[User, ApiKeyView] | None:
        given = request.headers.get("Authorization", "")
        if not given.startswith(SCHEME):
            return None
        key = api_key(given.removeprefix(SCHEME).strip())
        if key is None:
            raise AuthenticationFailed("This API key opens nothing: it is unknown, over or revoked.")
        note_use(key)
        return key.user, key


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's own description tells of it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME.strip().lower()}


class IsVerified(BasePermission):
    """A log-in with a second factor, or an API key; the default of every endpoint.

    A key reads. It writes only where the view says `api_keys_may_write`, and only if it may trade.
    """

    message = "Log in with your second factor first."

    def has_permission(self, request: Any, view: Any) -> bool:
        if not isinstance(request.auth, ApiKeyView):
            return is_verified(request.user)
        if request.method in SAFE_METHODS:
            return True
        self.message = "This API key may not do that."
        return request.auth.may_trade and getattr(view, "api_keys_may_write", False)


class MayPublishSignals(IsVerified):
    """A key that was made for it, or a log-in; of an operator, for what is published moves everybody's strategies."""

    def has_permission(self, request: Any, view: Any) -> bool:
        self.message = IsVerified.message
        if isinstance(request.auth, ApiKeyView):
            self.message = "This API key may not publish signals."
            is_allowed = request.auth.may_publish_signals
        else:
            is_allowed = is_verified(request.user)
        if not is_allowed:
            return False
        self.message = "Only an operator or an administrator may publish signals."
        return has_role(request.user, Role.OPERATOR, Role.ADMINISTRATOR)


class IsPerson(IsVerified):
    """A log-in with a second factor. No key: what a person's own code is asked for, no program does."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if isinstance(request.auth, ApiKeyView):
            self.message = "A person does this: an API key may not."
            return False
        return is_verified(request.user)


class IsRiskOfficer(IsVerified):
    """Four eyes are people's: no key counts as one."""

    message = "Only a risk officer may do this."

    def has_permission(self, request: Any, view: Any) -> bool:
        if isinstance(request.auth, ApiKeyView):
            self.message = "A risk officer does this in person: an API key may not."
            return False
        return is_verified(request.user) and has_role(request.user, Role.RISK_OFFICER, Role.ADMINISTRATOR)
