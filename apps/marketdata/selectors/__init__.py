"""Reading market data. Everything here takes and gives plain values; see `types` for their units."""

from apps.marketdata.selectors.clock import board_day, day_bounds_ms, market_now, market_today, trading_calendar
from apps.marketdata.selectors.history import bars, daily_bars, dead_letter_count, gaps
from apps.marketdata.selectors.live import (
    live_indices,
    live_quotes,
    market_state,
    market_topics,
    marks_vnd,
    stream_status,
)
from apps.marketdata.selectors.reference import (
    instrument_kinds,
    is_master_data_of,
    references,
    securities,
    security,
)
from apps.marketdata.selectors.types import (
    Bar,
    DayBar,
    Gap,
    Level,
    LiveIndex,
    LiveQuote,
    MarketState,
    SecurityView,
    StreamState,
    StreamStatus,
)

__all__ = [
    "Bar",
    "DayBar",
    "Gap",
    "Level",
    "LiveIndex",
    "LiveQuote",
    "MarketState",
    "SecurityView",
    "StreamState",
    "StreamStatus",
    "bars",
    "board_day",
    "daily_bars",
    "day_bounds_ms",
    "dead_letter_count",
    "gaps",
    "instrument_kinds",
    "is_master_data_of",
    "live_indices",
    "live_quotes",
    "market_now",
    "market_state",
    "market_today",
    "market_topics",
    "marks_vnd",
    "references",
    "securities",
    "security",
    "stream_status",
    "trading_calendar",
]
