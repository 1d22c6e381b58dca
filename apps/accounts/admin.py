"""Accounts and memberships are edited here; the books are only looked at."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from apps.accounts.models import (
    AccountMembership,
    BrokerageAccount,
    CashEvent,
    CashRequest,
    CorporateAction,
    LedgerCheck,
    LedgerEntry,
    Portfolio,
    Position,
    Reconciliation,
    TradeBooking,
)
from apps.accounts.services import open_account
from qts.web.read_only_admin import ReadOnlyAdmin


class MembershipInline(TabularInline):  # type: ignore[misc]
    model = AccountMembership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(BrokerageAccount)
class BrokerageAccountAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["number", "name", "owner", "connection_id", "is_active"]
    search_fields = ["number", "name"]
    inlines = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: BrokerageAccount, form: object, change: bool) -> None:
        """A new account gets its books with it."""
        super().save_model(request, obj, form, change)
        open_account(number=obj.number, name=obj.name, connection_id=obj.connection_id)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    list_display = ["account", "symbol", "quantity", "cost_total_vnd", "realised_pnl_vnd"]
    list_filter = ["account"]
    list_select_related = ["account"]
    search_fields = ["symbol__exact"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "account", "trading_day", "kind", "ledger", "symbol", "quantity", "amount_vnd", "reference"]
    list_filter = ["account", "kind", "ledger", "trading_day"]
    list_select_related = ["account"]
    search_fields = ["reference__exact", "posting_id__exact"]


@admin.register(TradeBooking)
class TradeBookingAdmin(ReadOnlyAdmin):
    list_display = [
        "booked_at", "account", "side", "symbol", "quantity", "price_vnd", "fee_vnd", "tax_vnd", "realised_pnl_vnd",
    ]  # fmt: skip
    list_filter = ["account", "side", "trading_day"]
    list_select_related = ["account"]
    search_fields = ["fill_id__exact", "order_id__exact"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ["id", "account", "compared_at", "differences"]
    list_filter = ["account"]
    list_select_related = ["account"]


@admin.register(Portfolio)
class PortfolioAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "owner"]
    list_select_related = ["owner"]
    autocomplete_fields = ["owner"]
    filter_horizontal = ["accounts"]


@admin.register(CashEvent)
class CashEventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "account", "kind", "amount_vnd", "reference", "entered_by"]
    list_filter = ["account", "kind"]
    list_select_related = ["account"]


@admin.register(CashRequest)
class CashRequestAdmin(ReadOnlyAdmin):
    list_display = ["proposed_at", "account", "kind", "amount_vnd", "reference", "status", "proposed_by", "decided_by"]
    list_filter = ["status", "account"]
    list_select_related = ["account"]


@admin.register(CorporateAction)
class CorporateActionAdmin(ReadOnlyAdmin):
    list_display = ["ex_date", "symbol", "kind", "status", "pays_on", "proposed_by", "decided_by"]
    list_filter = ["status", "kind"]
    search_fields = ["symbol__exact"]


@admin.register(LedgerCheck)
class LedgerCheckAdmin(ReadOnlyAdmin):
    list_display = ["id", "account", "checked_at", "entry_count", "differences"]
    list_filter = ["account"]
    list_select_related = ["account"]
