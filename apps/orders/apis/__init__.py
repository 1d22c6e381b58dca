"""The REST API of orders and fills."""

from apps.orders.apis.conditional import ConditionalApi, ConditionalCancelApi, ConditionalsApi
from apps.orders.apis.orders import (
    FillsApi,
    OrderAmendApi,
    OrderApi,
    OrderCancelApi,
    OrderCheckApi,
    OrderReplaceApi,
    OrdersApi,
    OrdersCancelApi,
)

__all__ = [
    "ConditionalApi",
    "ConditionalCancelApi",
    "ConditionalsApi",
    "FillsApi",
    "OrderAmendApi",
    "OrderApi",
    "OrderCancelApi",
    "OrderCheckApi",
    "OrderReplaceApi",
    "OrdersApi",
    "OrdersCancelApi",
]
