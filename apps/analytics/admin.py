"""Indicator values and patterns, to read: they are calculated, not edited."""

from django.contrib import admin

from apps.analytics.models import DetectedPattern, IndicatorSnapshot
from qts.web.read_only_admin import ReadOnlyAdmin


@admin.register(IndicatorSnapshot)
class IndicatorSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["starts_at", "symbol", "wal_position"]
    search_fields = ["symbol"]


@admin.register(DetectedPattern)
class DetectedPatternAdmin(ReadOnlyAdmin):
    list_display = ["confirmed_at", "symbol", "timeframe", "pattern", "direction", "strength_percent"]
    list_filter = ["timeframe", "pattern", "direction"]
    search_fields = ["symbol"]
