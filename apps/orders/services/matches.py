"""A match: its order moves, the books learn of it, and what the order can no longer use is given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from apps.accounts import services as ledger
from apps.eventlog import services as eventlog
from apps.orders.locks import lock_reported_order
from apps.orders.models import Fill, Order
from apps.orders.services import discrepancies
from apps.orders.services.amendments import may_still_grow, prove_by_fill
from apps.orders.services.discrepancies import Kind
from apps.orders.services.settling import settle_intents
from apps.orders.services.steps import BROKER, event_of, take_step
from qts.adapters.ssi.trading_codec import BrokerMatch
from qts.domain.events import OrderFilled, OrderSent
from qts.domain.market import to_vietnam
from qts.domain.orders import TERMINAL, OrderTrigger, Status, fill_trigger
from qts.domain.values import Side
from qts.observability.crash_points import passing

SURFACED_REASON = "found at the broker"


def fill_id_of(connection_id: UUID, trading_day: date, notify_id: int) -> UUID:
    """The same match always has the same id, however often and in whatever process it is taken in."""
    return uuid5(connection_id, f"{trading_day.isoformat()}:{notify_id}")


@dataclass(frozen=True, slots=True)
class Matched:
    """A match that its order has, and that the books have not seen yet."""

    order: Order
    fill: Fill


def take_match(connection_id: UUID, match: BrokerMatch, *, now: datetime) -> Matched | None:
    """Bring the order forward by one match; None when there is nothing to book. The caller has a transaction, and
    hands what it gets to `book_matched` in it."""
    matched_at = moment(match.matched_ms, now)
    trading_day = to_vietnam(matched_at).date()
    order = lock_order_of(connection_id, matched_at, match.order_id, match.unique_id)
    if order is None:
        subject = f"{trading_day.isoformat()}:{match.notify_id}"
        discrepancies.note(connection_id, Kind.FOREIGN_FILL, subject=subject, detail=f"{match}", now=now)
        return None
    fill_id = fill_id_of(connection_id, trading_day, match.notify_id)
    known = Fill.objects.filter(id=fill_id).first()
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
        discrepancies.note(connection_id, kind, subject=str(fill_id), detail=detail, now=now, order=order)
        return None
    learn_broker_id(order, match.order_id)
    settle_intents(order, evidence=f"match {match.notify_id} of order {match.order_id}")
    fill = Fill.objects.create(
        id=fill_id,
        order=order,
        connection_id=connection_id,
        trading_day=trading_day,
        notify_id=match.notify_id,
        quantity=match.quantity,
        price_vnd=match.price_vnd,
        matched_at=matched_at,
    )
    passing("fill.saved")
    _move_by_fill(order, fill, now)
    passing("fill.moved")
    return Matched(order, fill)


def book_matched(matches: Sequence[Matched], now: datetime) -> None:
    """Into the books, together; then what their orders can no longer use is given back."""
    if not matches:
        return
    to_book = {str(match.fill.id): match for match in matches}
    for refused in ledger.book_fills([_to_book(match) for match in matches]):
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
    for order in {match.order.id: match.order for match in matches}.values():  # as its last match left it
        release_what_cannot_trade(order, now)


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


def _move_by_fill(order: Order, fill: Fill, now: datetime) -> None:
    if order.status == Status.REJECTED:  # we or the broker said it was not there; its match says that it was
        take_step(order, OrderTrigger.SURFACED, announce=OrderSent, actor=BROKER, now=now, reason=SURFACED_REASON)
    trigger = fill_trigger(quantity=order.quantity, filled_quantity=order.filled_quantity, fill_quantity=fill.quantity)
    if trigger is OrderTrigger.FULL_FILL and may_still_grow(order):
        trigger = OrderTrigger.PARTIAL_FILL
    order.filled_quantity += fill.quantity
    order.filled_value_vnd += fill.quantity * fill.price_vnd
    order.reported_filled_quantity = max(order.reported_filled_quantity, order.filled_quantity)
    take_step(order, trigger, announce=None, actor=BROKER, now=now, reason="")
    event = event_of(
        OrderFilled, order, now=now, fill_id=str(fill.id), fill_quantity=fill.quantity, fill_price_vnd=fill.price_vnd
    )
    order.last_event_id = eventlog.record(event, actor=BROKER, now=now)
    order.save(update_fields=["last_event_id"])


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
    return lock_reported_order(connection_id, to_vietnam(at).date(), broker_order_id, request_ids)


def moment(epoch_ms: int, now: datetime) -> datetime:
    """The broker's time; where a message carries none, the time at which it is taken in."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else now
