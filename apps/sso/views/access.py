"""Who may see a page: logged in, verified by a second factor, in the right role. In that order, each with a way on."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from apps.sso.selectors import ROLE_LABELS, Role, has_role, has_second_factor, is_verified

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def role_required(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Let a view be seen by verified sessions of these roles; without roles, by every verified session.

    Others are sent to the log-in page, to the enrolment or the code page, or get a 403 page that says what is missing.
    An htmx request is answered so that the whole page goes there, not only the fragment.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            way = identification_needed(request)
            if way is not None:
                return way
            if roles and not has_role(request.user, *roles):
                return no_access(request, roles)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def identification_needed(request: HttpRequest, *, next_path: str = "") -> HttpResponse | None:
    """The redirect that makes this session a verified one; None when it is one."""
    user = request.user
    if is_verified(user):
        return None
    if not user.is_authenticated:
        page = reverse("account_login")
    elif has_second_factor(user):
        page = reverse("mfa_reauthenticate")
    else:
        page = reverse("mfa_activate_totp")
    return _go(request, page, next_path or _page_of(request))


def no_access(request: HttpRequest, roles: tuple[Role, ...] = ()) -> HttpResponse:
    labels = [ROLE_LABELS[role] for role in roles]
    return render(request, "account/no_access.html", {"role_labels": labels}, status=403)


def _page_of(request: HttpRequest) -> str:
    """The page to come back to: for a fragment the page around it, for a form the page that showed it."""
    htmx: Any = getattr(request, "htmx", None)
    if htmx:
        return htmx.current_url_abs_path or "/"
    return request.get_full_path() if request.method in {"GET", "HEAD"} else "/"


def _go(request: HttpRequest, page: str, next_path: str) -> HttpResponse:
    address = f"{page}?{urlencode({'next': next_path})}"
    if getattr(request, "htmx", None):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address)
