"""The life of an order: what is asked, the states it passes and what moves it from one to the next."""

from qts.domain.orders.amending import Terms, amend_refusal
from qts.domain.orders.broker_status import UnknownBrokerStatus, broker_trigger
from qts.domain.orders.life import (
    TERMINAL,
    TRANSITIONS,
    WORKING,
    OrderTrigger,
    Status,
    amend_over_trigger,
    cancel_refused_trigger,
    fill_trigger,
    next_status,
)
from qts.domain.orders.request import OrderIntent, OrderRequest

__all__ = [
    "TERMINAL",
    "TRANSITIONS",
    "WORKING",
    "OrderIntent",
    "OrderRequest",
    "OrderTrigger",
    "Status",
    "Terms",
    "UnknownBrokerStatus",
    "amend_over_trigger",
    "amend_refusal",
    "broker_trigger",
    "cancel_refused_trigger",
    "fill_trigger",
    "next_status",
]
