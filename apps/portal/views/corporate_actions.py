"""Corporate actions: entered by one operator, confirmed by another."""

from datetime import date
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.selectors import CorporateActionView
from apps.accounts.services import ActionNotice, ActionRefused
from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import OPERATORS, page
from apps.portal.views.blotter import read_day
from apps.sso.selectors import actor_of
from qts.domain.portfolio import ActionKind, ActionTerms, entitlement
from qts.web.said import told

NUMBER_LENGTH_MAX = 9
SAMPLE_QUANTITY = 1_000  # what its holder gets is told as an example


@require_http_methods(["GET", "POST"])
@page(*OPERATORS)
def corporate_actions(request: HttpRequest) -> HttpResponse:
    """GET lists them with a form, POST enters one."""
    if request.method == "GET":
        return _page(request)
    notice = read_notice(request.POST)
    if notice is None:
        return _page(request, problem=_("Both dates are needed, as year-month-day."), status=422)
    try:
        account_services.propose_action(notice, actor=actor_of(request.user), now=marketdata.market_now())
    except ActionRefused as refusal:
        return _page(request, problem=told(refusal), status=422)
    return redirect("portal:corporate-actions")


@require_http_methods(["GET", "POST"])
@page(*OPERATORS)
def corporate_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """GET tells all of one, with what it did to each account; POST confirms or rejects it."""
    if request.method == "POST":
        return _decide(request, action_id)
    found = accounts.corporate_action(action_id)
    if found is None:
        raise Http404
    context = {
        "action": found,
        "kind": kind_labels()[found.kind],
        "bookings": accounts.action_bookings(action_id),
        "sample_quantity": SAMPLE_QUANTITY,
        "sample": entitlement(terms_of(found), SAMPLE_QUANTITY),
        "names": actor_names([found.proposed_by, found.decided_by]),
        "me": str(actor_of(request.user)),
        "tab": "actions",
    }
    return render(request, "portal/portfolio/action.html", context)


def terms_of(found: CorporateActionView) -> ActionTerms:
    return ActionTerms(
        kind=ActionKind(found.kind),
        cash_per_share_vnd=found.cash_per_share_vnd,
        new_shares=found.new_shares,
        old_shares=found.old_shares,
        subscription_price_vnd=found.subscription_price_vnd,
    )


def _decide(request: HttpRequest, action_id: UUID) -> HttpResponse:
    act = account_services.confirm_action if request.POST.get("act") == "confirm" else account_services.reject_action
    try:
        act(action_id, actor=actor_of(request.user), now=marketdata.market_now())
    except ActionRefused as refusal:
        return _page(request, problem=told(refusal), status=422)
    return redirect("portal:corporate-actions")


def read_notice(typed: QueryDict) -> ActionNotice | None:
    """None without its dates. A number that makes no sense is 0, and then the terms say what is wrong."""
    ex_date, pays_on = read_day(typed.get("ex_date", "")), read_day(typed.get("pays_on", ""))
    kind = typed.get("kind", "")
    if ex_date is None or pays_on is None or kind not in list(ActionKind):
        return None
    terms = ActionTerms(
        kind=ActionKind(kind),
        cash_per_share_vnd=_number(typed, "cash_per_share_vnd"),
        new_shares=_number(typed, "new_shares"),
        old_shares=_number(typed, "old_shares") or 1,
        subscription_price_vnd=_number(typed, "subscription_price_vnd"),
    )
    symbol = typed.get("symbol", "").strip().upper()[:20]
    return ActionNotice(symbol, ex_date, pays_on, terms, typed.get("source", "")[:200])


def _number(typed: QueryDict, name: str) -> int:
    text = typed.get(name, "").replace(",", "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= NUMBER_LENGTH_MAX else 0


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    found = accounts.corporate_actions()
    context = {
        "actions": found,
        "kinds": kind_labels(),
        "names": actor_names([name for one in found for name in (one.proposed_by, one.decided_by)]),
        "me": str(actor_of(request.user)),
        "problem": problem,
        "typed": request.POST,
        "today": date.isoformat(marketdata.market_today()),
        "tab": "actions",
    }
    return render(request, "portal/portfolio/actions.html", context, status=status)


def kind_labels() -> dict[str, str]:
    return {
        ActionKind.CASH_DIVIDEND: _("Cash dividend"),
        ActionKind.STOCK_DIVIDEND: _("Stock dividend"),
        ActionKind.BONUS: _("Bonus shares"),
        ActionKind.SPLIT: _("Split"),
        ActionKind.RIGHTS: _("Rights to subscribe"),
    }
