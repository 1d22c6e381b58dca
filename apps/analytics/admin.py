"""Indicator values, to read: they are calculated, not edited."""

from django.contrib import admin

from apps.analytics.models import IndicatorSnapshot
from qts.web.read_only_admin import ReadOnlyAdmin


@admin.register(IndicatorSnapshot)
class IndicatorSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["starts_at", "symbol", "wal_position"]
    search_fields = ["symbol"]
