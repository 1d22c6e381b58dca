"""The auction cockpit: what would match now, who is left over, how long it takes, and what may still be done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import AuctionView, LiveQuote, RulesNow, SecurityView
from apps.orders import selectors as orders
from apps.portal.views.access import EVERYBODY, TRADERS, asks_for_fragment, page
from apps.portal.views.market import quotes_of
from apps.sso.selectors import has_role
from qts.domain.market import to_vietnam
from qts.domain.values import Exchange

ROWS_MAX = 60
BAR_WIDTH = 100


@dataclass(frozen=True, slots=True)
class AuctionRow:
    """One security in its auction. `is_mine`: held or on order by the reader."""

    security: SecurityView
    quote: LiveQuote
    auction: AuctionView
    is_mine: bool

    @property
    def bid_width(self) -> int:
        """The buyers' part of a bar of 100; half of it while nothing can match."""
        demand, supply = self._sides
        return BAR_WIDTH * demand // (demand + supply) if demand + supply else BAR_WIDTH // 2

    @property
    def ask_width(self) -> int:
        return BAR_WIDTH - self.bid_width

    @property
    def ladder(self) -> list[dict[str, int]]:
        """The rungs as bars of at most 100, the widest of both sides being 100."""
        rungs = self.auction.rungs
        most = max((max(rung.demand, rung.supply) for rung in rungs), default=0) or 1
        return [
            {
                "price_vnd": rung.price_vnd,
                "demand": rung.demand,
                "supply": rung.supply,
                "demand_width": BAR_WIDTH * rung.demand // most,
                "demand_from": BAR_WIDTH - BAR_WIDTH * rung.demand // most,
                "supply_width": BAR_WIDTH * rung.supply // most,
            }
            for rung in rungs
        ]

    @property
    def _sides(self) -> tuple[int, int]:
        found = self.auction
        return found.volume + max(0, found.imbalance), found.volume + max(0, -found.imbalance)


@dataclass(frozen=True, slots=True)
class Venue:
    rules: RulesNow
    left_s: int | None
    until_auction_s: int | None


@require_GET
@page(*EVERYBODY)
def auction(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone: it is asked for again each second."""
    now = marketdata.market_now()
    rows = _rows(request)
    chosen = request.GET.get("symbol", "")[:20].upper()
    context = {
        "venues": _venues(now),
        "rows": rows[:ROWS_MAX],
        "hidden_count": max(0, len(rows) - ROWS_MAX),
        "chosen": next((row for row in rows if row.security.symbol == chosen), rows[0] if rows else None),
        "may_trade": has_role(request.user, *TRADERS),
    }
    template = "portal/auction/body.html" if asks_for_fragment(request) else "portal/auction/page.html"
    return render(request, template, context | {"symbol": chosen})


def _venues(now: datetime) -> list[Venue]:
    calendar = marketdata.trading_calendar()
    is_open = calendar.is_trading_day(to_vietnam(now).date())
    rules = marketdata.rules_at(now)
    found = [marketdata.rules_now(rules, exchange, now, is_trading_day=is_open) for exchange in Exchange]
    return [Venue(one, _left_s(one.ends_at, now), _left_s(one.next_auction_at, now)) for one in found]


def _left_s(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, round((at - now).total_seconds()))


def _rows(request: HttpRequest) -> list[AuctionRow]:
    """The reader's own first, then those with the largest value left over."""
    known = {security.symbol: security for security in marketdata.securities()}
    mine = _own_symbols(request.user)
    rules = marketdata.rules_at(marketdata.market_now())
    rows = []
    for symbol, quote in quotes_of(known).items():
        found = marketdata.auction_of(known[symbol], quote, rules)
        if found is not None:
            rows.append(AuctionRow(known[symbol], quote, found, symbol in mine))
    return sorted(rows, key=lambda row: (not row.is_mine, -abs(row.auction.imbalance) * row.auction.price_vnd))


def _own_symbols(user: Any) -> set[str]:
    account_ids = [account.id for account in accounts.accounts_of(user)]
    now = marketdata.market_now()
    held = {name for key in account_ids for name in accounts.account_state(key, now).positions}
    working = {order.symbol for order in orders.orders(account_ids, open_only=True)}
    return held | working
