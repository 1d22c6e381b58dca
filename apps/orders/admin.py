"""Orders are looked at here, never edited: every change goes through the services."""

from django.contrib import admin
from unfold.admin import TabularInline

from apps.orders.models import (
    Basket,
    Block,
    ConditionalLeg,
    ConditionalOrder,
    Discrepancy,
    Fill,
    ForeignOrder,
    GatewayState,
    Intent,
    Order,
    Slice,
    SlicedOrder,
    StreamPosition,
)
from qts.web.read_only_admin import ReadOnly, ReadOnlyAdmin


class IntentInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Intent
    extra = 0
    fields = ("kind", "state", "request_id", "attempts", "claimed_at", "answered_at", "answer")


class FillInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Fill
    extra = 0
    fields = ("trading_day", "notify_id", "quantity", "price_vnd", "matched_at")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    portal_page = "portal:order"
    list_display = (
        "submitted_at", "account", "side", "symbol", "order_type", "quantity", "price_vnd", "filled_quantity", "status",
        "reason",
    )  # fmt: skip
    list_filter = ("status", "side", "order_type", "trading_day", "account")
    list_select_related = ("account",)
    search_fields = ("symbol", "client_order_id", "broker_order_id", "request_id")
    inlines = (IntentInline, FillInline)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = ("matched_at", "order", "quantity", "price_vnd", "trading_day", "notify_id")
    list_select_related = ("order",)
    list_filter = ("trading_day",)


@admin.register(GatewayState)
class GatewayStateAdmin(ReadOnlyAdmin):
    list_display = ("connection_id", "epoch", "circuit", "trouble", "seen_at", "last_sent_at")


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    list_display = ("connection_id", "state", "trading_day", "last_notify_id", "seen_at", "reconciled_at", "trouble")


@admin.register(ForeignOrder)
class ForeignOrderAdmin(ReadOnlyAdmin):
    list_display = (
        "first_seen_at", "account_number", "side", "symbol", "quantity", "filled_quantity", "price_vnd",
        "broker_status",
    )  # fmt: skip
    list_filter = ("trading_day", "account_number")


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    list_display = ("noticed_at", "kind", "subject", "detail", "resolved_at")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter))


class LegInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = ConditionalLeg
    extra = 0
    fields = (
        "number",
        "role",
        "state",
        "side",
        "quantity",
        "direction",
        "level_vnd",
        "limit_vnd",
        "waits_for",
        "order",
    )


@admin.register(ConditionalOrder)
class ConditionalOrderAdmin(ReadOnlyAdmin):
    list_display = ("placed_at", "account", "kind", "side", "symbol", "quantity", "valid_until", "status", "reason")
    list_filter = ("status", "kind", "account")
    list_select_related = ("account",)
    search_fields = ("symbol", "client_order_id")
    inlines = (LegInline,)


class SliceInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Slice
    extra = 0
    fields = ("number", "order")


@admin.register(SlicedOrder)
class SlicedOrderAdmin(ReadOnlyAdmin):
    list_display = ("placed_at", "account", "kind", "side", "symbol", "quantity", "price_vnd", "status", "reason")
    list_filter = ("status", "kind", "account")
    list_select_related = ("account",)
    search_fields = ("symbol", "client_order_id")
    inlines = (SliceInline,)


@admin.register(Block)
class BlockAdmin(ReadOnlyAdmin):
    list_display = ["placed_at", "side", "symbol", "price_vnd", "status", "actor_kind", "actor_id"]
    list_filter = ["status", "side"]
    search_fields = ["symbol__exact"]


@admin.register(Basket)
class BasketAdmin(ReadOnlyAdmin):
    list_display = ("placed_at", "account", "status", "client_order_id")
    list_filter = ("status", "account")
    list_select_related = ("account",)
