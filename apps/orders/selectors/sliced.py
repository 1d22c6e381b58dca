"""Reading orders that go out in parts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.orders.models import Intent, Slice, SlicedOrder
from apps.orders.selectors.orders import breach_from
from qts.domain.errors import Breach
from qts.domain.orders import Status
from qts.domain.orders.slicing import Child, SlicedStatus, SliceKind
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class SliceView:
    number: int
    order_id: UUID
    status: Status
    quantity: int
    filled_quantity: int
    price_vnd: int | None


@dataclass(frozen=True, slots=True)
class SlicedView:
    """`waits_for` says why nothing goes out now."""

    id: UUID
    account_id: UUID
    client_order_id: str
    kind: SliceKind
    symbol: str
    side: Side
    quantity: int
    price_vnd: int | None
    show_quantity: int | None
    slices: int | None
    minutes: int | None
    status: SlicedStatus
    reason: str
    breaches: tuple[Breach, ...]
    waits_for: str
    parts: tuple[SliceView, ...]
    actor: str
    placed_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status is SlicedStatus.ACTIVE

    @property
    def filled_quantity(self) -> int:
        return sum(part.filled_quantity for part in self.parts)

    @property
    def remaining_quantity(self) -> int:
        return self.quantity - self.filled_quantity

    @property
    def filled_percent(self) -> int:
        return 100 * self.filled_quantity // self.quantity


def sliced_orders(
    account_ids: Iterable[UUID], *, active_only: bool = False, symbol: str = "", limit: int = 200
) -> list[SlicedView]:
    """The newest first; two queries."""
    rows = SlicedOrder.objects.filter(account_id__in=list(account_ids))
    if active_only:
        rows = rows.filter(status=SlicedStatus.ACTIVE)
    if symbol:
        rows = rows.filter(symbol=symbol)
    return _views(list(rows.order_by("-recorded_at", "-id")[:limit]))


def sliced_order(sliced_id: UUID) -> SlicedView | None:
    found = _views(list(SlicedOrder.objects.filter(id=sliced_id)))
    return found[0] if found else None


def children_of(sliced_id: UUID) -> tuple[Child, ...]:
    """The slices as the plan needs them. A cancel that somebody asked for has an intent, or kept the order from being
    sent at all; what the exchange cancels by itself has neither."""
    taken_back = set(
        Intent.objects.filter(order__slice__parent_id=sliced_id)
        .filter(kind=Intent.Kind.CANCEL)
        .values_list("order_id", flat=True)
    ) | set(
        Intent.objects.filter(order__slice__parent_id=sliced_id, state=Intent.State.WITHDRAWN).values_list(
            "order_id", flat=True
        )
    )
    rows = Slice.objects.filter(parent_id=sliced_id).select_related("order").order_by("number")
    return tuple(
        Child(Status(row.order.status), row.order.quantity, row.order.filled_quantity, row.order_id in taken_back)
        for row in rows
    )


def _views(rows: Collection[SlicedOrder]) -> list[SlicedView]:
    parts: dict[UUID, list[SliceView]] = {row.id: [] for row in rows}
    for part in Slice.objects.select_related("order").filter(parent_id__in=parts).order_by("parent_id", "number"):
        order = part.order
        parts[part.parent_id].append(
            SliceView(
                part.number, order.id, Status(order.status), order.quantity, order.filled_quantity, order.price_vnd
            )
        )
    return [_view(row, parts[row.id]) for row in rows]


def _view(row: SlicedOrder, parts: list[SliceView]) -> SlicedView:
    return SlicedView(
        id=row.id,
        account_id=row.account_id,
        client_order_id=row.client_order_id,
        kind=SliceKind(row.kind),
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        price_vnd=row.price_vnd,
        show_quantity=row.show_quantity,
        slices=row.slices,
        minutes=row.minutes,
        status=SlicedStatus(row.status),
        reason=row.reason,
        breaches=tuple(breach_from(stored) for stored in row.breaches),
        waits_for=row.waits_for,
        parts=tuple(parts),
        actor=f"{row.actor_kind}:{row.actor_id}",
        placed_at=row.placed_at,
        updated_at=row.updated_at,
    )
