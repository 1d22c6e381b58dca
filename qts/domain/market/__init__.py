"""The exchanges' rules as pure functions of integers and local time. Standard library only, no clock, no I/O."""

from qts.domain.market.bands import Band, price_band, warrant_band
from qts.domain.market.bars import MINUTE_MS, BarBuilder
from qts.domain.market.calendar import TradingCalendar
from qts.domain.market.clock import AffineSchedule, Schedule, WallSchedule, parse_clock
from qts.domain.market.instruments import FUTURE_MULTIPLIER_VND, Instrument
from qts.domain.market.quantities import is_odd_lot, max_order_quantity, quantity_refusal, round_lot
from qts.domain.market.sessions import (
    VIETNAM,
    SessionSpan,
    admits,
    may_cancel,
    session_at,
    session_bounds,
    session_schedule,
    to_vietnam,
)
from qts.domain.market.settlement import SELLABLE_FROM, sellable_at, settlement_day
from qts.domain.market.ticks import (
    FUTURE_TICK_VND,
    is_on_tick,
    next_price_down,
    next_price_up,
    round_down_to_tick,
    tick_size_vnd,
)

__all__ = [
    "FUTURE_MULTIPLIER_VND",
    "FUTURE_TICK_VND",
    "MINUTE_MS",
    "SELLABLE_FROM",
    "VIETNAM",
    "AffineSchedule",
    "Band",
    "BarBuilder",
    "Instrument",
    "Schedule",
    "SessionSpan",
    "TradingCalendar",
    "WallSchedule",
    "admits",
    "is_odd_lot",
    "is_on_tick",
    "max_order_quantity",
    "may_cancel",
    "next_price_down",
    "next_price_up",
    "parse_clock",
    "price_band",
    "quantity_refusal",
    "round_down_to_tick",
    "round_lot",
    "sellable_at",
    "session_at",
    "session_bounds",
    "session_schedule",
    "settlement_day",
    "tick_size_vnd",
    "to_vietnam",
    "warrant_band",
]
