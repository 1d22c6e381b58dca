"""Accounts and memberships are edited here; the books are only looked at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from apps.accounts.forms import DatedForm, SettlementPriceForm
from apps.accounts.models import (
    AccountMembership,
    BrokerageAccount,
    CashEvent,
    CashRequest,
    CorporateAction,
    FutureSettlement,
    LedgerCheck,
    LedgerEntry,
    LoanRatio,
    MarginTerms,
    Portfolio,
    Position,
    Reconciliation,
    TradeBooking,
)
from apps.accounts.services import open_account, record_settlement_price
from apps.marketdata.selectors import market_now, market_today
from apps.sso.selectors import actor_of
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

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        """Books of one kind do not become those of another."""
        return ["kind"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class DatedAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that hold from a day on. What has begun is what interest and loans were worked out with: it is followed by
    another row and never changed."""

    date_hierarchy = "valid_from"
    list_select_related = ["account"]
    list_filter = ["account"]
    search_fields = ["account__number__exact", "account__name"]
    autocomplete_fields = ["account"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        return {"valid_from": market_today().isoformat(), **super().get_changeform_initial_data(request)}

    def get_form(self, request: HttpRequest, obj: object = None, change: bool = False, **more: Any) -> Any:
        return super().get_form(request, obj, change, form=DatedForm, **more)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _has_begun(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _has_begun(obj)


def _has_begun(row: Any) -> bool:
    return row is not None and row.valid_from < market_today()


@admin.register(MarginTerms)
class MarginTermsAdmin(DatedAdmin):
    list_display = [
        "account", "valid_from", "credit_limit_vnd", "interest_bps_a_year", "call_percent", "forced_sale_percent",
    ]  # fmt: skip


@admin.register(LoanRatio)
class LoanRatioAdmin(DatedAdmin):
    list_display = ["symbol", "account", "valid_from", "loan_percent"]
    search_fields = ["symbol__exact", "account__number__exact"]


@admin.register(FutureSettlement)
class FutureSettlementAdmin(ReadOnlyAdmin):
    """A price is entered once, and every account is marked at it. Another one than that which is kept is refused."""

    form = SettlementPriceForm
    list_display = ["trading_day", "symbol", "price_vnd", "source", "entered_by", "entered_at"]
    search_fields = ["symbol__exact", "source"]
    date_hierarchy = "trading_day"

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.has_perm("accounts.add_futuresettlement"))

    def save_model(self, request: HttpRequest, obj: FutureSettlement, form: object, change: bool) -> None:
        record_settlement_price(
            obj.symbol,
            obj.trading_day,
            obj.price_vnd,
            source=obj.source,
            actor=actor_of(request.user),
            now=market_now(),
        )
        obj.pk = FutureSettlement.objects.get(symbol=obj.symbol, trading_day=obj.trading_day).pk


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
