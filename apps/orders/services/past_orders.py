"""What the officers' what-if is told about recorded orders: one statement for the rows, one for their number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.orders.models import Order
from apps.orders.selectors import OPEN_STATUSES, breach_from
from apps.risk.services import PastOrder, PastOrders
from qts.domain.orders import Status
from qts.domain.values import ActorKind, OrderType, Side

COLUMNS = (
    "id", "account_id", "account__number", "symbol", "exchange", "side", "order_type", "quantity", "price_vnd",
    "strategy_id", "actor_kind", "actor_id", "trading_day", "submitted_at", "updated_at", "status",
    "filled_quantity", "filled_value_vnd", "breaches",
)  # fmt: skip


def past_orders(*, since: datetime, account_id: UUID | None, at_most: int) -> PastOrders:
    """The reader that risk is given; see `apps.risk.services.past_orders`."""
    rows = Order.objects.filter(Q(submitted_at__gte=since) | Q(status__in=OPEN_STATUSES))
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    newest = list(rows.order_by("-submitted_at", "-recorded_at").values(*COLUMNS)[:at_most])
    left_out = rows.count() - len(newest) if len(newest) == at_most else 0
    return PastOrders(tuple(_past_order(row) for row in reversed(newest)), left_out)


def _past_order(row: Mapping[str, Any]) -> PastOrder:
    return PastOrder(
        id=row["id"],
        account_id=row["account_id"],
        account_number=row["account__number"],
        symbol=row["symbol"],
        exchange=row["exchange"],
        side=Side(row["side"]),
        order_type=OrderType(row["order_type"]),
        quantity=row["quantity"],
        price_vnd=row["price_vnd"],
        strategy_id=row["strategy_id"],
        user_id=row["actor_id"] if row["actor_kind"] == ActorKind.USER else "",
        trading_day=row["trading_day"],
        submitted_at=row["submitted_at"],
        ended_at=None if row["status"] in OPEN_STATUSES else row["updated_at"],
        is_denied=row["status"] == Status.DENIED,
        filled_quantity=row["filled_quantity"],
        filled_value_vnd=row["filled_value_vnd"],
        breaches=tuple(breach_from(stored) for stored in row["breaches"]),
    )
