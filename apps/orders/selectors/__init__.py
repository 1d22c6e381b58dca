"""Reading orders. Times are market time unless their name says wall."""

from apps.orders.selectors.baskets import BasketView, basket
from apps.orders.selectors.blocks import BlockPart, BlockView, block, blocks
from apps.orders.selectors.conditional import ConditionalView, LegView, conditional_order, conditional_orders
from apps.orders.selectors.connections import broker_connection_status, foreign_orders, open_discrepancies
from apps.orders.selectors.evidence import Evidence, GateReport, Hop, RequestView, evidence
from apps.orders.selectors.orders import (
    OPEN_STATUSES,
    breach_from,
    fills,
    is_named,
    order,
    order_history,
    orders,
    orders_by_id,
    working_order_ids,
)
from apps.orders.selectors.outcomes import DifferenceView, OutcomeView, difference, differences, outcomes
from apps.orders.selectors.sliced import SlicedView, SliceView, sliced_order, sliced_orders
from apps.orders.selectors.strategy_days import strategy_books, strategy_days, strategy_exposures
from apps.orders.selectors.types import (
    BrokerConnectionStatus,
    DiscrepancyView,
    FillView,
    ForeignOrderView,
    HistoryEntry,
    OrderView,
    StrategyBook,
    StrategyDay,
    StrategyExposure,
)

__all__ = [
    "OPEN_STATUSES",
    "BasketView",
    "BlockPart",
    "BlockView",
    "BrokerConnectionStatus",
    "ConditionalView",
    "DifferenceView",
    "DiscrepancyView",
    "Evidence",
    "FillView",
    "ForeignOrderView",
    "GateReport",
    "HistoryEntry",
    "Hop",
    "LegView",
    "OrderView",
    "OutcomeView",
    "RequestView",
    "SliceView",
    "SlicedView",
    "StrategyBook",
    "StrategyDay",
    "StrategyExposure",
    "basket",
    "block",
    "blocks",
    "breach_from",
    "broker_connection_status",
    "conditional_order",
    "conditional_orders",
    "difference",
    "differences",
    "evidence",
    "fills",
    "foreign_orders",
    "is_named",
    "open_discrepancies",
    "order",
    "order_history",
    "orders",
    "orders_by_id",
    "outcomes",
    "sliced_order",
    "sliced_orders",
    "strategy_books",
    "strategy_days",
    "strategy_exposures",
    "working_order_ids",
]
