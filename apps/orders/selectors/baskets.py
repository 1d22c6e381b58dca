"""Reading baskets and what became of their rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.orders.models import Basket, Order
from apps.orders.selectors.orders import orders_by_id
from apps.orders.selectors.types import OrderView


@dataclass(frozen=True, slots=True)
class BasketView:
    """`orders` in the order of the table; fewer than `row_count` while it is being sent."""

    id: UUID
    account_id: UUID
    client_order_id: str
    status: str
    row_count: int
    orders: tuple[OrderView, ...]
    actor: str
    placed_at: datetime


def basket(basket_id: UUID) -> BasketView | None:
    row = Basket.objects.filter(id=basket_id).first()
    if row is None:
        return None
    names = {f"basket-{row.id}-{number}": number for number in range(1, len(row.rows) + 1)}
    found = Order.objects.filter(account_id=row.account_id, client_order_id__in=names).values_list("id", flat=True)
    orders = sorted(orders_by_id(list(found)), key=lambda order: names[order.client_order_id])
    return BasketView(
        id=row.id,
        account_id=row.account_id,
        client_order_id=row.client_order_id,
        status=row.status,
        row_count=len(row.rows),
        orders=tuple(orders),
        actor=f"{row.actor_kind}:{row.actor_id}",
        placed_at=row.placed_at,
    )
