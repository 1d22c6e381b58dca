"""The tables of market data; see the modules for the units of their columns."""

from apps.marketdata.models.records import (
    ArchivedDay,
    Bar1m,
    DailyBar,
    DailyPrice,
    DailyReference,
    DeadLetter,
    HistoryBackfill,
    IndexDay,
    IngestCheckpoint,
    MarketGap,
    MasterDataLoad,
    PriceRight,
    Security,
    Tick,
)
from apps.marketdata.models.reference import (
    ForeignLimit,
    IndexMember,
    MarketIndex,
    MasterDataChange,
    MasterDataPart,
    TradingRule,
)

__all__ = [
    "ArchivedDay",
    "Bar1m",
    "DailyBar",
    "DailyPrice",
    "DailyReference",
    "DeadLetter",
    "ForeignLimit",
    "HistoryBackfill",
    "IndexDay",
    "IndexMember",
    "IngestCheckpoint",
    "MarketGap",
    "MarketIndex",
    "MasterDataChange",
    "MasterDataLoad",
    "MasterDataPart",
    "PriceRight",
    "Security",
    "Tick",
    "TradingRule",
]
