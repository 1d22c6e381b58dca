"""The REST API of orders and fills."""

from apps.orders.apis.conditional import ConditionalApi, ConditionalCancelApi, ConditionalsApi
from apps.orders.apis.orders import FillsApi, OrderApi, OrderCancelApi, OrderCheckApi, OrdersApi

__all__ = [
    "ConditionalApi",
    "ConditionalCancelApi",
    "ConditionalsApi",
    "FillsApi",
    "OrderApi",
    "OrderCancelApi",
    "OrderCheckApi",
    "OrdersApi",
]
