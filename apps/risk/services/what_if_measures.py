"""What a limit would have measured for orders of the past, from what was kept of them. Pure.

The gate's snapshot of an old order is gone. What is left, best first: the figure that the gate wrote into a refusal;
the order itself; the orders before it; the account's worth of that minute. A figure that needs anything else (the
prices of that second, the age of a quote, who sent how fast) is not made up: it is not told.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from apps.risk.services.past_orders import PastOrder
from qts.domain.errors import RuleCode
from qts.domain.values import Side

BPS: Final = 10_000
MINUTE: Final = timedelta(minutes=1)


class Basis(StrEnum):
    """Where a figure of the past is from."""

    GATE = "gate"  # what the gate measured then, as it stands in the refusal
    ORDER = "order"  # the order's own side, quantity and price
    REPLAY = "replay"  # the orders recorded before it; fills count from the moment of their order
    MINUTE = "minute"  # what the account was worth in that minute, or in the one before


@dataclass(frozen=True, slots=True)
class Worth:
    equity_vnd: int
    peak_vnd: int
    day_pnl_vnd: int


@dataclass(slots=True)
class _Book:
    """An account while its orders are gone through."""

    open: list[PastOrder] = field(default_factory=list)
    day: date | None = None
    day_done_vnd: int = 0
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class Before:
    """An account just before one of its orders. Values are None while an order without a price worked, `position`
    where what is held now is not known."""

    open_count: int
    open_vnd: int | None
    day_vnd: int | None
    position: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """What was kept, ready to be asked about any order of it."""

    before: Mapping[UUID, Before]
    worth: Mapping[tuple[UUID, datetime], Worth]


def replayed(orders: Iterable[PastOrder], held_now: Mapping[UUID, Mapping[str, int]]) -> dict[UUID, Before]:
    """Each account before each of its orders. `held_now`, less what the orders traded, is what there was at first."""
    orders = list(orders)
    books: dict[UUID, _Book] = defaultdict(_Book)
    for account_id, held in held_now.items():
        books[account_id].held.update(held)
    for order in orders:
        books[order.account_id].held[order.symbol] -= _traded(order)
    found = {}
    for order in orders:
        book = books[order.account_id]
        found[order.id] = _before(book, order, knows_held=order.account_id in held_now)
        if not order.is_denied:
            book.open.append(order)
            book.held[order.symbol] += _traded(order)
    return found


def _before(book: _Book, order: PastOrder, *, knows_held: bool) -> Before:
    if book.day != order.trading_day:
        book.day, book.day_done_vnd = order.trading_day, 0
    still = []
    for one in book.open:
        if one.ended_at is None or one.ended_at > order.submitted_at:
            still.append(one)
        elif one.trading_day == order.trading_day:
            book.day_done_vnd += one.filled_value_vnd
    book.open = still
    traded_vnd = book.day_done_vnd + sum(one.filled_value_vnd for one in still if one.trading_day == book.day)
    asked = sum(_remaining(one) for one in still if one.side is Side.BUY and one.symbol == order.symbol)
    open_vnd = None
    if all(one.price_vnd is not None or not _remaining(one) for one in still):
        open_vnd = sum((one.price_vnd or 0) * _remaining(one) for one in still)
    return Before(
        open_count=len(still),
        open_vnd=open_vnd,
        day_vnd=None if open_vnd is None else traded_vnd + open_vnd,
        position=book.held[order.symbol] + asked if knows_held else None,
    )


def _remaining(order: PastOrder) -> int:
    return order.quantity - order.filled_quantity


def _traded(order: PastOrder) -> int:
    return order.filled_quantity if order.side is Side.BUY else -order.filled_quantity


def measured(code: RuleCode, order: PastOrder, past: Past) -> tuple[int, Basis] | None:
    """None where what is needed was not kept."""
    for breach in order.breaches:
        if breach.code is code and breach.actual is not None:
            return breach.actual, Basis.GATE
    found = MEASURES.get(code)
    if found is None:
        return None
    measure, basis = found
    actual = measure(order, past)
    return None if actual is None else (actual, basis)


def _value_vnd(order: PastOrder, _past: Past) -> int | None:
    """An order without a price was valued at that day's ceiling, which is not kept with it."""
    return None if order.price_vnd is None else order.price_vnd * order.quantity


def _open_vnd(order: PastOrder, past: Past) -> int | None:
    return _sum(past.before[order.id].open_vnd, _value_vnd(order, past))


def _day_vnd(order: PastOrder, past: Past) -> int | None:
    return _sum(past.before[order.id].day_vnd, _value_vnd(order, past))


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _position(order: PastOrder, past: Past) -> int | None:
    before = past.before[order.id].position
    return None if before is None else before + order.quantity


def _worth_then(order: PastOrder, past: Past) -> Worth | None:
    minute = minute_of(order)
    return past.worth.get((order.account_id, minute)) or past.worth.get((order.account_id, minute - MINUTE))


def _day_loss_vnd(order: PastOrder, past: Past) -> int | None:
    worth = _worth_then(order, past)
    return None if worth is None else -worth.day_pnl_vnd


def _drawdown_bps(order: PastOrder, past: Past) -> int | None:
    worth = _worth_then(order, past)
    if worth is None or worth.peak_vnd <= 0:
        return None
    return -(-max(0, worth.peak_vnd - worth.equity_vnd) * BPS // worth.peak_vnd)


def minute_of(order: PastOrder) -> datetime:
    return order.submitted_at.replace(second=0, microsecond=0)


MEASURES: Final[Mapping[RuleCode, tuple[Callable[[PastOrder, Past], int | None], Basis]]] = {
    RuleCode.SYMBOL_NOT_ALLOWED: (lambda _order, _past: 1, Basis.ORDER),
    RuleCode.SYMBOL_RESTRICTED: (lambda order, _past: order.quantity, Basis.ORDER),
    RuleCode.ORDER_QUANTITY_EXCEEDS_MAX: (lambda order, _past: order.quantity, Basis.ORDER),
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: (_value_vnd, Basis.ORDER),
    RuleCode.OPEN_ORDERS_EXCEED_MAX: (lambda order, past: past.before[order.id].open_count + 1, Basis.REPLAY),
    RuleCode.OPEN_VALUE_EXCEEDS_MAX: (_open_vnd, Basis.REPLAY),
    RuleCode.DAY_VALUE_EXCEEDS_MAX: (_day_vnd, Basis.REPLAY),
    RuleCode.POSITION_EXCEEDS_MAX: (_position, Basis.REPLAY),
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: (_day_loss_vnd, Basis.MINUTE),
    RuleCode.DRAWDOWN_EXCEEDS_MAX: (_drawdown_bps, Basis.MINUTE),
}
