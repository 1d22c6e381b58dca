"""The admin site: verified sessions of staff only, and no log-in form of its own."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from apps.sso.selectors import is_verified
from apps.sso.views.access import identification_needed, no_access

# Unfold's pages evaluate expressions in attributes (Alpine) and set styles inline; the rest of the site needs neither.
_unfold_may = csp_replace({"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]})


class OtpAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    index_title = _("Administration")

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # rows are deleted one by one: each is an event of its own

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and is_verified(request.user)

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        return _unfold_may(super().admin_view(view, cacheable))

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
