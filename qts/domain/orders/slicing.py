"""One large order as many small ones: an iceberg shows a part at a time, a TWAP spreads itself over time.

The parent never is at the exchange; what it has not sent reserves nothing. Time is continuous trading alone: a TWAP
stands still in the break and reaches its end all the same.
"""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.market import (
    Instrument,
    RuleBook,
    is_on_tick,
    max_order_quantity,
    round_lot,
    session_schedule,
    tick_size_vnd,
    to_vietnam,
)
from qts.domain.orders.life import WORKING, Status
from qts.domain.values import Exchange, Session, Side

CHILDREN_MAX: Final = 200
CHILDREN_MIN: Final = 2


class SliceKind(StrEnum):
    ICEBERG = "ICEBERG"
    TWAP = "TWAP"


class SlicedStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DONE = "DONE"  # all of it is filled
    STOPPED = "STOPPED"  # a slice was refused, rejected or taken back: a person decides how to go on
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"  # its time is over and something is left


@dataclass(frozen=True, slots=True)
class SliceTerms:
    """`price_vnd` None: at the market. An iceberg shows `show_quantity` at a limit price; a TWAP goes out in `slices`
    parts over `minutes` of continuous trading."""

    kind: SliceKind
    symbol: str
    side: Side
    quantity: int
    price_vnd: int | None
    client_order_id: str
    show_quantity: int | None = None
    slices: int | None = None
    minutes: int | None = None

    @property
    def body_hash(self) -> str:
        """SHA-256 of the content without the client order id; tells a repeat from a second, different wish."""
        body = [str(getattr(self, one.name)) for one in fields(self) if one.name != "client_order_id"]
        return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


_NEEDED: Final = {
    SliceKind.ICEBERG: frozenset({"show_quantity", "price_vnd"}),
    SliceKind.TWAP: frozenset({"slices", "minutes"}),
}
_NOT_ALLOWED: Final = {
    SliceKind.ICEBERG: frozenset({"slices", "minutes"}),
    SliceKind.TWAP: frozenset({"show_quantity"}),
}


def slice_refusals(terms: SliceTerms, *, instrument: Instrument, rules: RuleBook, now: datetime) -> tuple[Breach, ...]:
    """Every reason; empty when it can begin."""
    missing = sorted(name for name in _NEEDED[terms.kind] if getattr(terms, name) is None)
    surplus = sorted(name for name in _NOT_ALLOWED[terms.kind] if getattr(terms, name) is not None)
    found = [Breach(RuleCode.TERMS_MISSING, detail=", ".join(missing))] if missing else []
    found += [Breach(RuleCode.TERMS_NOT_ALLOWED, detail=", ".join(surplus))] if surplus else []
    if found:
        return tuple(found)
    parts = _part_refusals(terms, instrument, rules)
    return (*_price_refusals(terms, instrument, rules), *parts, *_time_refusals(terms, instrument, rules, now))


def _price_refusals(terms: SliceTerms, instrument: Instrument, rules: RuleBook) -> list[Breach]:
    exchange, kind, price_vnd = instrument.exchange, instrument.kind, terms.price_vnd
    if price_vnd is None or is_on_tick(rules, exchange, kind, price_vnd):
        return []
    return [Breach(RuleCode.PRICE_OFF_TICK, tick_size_vnd(rules, exchange, kind, price_vnd), price_vnd)]


def _part_refusals(terms: SliceTerms, instrument: Instrument, rules: RuleBook) -> list[Breach]:
    lot = round_lot(rules, instrument.exchange, instrument.kind)
    if terms.quantity <= 0:
        return [Breach(RuleCode.QUANTITY_NOT_POSITIVE, actual=terms.quantity)]
    part = terms.show_quantity if terms.show_quantity is not None else lot
    off_lot = next((one for one in (terms.quantity, part) if one % lot), None)
    if off_lot is not None:
        return [Breach(RuleCode.QUANTITY_OFF_LOT, lot, off_lot)]
    children = terms.slices if terms.slices is not None else -(-terms.quantity // part) if part > 0 else 0
    if not CHILDREN_MIN <= children <= CHILDREN_MAX:
        return [Breach(RuleCode.SLICES_OUT_OF_RANGE, CHILDREN_MAX, children)]
    if terms.slices is not None and terms.quantity // lot < terms.slices:
        return [Breach(RuleCode.SLICES_OUT_OF_RANGE, terms.quantity // lot, terms.slices)]
    largest = part if terms.show_quantity is not None else -(-terms.quantity // children)
    if largest > (limit := max_order_quantity(rules, instrument.exchange, instrument.kind)):
        return [Breach(RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX, limit, largest)]
    return []


def _time_refusals(terms: SliceTerms, instrument: Instrument, rules: RuleBook, now: datetime) -> list[Breach]:
    """No more minutes than continuous trading has left today."""
    left = trading_s(rules, instrument.exchange, now, _midnight_after(now)) // 60
    if terms.minutes is None or 1 <= terms.minutes <= left:
        return []
    return [Breach(RuleCode.VALIDITY_OUT_OF_RANGE, left, terms.minutes)]


def trading_s(rules: RuleBook, exchange: Exchange, start: datetime, end: datetime) -> int:
    """Seconds of continuous trading between two moments of one day in Vietnam."""
    first, last = to_vietnam(start), to_vietnam(end)
    total = 0
    for span in session_schedule(rules, exchange):
        if span.session is Session.CONTINUOUS:
            opens, closes = max(first, _at(first, span.start)), min(last, _at(first, span.end))
            total += max(0, int((closes - opens).total_seconds()))
    return total


def slices_due(*, slices: int, elapsed_s: int, total_s: int) -> int:
    """The first at once, the others at equal distances, the last one distance before the end."""
    return min(slices, elapsed_s * slices // total_s + 1) if total_s > 0 else slices


def twap_target(*, quantity: int, slices: int, due: int, lot_size: int) -> int:
    """What should have been sent when `due` slices are: equal shares in whole lots, all of it with the last."""
    if due >= slices:
        return quantity
    lots = quantity // lot_size
    return lots * due // slices * lot_size


@dataclass(frozen=True, slots=True)
class Child:
    """One slice as an order. `was_taken_back`: somebody asked for its cancel."""

    status: Status
    quantity: int
    filled_quantity: int
    was_taken_back: bool = False

    @property
    def works(self) -> bool:
        return self.status in WORKING

    @property
    def stops_its_parent(self) -> bool:
        """What the exchange cancelled by itself (the rest of a market order) goes back into what is left."""
        refused = self.status in {Status.REJECTED, Status.DENIED}
        return refused or (self.status is Status.CANCELLED and self.was_taken_back)


def filled_of(children: tuple[Child, ...]) -> int:
    return sum(child.filled_quantity for child in children)


def committed_of(children: tuple[Child, ...]) -> int:
    """Filled, and what may still fill."""
    return sum(child.quantity if child.works else child.filled_quantity for child in children)


def iceberg_part(*, quantity: int, show_quantity: int, children: tuple[Child, ...]) -> int:
    """The next part to show; 0 while one works or nothing is left."""
    if any(child.works for child in children):
        return 0
    return min(show_quantity, quantity - filled_of(children))


def twap_part(*, quantity: int, slices: int, due: int, lot_size: int, children: tuple[Child, ...]) -> int:
    """The next slice to send: what is behind the plan, unless that slice went out already."""
    if due <= len(children):
        return 0
    behind = twap_target(quantity=quantity, slices=slices, due=due, lot_size=lot_size) - committed_of(children)
    return max(0, behind - behind % lot_size)


def _at(day: datetime, at: time) -> datetime:
    return day.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)


def _midnight_after(now: datetime) -> datetime:
    return _at(to_vietnam(now), time(0)) + timedelta(days=1)
