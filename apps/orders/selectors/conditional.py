"""Reading what QTS keeps until its condition is met."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from apps.orders.models import ConditionalLeg, ConditionalOrder
from apps.orders.selectors.orders import breach_from
from qts.domain.errors import Breach
from qts.domain.orders import Status
from qts.domain.orders.conditional import LIVE_LEGS, ConditionalKind, ConditionalStatus, LegRole, LegState
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class LegView:
    """`limit_vnd` None: at the market. `waits_for` says why a leg whose price was met has no order yet."""

    id: UUID
    role: LegRole
    state: LegState
    side: Side
    quantity: int
    limit_vnd: int | None
    direction: str
    level_vnd: int
    trail_vnd: int
    step_vnd: int
    waits_for: str
    order_id: UUID | None
    order_status: Status | None
    filled_quantity: int

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_LEGS


@dataclass(frozen=True, slots=True)
class ConditionalView:
    id: UUID
    account_id: UUID
    client_order_id: str
    kind: ConditionalKind
    symbol: str
    side: Side
    quantity: int
    valid_until: date
    status: ConditionalStatus
    reason: str
    breaches: tuple[Breach, ...]
    entry_order_id: UUID | None
    entry_status: Status | None
    entry_filled_quantity: int
    entry_price_vnd: int | None
    legs: tuple[LegView, ...]
    actor: str
    placed_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status is ConditionalStatus.ACTIVE


def conditional_orders(
    account_ids: Iterable[UUID], *, active_only: bool = False, symbol: str = "", limit: int = 200
) -> list[ConditionalView]:
    """The newest first; two queries."""
    rows = ConditionalOrder.objects.filter(account_id__in=list(account_ids))
    if active_only:
        rows = rows.filter(status=ConditionalStatus.ACTIVE)
    if symbol:
        rows = rows.filter(symbol=symbol)
    return _views(list(rows.select_related("entry").order_by("-recorded_at", "-id")[:limit]))


def conditional_order(conditional_id: UUID) -> ConditionalView | None:
    found = _views(list(ConditionalOrder.objects.select_related("entry").filter(id=conditional_id)))
    return found[0] if found else None


def _views(rows: Collection[ConditionalOrder]) -> list[ConditionalView]:
    legs: dict[UUID, list[LegView]] = {row.id: [] for row in rows}
    found = ConditionalLeg.objects.select_related("order").filter(conditional_id__in=legs)
    for leg in found.order_by("conditional_id", "number"):
        legs[leg.conditional_id].append(_leg(leg))
    return [_view(row, legs[row.id]) for row in rows]


def _leg(row: ConditionalLeg) -> LegView:
    return LegView(
        id=row.id,
        role=LegRole(row.role),
        state=LegState(row.state),
        side=Side(row.side),
        quantity=row.quantity,
        limit_vnd=row.limit_vnd,
        direction=row.direction,
        level_vnd=row.level_vnd,
        trail_vnd=row.trail_vnd,
        step_vnd=row.step_vnd,
        waits_for=row.waits_for,
        order_id=row.order_id,
        order_status=Status(row.order.status) if row.order else None,
        filled_quantity=row.order.filled_quantity if row.order else 0,
    )


def _view(row: ConditionalOrder, legs: list[LegView]) -> ConditionalView:
    entry = row.entry
    return ConditionalView(
        id=row.id,
        account_id=row.account_id,
        client_order_id=row.client_order_id,
        kind=ConditionalKind(row.kind),
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        valid_until=row.valid_until,
        status=ConditionalStatus(row.status),
        reason=row.reason,
        breaches=tuple(breach_from(stored) for stored in row.breaches),
        entry_order_id=row.entry_id,
        entry_status=Status(entry.status) if entry else None,
        entry_filled_quantity=entry.filled_quantity if entry else 0,
        entry_price_vnd=entry.price_vnd if entry else None,
        legs=tuple(legs),
        actor=f"{row.actor_kind}:{row.actor_id}",
        placed_at=row.placed_at,
        updated_at=row.updated_at,
    )
