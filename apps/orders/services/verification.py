"""Every order rebuilt from the event log and compared with its row: two accounts of the same thing have to agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from apps.orders.models import Fill, Order
from apps.orders.selectors import HistoryEntry, order_history
from qts.domain.orders import Status
from qts.domain.orders.rebuild import Rebuilt, RecordedStep, rebuild

BATCH = 500


@dataclass(frozen=True, slots=True)
class Verification:
    """`troubles` is empty where the order's row, its fills and its events say the same."""

    order_id: UUID
    troubles: tuple[str, ...]


def verify_orders(*, since: date | None = None, account_id: UUID | None = None) -> Iterator[Verification]:
    """One after the other, the oldest first; an order that moves meanwhile is read again before it is blamed."""
    rows = Order.objects.order_by("recorded_at", "id")
    if since is not None:
        rows = rows.filter(trading_day__gte=since)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    for order in rows.iterator(chunk_size=BATCH):
        troubles = _troubles(order)
        if troubles:
            troubles = _troubles(Order.objects.get(id=order.id))
        yield Verification(order.id, troubles)


def _troubles(order: Order) -> tuple[str, ...]:
    rebuilt = rebuild(_step(entry) for entry in order_history(order.id))
    if rebuilt is None:
        return ("the event log knows nothing of it",)
    return (*rebuilt.troubles, *_differences(order, rebuilt), *_missing_fills(order, rebuilt))


def _step(entry: HistoryEntry) -> RecordedStep:
    return RecordedStep(
        status=Status(entry.status),
        quantity=entry.quantity,
        price_vnd=entry.price_vnd,
        filled_quantity=entry.filled_quantity,
        fill_quantity=entry.fill_quantity or 0,
        fill_price_vnd=entry.fill_price_vnd or 0,
    )


def _differences(order: Order, rebuilt: Rebuilt) -> Iterator[str]:
    row: dict[str, object] = {
        "status": order.status,
        "quantity": order.quantity,
        "price_vnd": order.price_vnd or 0,
        "filled_quantity": order.filled_quantity,
        "filled_value_vnd": order.filled_value_vnd,
    }
    for name, held in row.items():
        told = getattr(rebuilt, name)
        if told != held:
            yield f"{name}: the row has {held}, the events make it {told}"


def _missing_fills(order: Order, rebuilt: Rebuilt) -> Iterator[str]:
    fills = Fill.objects.filter(order=order).values_list("quantity", "price_vnd")
    quantity, value = sum(one for one, _ in fills), sum(one * price for one, price in fills)
    if (quantity, value) != (rebuilt.filled_quantity, rebuilt.filled_value_vnd):
        yield f"fills: {quantity} for {value} VND are stored, {rebuilt.filled_quantity} are in the events"
