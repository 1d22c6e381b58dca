"""The REST API of orders and fills."""

from apps.orders.apis.baskets import BasketApi, BasketPreviewApi, BasketsApi
from apps.orders.apis.blocks import BlockApi, BlockPreviewApi, BlocksApi
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
from apps.orders.apis.sliced import SlicedOrderApi, SlicedOrderCancelApi, SlicedOrdersApi

__all__ = [
    "BasketApi",
    "BasketPreviewApi",
    "BasketsApi",
    "BlockApi",
    "BlockPreviewApi",
    "BlocksApi",
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
    "SlicedOrderApi",
    "SlicedOrderCancelApi",
    "SlicedOrdersApi",
]
