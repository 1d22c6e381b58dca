"""Deposits, withdrawals, interest and advances: one operator enters them from the broker's paper, another confirms."""

from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.services import CashEventRefused
from apps.marketdata import selectors as marketdata
from apps.portal.forms import read_quantity
from apps.portal.selectors import actor_names
from apps.portal.views.access import OPERATORS, chosen_account, page
from apps.sso.selectors import actor_of
from qts.web.said import told

DOCUMENT_LENGTH_MAX: Final = 40
NOTE_LENGTH_MAX: Final = 200


@require_http_methods(["GET", "POST"])
@page(*OPERATORS)
def cash_events(request: HttpRequest) -> HttpResponse:
    """GET lists them with a form, POST enters one."""
    if request.method == "GET":
        return _page(request)
    account = chosen_account(request, accounts.accounts_of(request.user))
    try:
        amount_vnd = read_quantity(request.POST.get("amount_vnd", ""))
    except ValueError:
        return _page(request, problem=_("Type whole dong, for example 5,000,000."), status=422)
    try:
        account_services.propose_cash_event(
            account_id=account.id if account else UUID(int=0),
            kind=request.POST.get("kind", ""),
            amount_vnd=amount_vnd,
            reference=request.POST.get("reference", "")[:DOCUMENT_LENGTH_MAX],
            note=request.POST.get("note", "")[:NOTE_LENGTH_MAX],
            actor=actor_of(request.user),
            now=marketdata.market_now(),
        )
    except CashEventRefused as refusal:
        return _page(request, problem=told(refusal), status=422)
    return redirect("portal:cash-events")


@require_POST
@page(*OPERATORS)
def decide(request: HttpRequest, request_id: UUID) -> HttpResponse:
    actor, now = actor_of(request.user), marketdata.market_now()
    try:
        if request.POST.get("act") == "confirm":
            account_services.confirm_cash_event(request_id, actor=actor, now=now)
        else:
            account_services.reject_cash_event(request_id, actor=actor, now=now)
    except CashEventRefused as refusal:
        return _page(request, problem=told(refusal), status=422)
    return redirect("portal:cash-events")


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    found = accounts.cash_requests()
    context = {
        "requests": found,
        "accounts": accounts.accounts_of(request.user),
        "numbers": accounts.account_numbers(),
        "kinds": accounts.cash_kinds(),
        "names": actor_names([name for one in found for name in (one.proposed_by, one.decided_by)]),
        "me": str(actor_of(request.user)),
        "problem": problem,
        "typed": request.POST,
        "tab": "cash-events",
    }
    return render(request, "portal/portfolio/cash_events.html", context, status=status)
