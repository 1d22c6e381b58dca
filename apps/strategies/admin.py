"""Strategies and decisions, to look at; starting and stopping is done in the portal, where it is recorded."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.strategies.models import Decision, Strategy


class _ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Strategy)
class StrategyAdmin(_ReadOnlyAdmin):
    list_display = ["name", "class_key", "status", "status_changed_by", "status_changed_at"]
    list_filter = ["status"]


@admin.register(Decision)
class DecisionAdmin(_ReadOnlyAdmin):
    list_display = ["decided_at", "strategy", "symbol", "side", "quantity", "signal", "outcome", "outcome_reason"]
    list_filter = ["outcome", "strategy"]
    search_fields = ["symbol"]
    list_select_related = ["strategy"]
