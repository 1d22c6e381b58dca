"""A call auction while it gathers: at what price, how much, who is left over, until when, and what may be done.

The exchange tells the expected price and its best levels, never the volume or the imbalance: those are worked out from
the levels by the same matching that the simulator runs. Deeper levels are not seen, so a volume is a least one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from apps.marketdata.selectors.types import LiveQuote, SecurityView
from qts.domain.market import (
    VIETNAM,
    Band,
    RuleBook,
    admits,
    may_amend,
    may_cancel,
    session_at,
    session_schedule,
    to_vietnam,
)
from qts.domain.matching import Level, clearing_at, clearing_price
from qts.domain.values import Exchange, OrderType, Session

AUCTIONS: Final = frozenset({Session.ATO, Session.ATC, Session.PERIODIC})


class PriceSource(StrEnum):
    EXCHANGE = "exchange"  # EstMatchedPrice of the feed
    BOOK = "book"  # worked out from the visible levels
    NONE = "none"  # nothing can match yet


@dataclass(frozen=True, slots=True)
class Rung:
    """Demand at or above the price and supply at or below it, of the visible levels."""

    price_vnd: int
    demand: int
    supply: int


@dataclass(frozen=True, slots=True)
class AuctionView:
    """`imbalance` is demand less supply at `price_vnd`; all three are 0 while `source` is NONE."""

    symbol: str
    session: Session
    price_vnd: int
    source: PriceSource
    volume: int
    imbalance: int
    bid_total: int
    ask_total: int
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class RulesNow:
    """What an exchange lets people do at a moment; `ends_at` is the end of the session, None outside of the day's."""

    exchange: Exchange
    session: Session
    order_types: tuple[OrderType, ...]
    may_cancel: bool
    may_amend: bool
    ends_at: datetime | None
    next_auction_at: datetime | None


def rules_now(rules: RuleBook, exchange: Exchange, now: datetime, *, is_trading_day: bool) -> RulesNow:
    """By the schedule; a halt is the exchange's message and is not in it."""
    local = to_vietnam(now)
    session = session_at(rules, exchange, now) if is_trading_day else Session.CLOSED
    spans = session_schedule(rules, exchange) if is_trading_day else ()
    ends = [span.end for span in spans if span.start <= local.time() < span.end]
    begins = [span.start for span in spans if span.session in AUCTIONS and span.start > local.time()]
    return RulesNow(
        exchange=exchange,
        session=session,
        order_types=tuple(kind for kind in OrderType if admits(rules, exchange, session, kind)),
        may_cancel=may_cancel(rules, exchange, session, now),
        may_amend=may_amend(rules, exchange, session, OrderType.LO, now),
        ends_at=datetime.combine(local.date(), ends[0], VIETNAM) if ends else None,
        next_auction_at=datetime.combine(local.date(), begins[0], VIETNAM) if begins else None,
    )


def auction_of(security: SecurityView, quote: LiveQuote, rules: RuleBook) -> AuctionView | None:
    """None for a security that is in no auction by the exchange's own word, or has no price limits today."""
    session = Session(quote.session) if quote.session in set(AUCTIONS) else None
    if session is None or not quote.ceiling_vnd:
        return None
    bids, asks = _sides(quote)
    band = Band(ceiling_vnd=quote.ceiling_vnd, floor_vnd=quote.floor_vnd)
    nearest_vnd = quote.last_vnd or quote.reference_vnd
    own = clearing_price(bids, asks, nearest_to_vnd=nearest_vnd, instrument=security.instrument, band=band, rules=rules)
    source = PriceSource.EXCHANGE if quote.estimated_match_vnd else PriceSource.BOOK if own else PriceSource.NONE
    found = clearing_at(bids, asks, quote.estimated_match_vnd) if quote.estimated_match_vnd else own
    return AuctionView(
        symbol=security.symbol,
        session=session,
        price_vnd=found.price_vnd if found else 0,
        source=source,
        volume=found.volume if found else 0,
        imbalance=found.imbalance if found else 0,
        bid_total=sum(level.quantity for level in bids),
        ask_total=sum(level.quantity for level in asks),
        rungs=_rungs(bids, asks),
    )


def _sides(quote: LiveQuote) -> tuple[list[Level], list[Level]]:
    """At-the-auction volume (a price of 0) stands at the ceiling or the floor: exchanges' system of 2025-05-05."""
    bids = _merged((price_vnd or quote.ceiling_vnd, quantity) for price_vnd, quantity in quote.bids)
    asks = _merged((price_vnd or quote.floor_vnd, quantity) for price_vnd, quantity in quote.asks)
    return sorted(bids, reverse=True), sorted(asks)


def _merged(levels: Iterable[tuple[int, int]]) -> list[Level]:
    totals: dict[int, int] = {}
    for price_vnd, quantity in levels:
        totals[price_vnd] = totals.get(price_vnd, 0) + quantity
    return [Level(price_vnd, quantity) for price_vnd, quantity in totals.items() if quantity]


def _rungs(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[Rung, ...]:
    prices = sorted({level.price_vnd for level in (*bids, *asks)}, reverse=True)
    return tuple(
        Rung(
            price_vnd,
            sum(level.quantity for level in bids if level.price_vnd >= price_vnd),
            sum(level.quantity for level in asks if level.price_vnd <= price_vnd),
        )
        for price_vnd in prices
    )
