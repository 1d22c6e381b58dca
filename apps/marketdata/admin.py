"""Market data as operators see it: to read, except for the days that differ from the public calendar."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from apps.marketdata.models import (
    Bar1m,
    DailyBar,
    DailyReference,
    DeadLetter,
    IngestCheckpoint,
    MarketGap,
    MarketHoliday,
    MasterDataLoad,
    Security,
)
from qts.web.read_only_admin import ReadOnlyAdmin


@admin.register(Security)
class SecurityAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "exchange", "kind", "name_vi", "lot_size", "is_active", "updated_at"]
    list_filter = ["exchange", "kind", "is_active"]
    search_fields = ["symbol", "name_vi", "name_en"]


@admin.register(DailyReference)
class DailyReferenceAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "symbol", "reference_vnd", "ceiling_vnd", "floor_vnd", "source"]
    list_filter = ["source"]
    search_fields = ["symbol"]
    date_hierarchy = "trading_day"


@admin.register(DailyBar)
class DailyBarAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "symbol", "open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume"]
    search_fields = ["symbol"]
    date_hierarchy = "trading_day"


@admin.register(Bar1m)
class Bar1mAdmin(ReadOnlyAdmin):
    list_display = ["starts_at", "symbol", "open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume", "trade_count"]
    search_fields = ["symbol"]


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "wal_position", "reason"]
    search_fields = ["reason", "wal_position"]


@admin.register(MarketGap)
class MarketGapAdmin(ReadOnlyAdmin):
    list_display = ["from_at", "to_at", "symbols", "reason"]


@admin.register(IngestCheckpoint)
class IngestCheckpointAdmin(ReadOnlyAdmin):
    list_display = ["name", "wal_position", "closed_until", "epoch", "updated_at"]


@admin.register(MasterDataLoad)
class MasterDataLoadAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "finished_at", "securities", "changed"]


@admin.register(MarketHoliday)
class MarketHolidayAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ["day", "is_trading_day", "reason"]
