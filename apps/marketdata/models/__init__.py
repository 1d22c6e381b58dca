"""The tables of market data; see the modules for the units of their columns."""

from apps.marketdata.models.ingestion import ArchivedDay, DeadLetter, HistoryBackfill, IngestCheckpoint, MarketGap
from apps.marketdata.models.records import (
    Bar1m,
    DailyBar,
    DailyPrice,
    DailyReference,
    IndexDay,
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
