"""Indicator values, to read: they are calculated, not edited."""

from django.contrib import admin

from apps.analytics.models import IndicatorSnapshot
from apps.eventlog.admin import ReadOnlyAdmin


@admin.register(IndicatorSnapshot)
class IndicatorSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["starts_at", "symbol", "wal_position"]
    search_fields = ["symbol"]
