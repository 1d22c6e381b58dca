"""One security: chart, depth, time and sales, statistics, ticket, own orders."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.accounts.selectors import CHART
from apps.analytics import selectors as analytics
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import Gap, LiveMarket, Market, ReplayMarket, SecurityView
from apps.orders import selectors as orders
from apps.orders.selectors import FillView
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.market import quotes_of
from apps.portal.views.order_rows import order_rows
from apps.sso.selectors import has_role
from qts.domain.market import Timeframe, to_vietnam, window_of
from qts.domain.market.timeframes import TimedBar
from qts.domain.strategy import PublishedSignal, Source

BARS_MAX = 1_200  # about five days of minutes
HISTORY_MAX = 500
OWN_ORDERS_MAX = 20
NEWS_MAX = 12
TIMEFRAMES = (("1m", "1m"), ("5m", "5m"), ("15m", "15m"), ("60m", "1h"), ("1d", "1d"))


@dataclass(frozen=True, slots=True)
class NewsRow:
    """A score of the news; `publisher` is the part of the signal's name before its own id."""

    signal: PublishedSignal
    publisher: str
    known_at: datetime


@require_GET
@page(*EVERYBODY)
def symbol_page(request: HttpRequest, symbol: str) -> HttpResponse:
    security = listed(symbol)
    mine = accounts.accounts_of(request.user)
    own = orders.orders([account.id for account in mine], symbol=symbol, limit=OWN_ORDERS_MAX)
    news = _news(symbol)
    context = {
        **symbol_context(LiveMarket(), security),
        "page_data": _page_data(request, security),
        "rows": order_rows(own, mine, request.user),
        "may_trade": has_role(request.user, *TRADERS),
        "timeframes": TIMEFRAMES,
        "news": news,
        "publishers": actor_names(row.publisher for row in news),
    }
    return render(request, "portal/symbol.html", context)


@require_GET
@page(*EVERYBODY)
def bars(_request: HttpRequest, symbol: str) -> HttpResponse:
    return JsonResponse({"bars": _minutes(listed(symbol))})


@require_GET
@page(*EVERYBODY)
def history(request: HttpRequest, symbol: str) -> HttpResponse:
    """Bars of the length ?timeframe=, as in `marketdata.bars_of_length`, the open one included."""
    security = listed(symbol)
    asked = request.GET.get("timeframe", "")
    if asked not in set(Timeframe):
        raise Http404
    timeframe = Timeframe(asked)
    end_ms = window_of(timeframe, round(marketdata.market_now().timestamp() * 1_000))[1]
    until = datetime.fromtimestamp(end_ms / 1_000, tz=UTC)
    found = marketdata.bars_of_length(security.symbol, timeframe, until=until, limit=HISTORY_MAX)
    return JsonResponse({"bars": [_bar(bar) for bar in found]})


@require_GET
@page(*EVERYBODY)
def marks(request: HttpRequest, symbol: str) -> HttpResponse:
    """What is drawn over the candles and changes with the day: own trades and orders, gaps."""
    return JsonResponse(_marks(request, listed(symbol)))


def _news(symbol: str) -> list[NewsRow]:
    found = analytics.latest_signals(symbol, Source.SENTIMENT, marketdata.market_now(), limit=NEWS_MAX)
    return [
        NewsRow(one, one.signal_id.partition("/")[0], datetime.fromtimestamp(one.ts_known_ms / 1_000, tz=UTC))
        for one in found
    ]


def listed(symbol: str) -> SecurityView:
    security = marketdata.security(symbol)
    if security is None:
        raise Http404
    return security


def symbol_context(market: Market, security: SecurityView) -> dict[str, Any]:
    """What the page shows of any market; nothing of the user's own."""
    return {
        "security": security,
        "quote": quotes_of([security.symbol], market)[security.symbol],
        "levels": range(3),
    }


def replay_data(market: ReplayMarket, security: SecurityView) -> dict[str, Any]:
    """What the chart of a replay draws: minutes and gaps by then. What is computed of later ones is left out."""
    address = {"symbol": security.symbol, "replay_id": market.view.id}
    return {
        "symbol": security.symbol,
        "kind": security.kind,
        "is_replay": True,
        "bars_url": reverse("portal:replay-bars", kwargs=address),
        "bars": [_bar(bar) for bar in market.bars(security.symbol, BARS_MAX)],
        "gaps": [_gap(gap) for gap in market.gaps(security.symbol)],
    }


def _page_data(request: HttpRequest, security: SecurityView) -> dict[str, Any]:
    named = {"symbol": security.symbol}
    return {
        "symbol": security.symbol,
        "kind": security.kind,
        "bars_url": reverse("portal:bars", kwargs=named),
        "history_url": reverse("portal:history", kwargs=named),
        "marks_url": reverse("portal:marks", kwargs=named),
        "patterns_url": reverse("portal:symbol-patterns", kwargs=named),
        "indicators_url": f"/api/v1/indicators/{quote(security.symbol)}/",
        "bars": _minutes(security),
        "marks": _marks(request, security),
        "layout": accounts.layout(request.user, CHART),
    }


def _minutes(security: SecurityView) -> list[dict[str, int]]:
    return [_bar(bar) for bar in marketdata.bars(security.symbol, limit=BARS_MAX)]


def _marks(request: HttpRequest, security: SecurityView) -> dict[str, Any]:
    account_ids = [account.id for account in accounts.accounts_of(request.user)]
    today = to_vietnam(marketdata.market_now()).date()
    fills = [fill for fill in orders.fills(account_ids, trading_day=today) if fill.symbol == security.symbol]
    working = orders.orders(account_ids, symbol=security.symbol, open_only=True, limit=OWN_ORDERS_MAX)
    return {
        "gaps": [_gap(gap) for gap in marketdata.gaps_of_day(today, security.symbol)],
        "trades": sorted((_trade(fill) for fill in fills), key=lambda trade: trade["time"]),
        "orders": [
            {"side": order.side, "price": order.price_vnd, "quantity": order.remaining_quantity}
            for order in working
            if order.price_vnd
        ],
    }


def _bar(bar: TimedBar) -> dict[str, int]:
    """In VND, its start in seconds."""
    return {
        "time": bar.ts_start_ms // 1_000,
        "open": bar.open_vnd,
        "high": bar.high_vnd,
        "low": bar.low_vnd,
        "close": bar.close_vnd,
        "volume": bar.volume,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    """In the chart's seconds of market time; `is_filled` once no match is missing any more."""
    return {
        "from": int(gap.market_from_at.timestamp()),
        "to": int(gap.market_to_at.timestamp()),
        "is_filled": gap.is_filled,
    }


def _trade(fill: FillView) -> dict[str, Any]:
    return {
        "time": int(fill.matched_at.timestamp()),
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price_vnd,
    }
