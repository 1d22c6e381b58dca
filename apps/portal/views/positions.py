"""Positions, money and profit of one account."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, TRADERS, asks_for_fragment, chosen_account, page
from apps.portal.views.position_rows import position_rows
from apps.sso.selectors import has_role


@require_GET
@page(*EVERYBODY)
def positions(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its table alone."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    portfolio = accounts.portfolio(account.id, marketdata.market_now()) if account else None
    may_trade = has_role(request.user, *TRADERS)
    shown = [position for position in portfolio.positions if _is_shown(position)] if portfolio else []
    context: dict[str, Any] = {"accounts": mine, "account": account, "portfolio": portfolio, "may_trade": may_trade}
    if portfolio:
        context["contracts"] = [one for one in portfolio.contracts if one.net or one.due_vnd or one.realised_pnl_vnd]
    if account and shown:
        context["rows"] = position_rows(shown, account.id, may_trade=may_trade)
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/positions/table.html" if is_fragment else "portal/positions/page.html", context)


def _is_shown(position: accounts.PositionView) -> bool:
    """Sold out ones stay in sight for their realised result."""
    return bool(position.quantity or position.pending_buy_quantity or position.realised_pnl_vnd)
