"""The REST API of orders and fills."""

from apps.orders.apis.orders import FillsApi, OrderApi, OrderCancelApi, OrderCheckApi, OrdersApi

__all__ = ["FillsApi", "OrderApi", "OrderCancelApi", "OrderCheckApi", "OrdersApi"]
