"""Reading blocks, what became of each part, and how far each account is from the block's average price."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.orders.models import Block, Order
from apps.orders.selectors.orders import order_view
from apps.orders.selectors.types import OrderView
from qts.domain.portfolio import fair_values_vnd
from qts.domain.values import OrderType, Side

SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class BlockPart:
    """One account's part. `order` is None while the block is being sent. `difference_vnd` is what the account paid, or
    got, above its share of all that was filled at the average price; over the block they add up to zero."""

    account_id: UUID
    quantity: int
    order: OrderView | None
    filled_quantity: int
    filled_value_vnd: int
    difference_vnd: int
    fee_vnd: int
    tax_vnd: int


@dataclass(frozen=True, slots=True)
class BlockView:
    id: UUID
    client_order_id: str
    status: str
    symbol: str
    side: Side
    order_type: OrderType
    price_vnd: int | None
    parts: tuple[BlockPart, ...]
    actor: str
    placed_at: datetime

    @property
    def quantity(self) -> int:
        return sum(part.quantity for part in self.parts)

    @property
    def filled_quantity(self) -> int:
        return sum(part.filled_quantity for part in self.parts)

    @property
    def filled_value_vnd(self) -> int:
        return sum(part.filled_value_vnd for part in self.parts)

    @property
    def average_vnd(self) -> int | None:
        """Whole VND, rounded to nearest, halves up; for display only."""
        filled = self.filled_quantity
        return (2 * self.filled_value_vnd + filled) // (2 * filled) if filled else None


def block(block_id: UUID) -> BlockView | None:
    row = Block.objects.filter(id=block_id).first()
    return _views([row])[0] if row else None


def blocks(account_ids: Collection[UUID], *, limit: int = SHOWN_MAX) -> list[BlockView]:
    """The newest first, of those whose every account is among these: an average tells of all of them."""
    mine = {str(account_id) for account_id in account_ids}
    rows = [row for row in Block.objects.all()[: 10 * limit] if all(one in mine for one, _quantity in row.rows)]
    return _views(rows[:limit])


def _views(rows: list[Block]) -> list[BlockView]:
    names = [f"block-{row.id}-{number + 1}" for row in rows for number in range(len(row.rows))]
    holders = {account_id for row in rows for account_id, _quantity in row.rows}
    placed = Order.objects.filter(account_id__in=holders, client_order_id__in=names)
    found = {order.client_order_id: order_view(order) for order in placed}
    costs = accounts.fees_of_orders(order.id for order in found.values())
    return [_view(row, found, costs) for row in rows]


def _view(row: Block, found: dict[str, OrderView], costs: dict[UUID, tuple[int, int]]) -> BlockView:
    orders = [found.get(f"block-{row.id}-{number + 1}") for number in range(len(row.rows))]
    filled = [(order.filled_quantity, order.filled_value_vnd) if order else (0, 0) for order in orders]
    fair = fair_values_vnd([quantity for quantity, _ in filled], [value for _, value in filled])
    parts = []
    for (account_id, quantity), order, (shares, value), fair_vnd in zip(row.rows, orders, filled, fair, strict=True):
        fee_vnd, tax_vnd = costs.get(order.id, (0, 0)) if order else (0, 0)
        parts.append(BlockPart(UUID(account_id), quantity, order, shares, value, value - fair_vnd, fee_vnd, tax_vnd))
    return BlockView(
        id=row.id,
        client_order_id=row.client_order_id,
        status=row.status,
        symbol=row.symbol,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        price_vnd=row.price_vnd,
        parts=tuple(parts),
        actor=f"{row.actor_kind}:{row.actor_id}",
        placed_at=row.placed_at,
    )
