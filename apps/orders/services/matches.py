"""A match: its order moves, the books learn of it, and what the order can no longer use is given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final
from uuid import UUID, uuid5

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.eventlog import services as eventlog
from apps.orders.locks import Told, lock_reported_orders
from apps.orders.models import Fill, Order
from apps.orders.services import discrepancies
from apps.orders.services.amendments import may_still_grow, prove_by_fill
from apps.orders.services.discrepancies import Kind
from apps.orders.services.settling import settle_placed
from apps.orders.services.steps import BROKER, event_of, step, take_step
from qts.adapters.ssi.trading_codec import BrokerMatch
from qts.domain.errors import TerminalError
from qts.domain.events import OrderFilled, OrderSent
from qts.domain.market import to_vietnam
from qts.domain.orders import TERMINAL, OrderTrigger, Status, fill_trigger
from qts.domain.values import Side
from qts.observability.crash_points import passing
from qts.web.many_rows import insert_rows, put_rows

SURFACED_REASON = "found at the broker"
# what matches change of their orders
_MOVED: Final = [
    "broker_order_id", "status", "reason", "quantity", "price_vnd", "wanted_quantity", "wanted_price_vnd",
    "filled_quantity", "filled_value_vnd", "reported_filled_quantity", "last_event_id", "updated_at",
]  # fmt: skip


def fill_id_of(connection_id: UUID, trading_day: date, notify_id: int) -> UUID:
    """The same match always has the same id, however often and in whatever process it is taken in."""
    return uuid5(connection_id, f"{trading_day.isoformat()}:{notify_id}")


@dataclass(frozen=True, slots=True)
class Matched:
    """A match that its order has taken, and that neither the tables nor the books have seen yet."""

    order: Order
    fill: Fill
    event: OrderFilled


def take_matches(connection_id: UUID, matches: Sequence[BrokerMatch], *, now: datetime) -> None:
    """Bring orders forward by their matches, in the order in which they are given, and book them. The caller has a
    transaction. What one match does is the same alone and in company: orders and fills are worked out in memory, and
    each table is written once."""
    by_day = groupby(matches, key=lambda match: to_vietnam(moment(match.matched_ms, now)).date())
    for trading_day, some in by_day:
        if taken := _take_day(connection_id, trading_day, list(some), now):
            _store(taken, now)
            _book(taken, now)


def _take_day(connection_id: UUID, trading_day: date, matches: Sequence[BrokerMatch], now: datetime) -> list[Matched]:
    told = [Told(match.order_id, (match.unique_id,)) for match in matches]
    orders = lock_reported_orders(connection_id, trading_day, told)
    known = Fill.objects.in_bulk([fill_id_of(connection_id, trading_day, match.notify_id) for match in matches])
    taken: list[Matched] = []
    moved: set[UUID] = set()
    for match, order in zip(matches, orders, strict=True):
        if order is None:
            subject = f"{trading_day.isoformat()}:{match.notify_id}"
            discrepancies.note(connection_id, Kind.FOREIGN_FILL, subject=subject, detail=f"{match}", now=now)
        elif order.id in moved and order.filled_quantity + match.quantity > order.quantity:
            # a proved amendment reserves anew: the books have to know of the matches before it
            raise TerminalError(f"{match} is more than {order} has left, one by one")
        elif matched := _take(order, match, known, trading_day, now):
            known[matched.fill.id] = matched.fill
            moved.add(order.id)
            taken.append(matched)
    return taken


def _take(
    order: Order, match: BrokerMatch, fills: Mapping[UUID, Fill], trading_day: date, now: datetime
) -> Matched | None:
    """None when there is nothing to store."""
    matched_at, fill_id = moment(match.matched_ms, now), fill_id_of(order.connection_id, trading_day, match.notify_id)
    known = fills.get(fill_id)
    if known is not None and (known.order_id, known.quantity, known.price_vnd) == (
        order.id,
        match.quantity,
        match.price_vnd,
    ):
        return None  # told twice
    if known is None:
        prove_by_fill(order, order.filled_quantity + match.quantity, at=matched_at, now=now)
    trouble = _trouble_with(order, match, known)
    if trouble is not None:
        kind, detail = trouble
        discrepancies.note(order.connection_id, kind, subject=str(fill_id), detail=detail, now=now, order=order)
        return None
    learn_broker_id(order, match.order_id)
    fill = Fill(
        id=fill_id,
        order=order,
        connection_id=order.connection_id,
        trading_day=trading_day,
        notify_id=match.notify_id,
        quantity=match.quantity,
        price_vnd=match.price_vnd,
        matched_at=matched_at,
    )
    return Matched(order, fill, _move_by_fill(order, fill, now))


def _store(taken: Sequence[Matched], now: datetime) -> None:
    insert_rows([one.fill for one in taken])
    passing("fill.saved")
    last = {one.order.id: one for one in taken}
    settle_placed(
        {order_id: f"match {one.fill.notify_id} of {one.order.broker_order_id}" for order_id, one in last.items()}
    )
    numbers = eventlog.record_all([one.event for one in taken], actor=BROKER, now=now)
    for one, number in zip(taken, numbers, strict=True):
        one.order.last_event_id = number
    put_rows([one.order for one in last.values()], unique=["id"], changed=_MOVED)
    passing("fill.moved")


def _book(taken: Sequence[Matched], now: datetime) -> None:
    """Into the books, together; then what their orders can no longer use is given back."""
    to_book = {str(one.fill.id): one for one in taken}
    for refused in ledger.book_fills([_to_book(one) for one in taken]):
        # It happened at the exchange, so the order has it; the books need a person (shares they do not know of).
        match = to_book[refused.fill.fill_id]
        discrepancies.note(
            match.fill.connection_id,
            Kind.BOOKS_REFUSED,
            subject=refused.fill.fill_id,
            detail=refused.reason,
            now=now,
            order=match.order,
        )
    passing("fill.booked")
    orders = {one.order.id: one.order for one in taken}
    for order_id in accounts.holding_orders(list(orders)):  # as their last match left them
        release_what_cannot_trade(orders[order_id], now)


def _to_book(match: Matched) -> ledger.FillToBook:
    order, fill = match.order, match.fill
    return ledger.FillToBook(
        account_id=order.account_id,
        order_id=order.id,
        fill_id=str(fill.id),
        symbol=order.symbol,
        side=Side(order.side),
        quantity=fill.quantity,
        price_vnd=fill.price_vnd,
        matched_at=fill.matched_at,
        strategy_id=order.strategy_id,
    )


def _trouble_with(order: Order, match: BrokerMatch, known: Fill | None) -> tuple[Kind, str] | None:
    if known is not None:
        return Kind.FILL_MISMATCH, f"{match} has the number of another match: {known} of order {known.order_id}"
    if (match.symbol, match.side) != (order.symbol, order.side):
        return Kind.FILL_MISMATCH, f"{match} does not fit {order}"
    if order.status == Status.PENDING:
        return Kind.IMPOSSIBLE_STEP, f"{match} fills an order that was never sent"
    allowed = order.reported_filled_quantity if order.is_final_at_broker else order.quantity
    if match.quantity <= 0 or match.price_vnd <= 0 or order.filled_quantity + match.quantity > allowed:
        return Kind.OVERFILL, f"{match} on top of {order.filled_quantity} filled, {allowed} possible"
    return None


def _move_by_fill(order: Order, fill: Fill, now: datetime) -> OrderFilled:
    if order.status == Status.REJECTED:  # we or the broker said it was not there; its match says that it was
        take_step(order, OrderTrigger.SURFACED, announce=OrderSent, actor=BROKER, now=now, reason=SURFACED_REASON)
    trigger = fill_trigger(quantity=order.quantity, filled_quantity=order.filled_quantity, fill_quantity=fill.quantity)
    if trigger is OrderTrigger.FULL_FILL and may_still_grow(order):
        trigger = OrderTrigger.PARTIAL_FILL
    order.filled_quantity += fill.quantity
    order.filled_value_vnd += fill.quantity * fill.price_vnd
    order.reported_filled_quantity = max(order.reported_filled_quantity, order.filled_quantity)
    step(order, trigger, now=now, reason="")
    return event_of(
        OrderFilled, order, now=now, fill_id=str(fill.id), fill_quantity=fill.quantity, fill_price_vnd=fill.price_vnd
    )


def release_what_cannot_trade(order: Order, now: datetime) -> None:
    """A match that the broker has counted may still be on its way; what it will need stays reserved."""
    if order.status not in TERMINAL:
        return
    outstanding = max(0, order.reported_filled_quantity - order.filled_quantity)
    if outstanding:
        ledger.shrink_reservation(order_id=order.id, quantity=outstanding, now=now)
    else:
        ledger.release_reservation(order_id=order.id, now=now)


def learn_broker_id(order: Order, broker_order_id: str) -> None:
    """The broker gives a provisional id ("T" and a date) until the order has left it; the exchange's id replaces it."""
    if broker_order_id and (not order.broker_order_id or not broker_order_id.startswith("T")):
        order.broker_order_id = broker_order_id


def lock_order_of(connection_id: UUID, at: datetime, broker_order_id: str, *request_ids: str) -> Order | None:
    """Account and order locked; None when the broker speaks of an order that did not come from here."""
    told = Told(broker_order_id, request_ids)
    return lock_reported_orders(connection_id, to_vietnam(at).date(), [told])[0]


def moment(epoch_ms: int, now: datetime) -> datetime:
    """The broker's time; where a message carries none, the time at which it is taken in."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else now
