"""The life of an order: what is asked, the states it passes and what moves it from one to the next."""

from qts.domain.orders.broker_reports import BrokerReport, MatchReport, OrderReport, RefusalReport
from qts.domain.orders.broker_status import UnknownBrokerStatus, broker_trigger
from qts.domain.orders.life import (
    TERMINAL,
    TRANSITIONS,
    WORKING,
    OrderTrigger,
    Status,
    cancel_refused_trigger,
    fill_trigger,
    next_status,
)
from qts.domain.orders.request import OrderIntent, OrderRequest

__all__ = [
    "TERMINAL",
    "TRANSITIONS",
    "WORKING",
    "BrokerReport",
    "MatchReport",
    "OrderIntent",
    "OrderReport",
    "OrderRequest",
    "OrderTrigger",
    "RefusalReport",
    "Status",
    "UnknownBrokerStatus",
    "broker_trigger",
    "cancel_refused_trigger",
    "fill_trigger",
    "next_status",
]
