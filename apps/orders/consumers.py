"""/ws/orders: the orders of the accounts that a user may see."""

from collections.abc import Hashable
from typing import Any, ClassVar
from uuid import UUID

from asgiref.sync import sync_to_async

from apps.accounts.consumers import AccountsChannel
from apps.orders import selectors
from apps.orders.serializers import OrderOut
from qts.domain.events import (
    Event,
    OrderAccepted,
    OrderAmended,
    OrderAmendRequested,
    OrderCancelled,
    OrderCancelRequested,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderSubmitted,
    OrderUnknown,
)
from qts.web.beats import Beat
from qts.web.consumers import LiveConsumer, topics_of

SNAPSHOT_MAX = 200


class OrdersChannel(AccountsChannel):
    """{orders: [...]}: the newest orders first, then each order again that changed."""

    topics: ClassVar = topics_of(
        [
            OrderSubmitted,
            OrderDenied,
            OrderSent,
            OrderAccepted,
            OrderFilled,
            OrderCancelRequested,
            OrderCancelled,
            OrderAmendRequested,
            OrderAmended,
            OrderRejected,
            OrderUnknown,
        ]
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._changed: set[UUID] = set()

    async def snapshot(self) -> dict[str, Any]:
        return await sync_to_async(self._newest)()

    def on_event(self, event: Event) -> None:
        if isinstance(event, OrderEvent) and event.order_id and self.is_mine(event):
            self._changed.add(UUID(event.order_id))  # a refusal without an order changes no list

    def news(self, beat: Beat) -> Hashable | None:
        changed, self._changed = frozenset(self._changed), set()
        return changed or None

    async def read(self, news: frozenset[UUID]) -> dict[str, Any]:
        return await sync_to_async(self._these)(news)

    def _newest(self) -> dict[str, Any]:
        return {"orders": OrderOut(selectors.orders(list(self.account_ids), limit=SNAPSHOT_MAX), many=True).data}

    def _these(self, order_ids: frozenset[UUID]) -> dict[str, Any]:
        return {"orders": OrderOut(selectors.orders_by_id(order_ids), many=True).data}


class OrdersConsumer(LiveConsumer):
    channels: ClassVar = {"orders": OrdersChannel}
