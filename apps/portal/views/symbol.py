"""One security: chart, depth, time and sales, statistics, ticket, own orders."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import Bar, SecurityView
from apps.orders import selectors as orders
from apps.orders.selectors import FillView
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.market import quotes_of
from apps.portal.views.order_rows import order_rows
from apps.sso.selectors import has_role
from qts.domain.market import to_vietnam

BARS_MAX = 1_200  # about five days of minutes
OWN_ORDERS_MAX = 20


@require_GET
@page(*EVERYBODY)
def symbol_page(request: HttpRequest, symbol: str) -> HttpResponse:
    security = _listed(symbol)
    mine = accounts.accounts_of(request.user)
    own = orders.orders([account.id for account in mine], symbol=symbol, limit=OWN_ORDERS_MAX)
    context = {
        "security": security,
        "quote": quotes_of([symbol])[symbol],
        "levels": range(3),
        "page_data": _page_data(request, security),
        "rows": order_rows(own, mine, request.user),
        "may_trade": has_role(request.user, *TRADERS),
    }
    return render(request, "portal/symbol.html", context)


@require_GET
@page(*EVERYBODY)
def bars(request: HttpRequest, symbol: str) -> HttpResponse:
    return JsonResponse(_page_data(request, _listed(symbol)))


def _listed(symbol: str) -> SecurityView:
    security = marketdata.security(symbol)
    if security is None:
        raise Http404
    return security


def _page_data(request: HttpRequest, security: SecurityView) -> dict[str, Any]:
    """What the chart draws: minutes in VND with their start in seconds, and the user's own trades of the day."""
    account_ids = [account.id for account in accounts.accounts_of(request.user)]
    today = to_vietnam(marketdata.market_now()).date()
    fills = [fill for fill in orders.fills(account_ids, trading_day=today) if fill.symbol == security.symbol]
    return {
        "symbol": security.symbol,
        "kind": security.kind,
        "bars_url": reverse("portal:bars", kwargs={"symbol": security.symbol}),
        "patterns_url": reverse("portal:symbol-patterns", kwargs={"symbol": security.symbol}),
        "bars": [_bar(bar) for bar in marketdata.bars(security.symbol, limit=BARS_MAX)],
        "trades": sorted((_trade(fill) for fill in fills), key=lambda trade: trade["time"]),
    }


def _bar(bar: Bar) -> dict[str, int]:
    return {
        "time": int(bar.starts_at.timestamp()),
        "open": bar.open_vnd,
        "high": bar.high_vnd,
        "low": bar.low_vnd,
        "close": bar.close_vnd,
        "volume": bar.volume,
    }


def _trade(fill: FillView) -> dict[str, Any]:
    return {
        "time": int(fill.matched_at.timestamp()),
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price_vnd,
    }
