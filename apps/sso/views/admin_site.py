"""The admin site: verified sessions of staff only, and no log-in form of its own."""

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.sites import UnfoldAdminSite

from apps.sso.selectors import is_verified
from apps.sso.views.access import identification_needed, no_access


class OtpAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and is_verified(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Where the admin sends everybody whom `has_permission` refuses."""
        target = self._target(request)
        if way := identification_needed(request, next_path=target):
            return way
        return HttpResponseRedirect(target) if self.has_permission(request) else no_access(request)

    def _target(self, request: HttpRequest) -> str:
        asked = request.GET.get(REDIRECT_FIELD_NAME, "")
        if url_has_allowed_host_and_scheme(
            asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            return asked
        return reverse("admin:index", current_app=self.name)
