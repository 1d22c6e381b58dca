"""The keys of one's own programs: made here, shown once, taken back at any time."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.portal.views.access import EVERYBODY, page
from apps.sso import selectors as sso
from apps.sso import services
from qts.domain.errors import TerminalError

LIFETIMES_DAYS = (30, 90, 365)


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
@never_cache
def api_keys(request: HttpRequest) -> HttpResponse:
    """GET lists them, POST makes one and shows its secret: this once, in this answer."""
    user: Any = request.user
    shown: dict[str, Any] = {"typed": request.POST, "scopes": sso.API_KEY_SCOPES, "lifetimes_days": LIFETIMES_DAYS}
    status = 200
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            made = services.issue_api_key(
                user=user,
                name=request.POST.get("name", ""),
                scope=request.POST.get("scope", ""),
                days=int(days) if days.isdecimal() and len(days) < 5 else 0,
            )
            shown |= {"secret": made.secret, "typed": {}}
        except services.TooManyKeys:
            status, shown["problem"] = 422, _("You have as many keys as anybody may have. Revoke one first.")
        except TerminalError:
            status, shown["problem"] = 422, _("Give the key a name, say what it may do and how long it lives.")
    return render(request, "portal/api_keys.html", shown | {"keys": sso.api_keys(user)}, status=status)


@require_POST
@page(*EVERYBODY)
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """404 for somebody else's key: whether it exists is nobody's business."""
    user: Any = request.user
    if key_id not in {key.id for key in sso.api_keys(user)}:
        raise Http404
    services.revoke_api_key(key_id, user=user)
    return redirect("portal:api-keys")
