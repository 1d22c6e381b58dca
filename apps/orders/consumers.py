"""/ws/orders: the orders of the accounts that a user may see."""

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

    async def snapshot(self) -> dict[str, Any]:
        self._changed: set[UUID] = set()
        self._account_ids = await sync_to_async(self.visible_accounts)()
        return await sync_to_async(self._newest)()

    def on_event(self, event: Event) -> None:
        if not isinstance(event, OrderEvent) or not event.order_id:
            return  # a refusal without an order changes no list
        if event.account_id in {str(account_id) for account_id in getattr(self, "_account_ids", ())}:
            self._changed.add(UUID(event.order_id))

    async def take(self) -> dict[str, Any] | None:
        changed, self._changed = self._changed, set()
        return await sync_to_async(self._these)(changed) if changed else None

    def _newest(self) -> dict[str, Any]:
        return {"orders": OrderOut(selectors.orders(self._account_ids, limit=SNAPSHOT_MAX), many=True).data}

    def _these(self, order_ids: set[UUID]) -> dict[str, Any]:
        return {"orders": OrderOut(selectors.orders_by_id(order_ids), many=True).data}


class OrdersConsumer(LiveConsumer):
    channels: ClassVar = {"orders": OrdersChannel}
