"""Orders, what has to be sent for them, their fills, and what the broker said that does not fit."""

from apps.orders.models.api_request import ApiRequest
from apps.orders.models.basket import Basket
from apps.orders.models.block import Block
from apps.orders.models.broker_side import Discrepancy, ForeignOrder
from apps.orders.models.conditional import ConditionalLeg, ConditionalOrder
from apps.orders.models.connection import GatewayState, StreamPosition
from apps.orders.models.intent import Intent, RequestCounter
from apps.orders.models.order import Fill, Order
from apps.orders.models.sliced import Slice, SlicedOrder

__all__ = [
    "ApiRequest",
    "Basket",
    "Block",
    "ConditionalLeg",
    "ConditionalOrder",
    "Discrepancy",
    "Fill",
    "ForeignOrder",
    "GatewayState",
    "Intent",
    "Order",
    "RequestCounter",
    "Slice",
    "SlicedOrder",
    "StreamPosition",
]
