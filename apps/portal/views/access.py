"""Who may open a page, and what is shown while a server behind it is away."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.sso.selectors import Role
from apps.sso.views import role_required
from qts.domain.errors import TransientError

View = Callable[..., HttpResponseBase]
EVERYBODY = tuple(Role)
TRADERS = (Role.TRADER, Role.ADMINISTRATOR)
OFFICERS = (Role.RISK_OFFICER, Role.ADMINISTRATOR)
OPERATORS = (Role.OPERATOR, Role.ADMINISTRATOR)


def page(*roles: Role) -> Callable[[View], View]:
    """A page or fragment for users with one of the roles in a verified session.

    It leaves compressed, with random padding: its length tells nothing of what it holds. Without Redis there is no
    live state and no lock: the page then says so with status 503 and tries again by itself.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            _refuse_nul(request)
            try:
                return view(request, *arguments, **named)
            except TransientError as error:
                return render(request, "portal/unavailable.html", {"error": error}, status=503)

        return role_required(*roles)(gzip_page(answer))

    return decorate


def _refuse_nul(request: HttpRequest) -> None:
    """No browser sends it, and no database takes it."""
    given = [request.GET, request.POST] if request.method == "POST" else [request.GET]
    if any("\x00" in text for one in given for name, texts in one.lists() for text in (name, *texts)):
        raise BadRequest("a text holds the character 0")


def asks_for_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for the live part of a page rather than for the whole page."""
    return bool(getattr(request, "htmx", False))


def asked_limit(request: HttpRequest, most: int) -> int:
    """How many rows ?limit= asks for, at most `most`."""
    asked = request.GET.get("limit", "")
    return min(int(asked), most) if asked.isdecimal() and len(asked) < 6 else most


def chosen_account(request: HttpRequest, mine: list[AccountView]) -> AccountView | None:
    """The account named in the address, else the first one; 404 for one that the user may not see."""
    asked = request.GET.get("account") or request.POST.get("account")
    if not asked:
        return mine[0] if mine else None
    for account in mine:
        if str(account.id) == asked:
            return account
    raise Http404


def visible_account(request: HttpRequest, account_id: UUID) -> AccountView:
    """404, not 403: whether somebody else's account exists is nobody's business."""
    for account in accounts.accounts_of(request.user):
        if account.id == account_id:
            return account
    raise Http404
