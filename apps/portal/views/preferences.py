"""A person's own settings: how pages look, second factors, keys, and the sessions that are open."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.devices import device_text
from apps.sso import selectors as sso
from apps.sso import services
from qts.domain.errors import TerminalError

NAMES = ("language", "theme", "density")


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """GET shows all of it, POST keeps how pages look."""
    user: Any = request.user
    if request.method == "POST":
        return _kept(request, user)
    sessions = sso.sessions_of(user, str(request.session.session_key))
    context = {
        "languages": settings.LANGUAGES,
        "factors": sso.second_factors(user),
        "key_count": sum(not key.is_over for key in sso.api_keys(user)),
        "layouts": [
            (screen, _screen_label(screen), bool(accounts.layout(user, screen))) for screen in accounts.SCREENS
        ],
        "sessions": [(session, device_text(session.user_agent)) for session in sessions],
    }
    return render(request, "portal/preferences.html", context)


def _kept(request: HttpRequest, user: Any) -> HttpResponse:
    try:
        services.save_preferences(user, **{name: request.POST[name] for name in NAMES if name in request.POST})
    except TerminalError:
        messages.error(request, _("Choose one of those that are there."))
    else:
        with override(user.language or request.LANGUAGE_CODE):
            messages.success(request, _("Kept, for every browser in which you log in."))
    return redirect("portal:settings")


@require_POST
@page(*EVERYBODY)
def reset_layout(request: HttpRequest, screen: str) -> HttpResponse:
    """The screen is as everybody begins with it."""
    if screen not in accounts.SCREENS:
        raise Http404
    account_services.save_layout(request.user, screen, {})
    return redirect("portal:settings")


@require_POST
@page(*EVERYBODY)
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """404 for somebody else's session, and for one that is over: whether it existed is nobody's business."""
    user: Any = request.user
    if not services.end_session(request, user, session_id):
        raise Http404
    messages.success(request, _("That session is over: its pages close within seconds."))
    return redirect("portal:settings")


@require_POST
@page(*EVERYBODY)
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    count = services.end_other_sessions(request, user)
    told = ngettext("%(count)d session is over: its pages close within seconds.",
                    "%(count)d sessions are over: their pages close within seconds.", count)  # fmt: skip
    messages.success(request, told % {"count": count})
    return redirect("portal:settings")


def _screen_label(screen: str) -> str:
    return {accounts.BOARD: _("Price board"), accounts.CHART: _("Chart")}[screen]
