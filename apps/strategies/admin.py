"""Strategies and decisions, to look at; starting and stopping is done in the portal, where it is recorded."""

from django.contrib import admin

from apps.strategies.models import BacktestRun, Decision, Strategy
from qts.web.read_only_admin import ReadOnlyAdmin


@admin.register(Strategy)
class StrategyAdmin(ReadOnlyAdmin):
    portal_page = "portal:strategy"
    list_display = ["name", "class_key", "status", "status_changed_by", "status_changed_at"]
    list_filter = ["status"]


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["decided_at", "strategy", "symbol", "side", "quantity", "signal", "outcome", "outcome_reason"]
    list_filter = ["outcome", "strategy"]
    search_fields = ["symbol"]
    list_select_related = ["strategy"]


@admin.register(BacktestRun)
class BacktestRunAdmin(ReadOnlyAdmin):
    portal_page = "portal:backtest"
    list_display = ["queued_at", "name", "kind", "status", "created_by", "started_at", "finished_at", "attempt"]
    list_filter = ["status", "kind"]
    search_fields = ["name"]
