"""Market data as operators see it: to read. What people decide is proposed in the portal."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.marketdata.models import (
    ArchivedDay,
    Bar1m,
    DailyBar,
    DailyPrice,
    DailyReference,
    DeadLetter,
    ForeignLimit,
    HistoryBackfill,
    IndexDay,
    IndexMember,
    IngestCheckpoint,
    MarketGap,
    MarketIndex,
    MasterDataChange,
    MasterDataLoad,
    MasterDataPart,
    PriceRight,
    Security,
    TradingRule,
)
from apps.marketdata.services.dead_letters import replay_dead_letters
from qts.domain.errors import TransientError
from qts.web.read_only_admin import ReadOnlyAdmin
from qts.web.words import LETTER_OUTCOMES, word


@admin.register(Security)
class SecurityAdmin(ReadOnlyAdmin):
    portal_page = "portal:symbol"
    list_display = ["symbol", "exchange", "kind", "name_vi", "lot_size", "is_active", "told_on", "updated_at"]
    list_filter = ["exchange", "kind", "is_active"]
    search_fields = ["symbol", "name_vi", "name_en"]


@admin.register(MasterDataChange)
class MasterDataChangeAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "subject", "field", "before", "after", "changed_by", "recorded_at"]
    list_filter = ["field"]
    search_fields = ["subject"]
    date_hierarchy = "trading_day"


@admin.register(MarketIndex)
class MarketIndexAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "exchange", "is_active", "updated_at"]
    list_filter = ["exchange", "is_active"]


@admin.register(IndexMember)
class IndexMemberAdmin(ReadOnlyAdmin):
    list_display = ["index", "symbol"]
    list_filter = ["index"]
    search_fields = ["symbol"]


@admin.register(TradingRule)
class TradingRuleAdmin(ReadOnlyAdmin):
    """The record of what two people agreed on; rows are proposed in the portal, where their effect is shown."""

    list_display = ["subject", "exchange", "kind", "effective_from", "value", "source", "proposed_by", "approved_by"]
    list_display += ["recorded_at"]
    list_filter = ["subject", "exchange"]
    date_hierarchy = "effective_from"


@admin.register(ForeignLimit)
class ForeignLimitAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "effective_from", "limit_quantity", "source", "recorded_at"]
    search_fields = ["symbol"]
    date_hierarchy = "effective_from"


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


@admin.register(IndexDay)
class IndexDayAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "index_code", "close_centipoints", "match_quantity", "match_value_vnd"]
    list_filter = ["index_code"]
    date_hierarchy = "trading_day"


@admin.register(DailyPrice)
class DailyPriceAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "symbol", "reference_vnd", "close_vnd", "adjusted_close_vnd", "deal_quantity"]
    search_fields = ["symbol"]
    date_hierarchy = "trading_day"


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "wal_position", "reason", "outcome", "replayed_at", "replay_count"]
    list_filter = ["outcome"]
    search_fields = ["reason", "wal_position"]
    exclude = ["raw_bytes"]
    actions = ["read_again"]

    def has_read_again_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("marketdata.change_deadletter"))

    @admin.action(description=_("Read the chosen messages again"), permissions=["read_again"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        try:
            outcomes = replay_dead_letters(queryset.values_list("pk", flat=True), now=timezone.now())
        except TransientError as error:
            self.message_user(request, _("Nothing was read again: %s") % error, messages.ERROR)
            return
        for outcome, count in outcomes.items():
            self.message_user(request, f"{word(LETTER_OUTCOMES, outcome)}: {count}")


@admin.register(MarketGap)
class MarketGapAdmin(ReadOnlyAdmin):
    list_display = ["from_at", "to_at", "symbols", "cause", "reason", "marked_at", "fill", "missing_quantity"]
    list_filter = ["cause", "fill"]


@admin.register(IngestCheckpoint)
class IngestCheckpointAdmin(ReadOnlyAdmin):
    list_display = ["name", "wal_position", "closed_until", "epoch", "updated_at"]


@admin.register(MasterDataLoad)
class MasterDataLoadAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "finished_at", "securities", "changed"]


@admin.register(MasterDataPart)
class MasterDataPartAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "kind", "subject", "found", "refusal", "answered_at"]
    list_filter = ["kind"]
    search_fields = ["subject"]
    date_hierarchy = "trading_day"


@admin.register(PriceRight)
class PriceRightAdmin(ReadOnlyAdmin):
    """What two people confirmed on the page of corporate actions."""

    list_display = ["ex_date", "symbol", "kind", "cash_per_share_vnd", "new_shares", "old_shares"]
    list_display += ["subscription_price_vnd"]
    list_filter = ["kind"]
    search_fields = ["symbol"]
    date_hierarchy = "ex_date"


@admin.register(HistoryBackfill)
class HistoryBackfillAdmin(ReadOnlyAdmin):
    list_display = ["kind", "symbol", "done_from", "done_until", "bar_count", "refusal", "asked_at"]
    list_filter = ["kind"]
    search_fields = ["symbol"]


@admin.register(ArchivedDay)
class ArchivedDayAdmin(ReadOnlyAdmin):
    list_display = ["trading_day", "kind", "row_count", "size_bytes", "archived_at", "dropped_at"]
    list_filter = ["kind"]
    date_hierarchy = "trading_day"
