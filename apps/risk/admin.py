"""Where the risk officer edits limits. Saving goes through the service, which writes a new version."""

from datetime import datetime
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.marketdata.selectors import market_now
from apps.risk import selectors, services
from apps.risk.forms import KillSwitchForm, RiskLimitForm
from apps.risk.models import ChangeProposal, KillSwitch, RiskLimit, SecuritySector, TradingHold
from apps.sso.selectors import Role, actor_of, has_role
from qts.domain.errors import RuleCode
from qts.domain.market import to_vietnam
from qts.domain.risk import RULES
from qts.web.read_only_admin import ReadOnly, in_thousands
from qts.web.said import rule_help, told
from qts.web.words import UNITS, word

NAMES_A_LIMIT = ("code", "scope", "scope_id")


@admin.register(RiskLimit)
class RiskLimitAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """The list holds what is in force; the page of a limit shows its history."""

    form = RiskLimitForm
    list_display = ["code", "scope", "scope_id", "limit", "unit", "is_active", "version", "effective_at"]
    list_display += ["next_version", "changed_by"]
    list_filter = ["code", "scope", "is_active"]
    search_fields = ["code", "scope_id__exact"]
    readonly_fields = ["what_if", "meaning", "history"]
    fields = [
        *("code", "scope", "scope_id", "limit", "is_active", "what_if"),
        *("in_force_from", "reason", "seen_version", "meaning", "history"),
    ]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [in_thousands(RiskLimit, name) for name in super().get_list_display(request)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskLimit]:
        """What is in force, and what will be where nothing is yet."""
        same = {name: OuterRef(name) for name in NAMES_A_LIMIT}
        current, planned = (RiskLimit.objects.filter(**same, **{kind: True}) for kind in ("is_current", "is_planned"))
        rows = RiskLimit.objects.annotate(planned_at=Subquery(planned.values("effective_at")[:1]))
        return rows.filter(Q(is_current=True) | Q(is_planned=True) & ~Exists(current))

    @admin.display(description=_("next version from"), empty_value="–")
    def next_version(self, obj: RiskLimit) -> str | None:
        planned_at: datetime | None = getattr(obj, "planned_at", None)
        return _moment(planned_at) if planned_at else None

    def get_readonly_fields(self, request: HttpRequest, obj: RiskLimit | None = None) -> list[str]:
        return [*self.readonly_fields, *(["code", "scope", "scope_id"] if obj else [])]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_officer(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return _is_officer(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST" and "_what_if" in request.POST and _is_officer(request):
            return self._ask_what_if(request, object_id)
        try:
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except services.LimitChangedMeanwhile:
            messages.error(request, _("Somebody else has changed this limit meanwhile. Look at it again."))
            return HttpResponseRedirect(reverse("admin:risk_risklimit_changelist"))
        except services.ApprovalRefused as refusal:
            messages.error(request, told(refusal))
            return HttpResponseRedirect(reverse("admin:risk_risklimit_changelist"))
        return response

    def save_model(self, request: HttpRequest, obj: RiskLimit, form: RiskLimitForm, change: bool) -> None:
        """The row that was edited stays as it was; the new version takes its place on the page, or nothing does yet."""
        change_wanted = services.LimitChange(
            code=RuleCode(obj.code),
            scope=obj.scope,
            scope_id=obj.scope_id,
            limit=form.cleaned_data["limit"],
            is_active=form.cleaned_data["is_active"],
            seen_version=form.cleaned_data["seen_version"] or 0,
            effective_at=form.cleaned_data["in_force_from"],
        )
        proposal_id = services.request_change(
            change_wanted, reason=form.cleaned_data["reason"], actor=actor_of(request.user), now=market_now()
        )
        versions = RiskLimit.objects.filter(code=obj.code, scope=obj.scope, scope_id=obj.scope_id)
        shown = versions.filter(is_current=True).first() or versions.order_by("-version").first()
        if shown is not None:
            obj.pk, obj.version = shown.pk, shown.version
        planned = versions.filter(is_planned=True).first()
        if proposal_id is None and planned is not None and planned.effective_at == change_wanted.effective_at:
            messages.info(request, _("It acts from %(moment)s on.") % {"moment": _moment(planned.effective_at)})
        elif proposal_id is None:
            messages.info(request, _("It acts on the next order."))
        else:
            messages.warning(request, _("It is looser than now: it waits for a second risk officer."))

    def response_change(self, request: HttpRequest, obj: RiskLimit) -> HttpResponse:
        response: HttpResponse = super().response_change(request, obj)
        if "_continue" in request.POST:  # the address of the version that was edited leads nowhere any more
            return HttpResponseRedirect(reverse("admin:risk_risklimit_change", args=[obj.pk]))
        return response

    def _ask_what_if(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        """To the page that answers for the numbers in the form; nothing is saved."""
        kept = self.get_object(request, object_id) if object_id else None
        named = {name: getattr(kept, name) if kept else request.POST.get(name, "") for name in NAMES_A_LIMIT}
        number = {"limit": request.POST.get("limit", ""), "is_active": "1" if request.POST.get("is_active") else "0"}
        return HttpResponseRedirect(f"{reverse('portal:what-if')}?{urlencode(named | number)}")

    @admin.display(description=_("before saving"))
    def what_if(self, obj: RiskLimit) -> str:
        return format_html(
            '<button type="submit" name="_what_if" value="1" class="font-medium underline cursor-pointer">{}</button>',
            _("What would this change?"),
        )

    @admin.display(description=_("unit"))
    def unit(self, obj: RiskLimit) -> str:
        return word(UNITS, RULES[RuleCode(obj.code)].unit)

    @admin.display(description=_("meaning"))
    def meaning(self, obj: RiskLimit) -> str:
        if not obj.code:
            return ""
        return f"{rule_help(RuleCode(obj.code))} [{self.unit(obj)}]"

    @admin.display(description=_("history"))
    def history(self, obj: RiskLimit) -> str:
        if not obj.code:
            return ""
        versions = selectors.limit_history(RuleCode(obj.code), obj.scope, obj.scope_id)
        acted = [version for version in versions if not version.is_planned and version.voided_at is None]
        before = dict(zip_longest(acted, acted[1:]))
        rows = [_history_row(version, before.get(version)) for version in versions]
        return format_html_join("", "<p>v{} · {} · {} · {} · {}</p>", rows)


class _LookedAtOnly(ReadOnly, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(KillSwitch)
class KillSwitchAdmin(_LookedAtOnly):
    """Adding one stops its scope. Letting go takes two people, in the portal."""

    form = KillSwitchForm
    list_display = ["scope", "is_engaged", "allows_reducing", "reason", "changed_by", "changed_at"]
    fields = ["scope", "allows_reducing", "reason"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return has_role(request.user, Role.RISK_OFFICER, Role.ADMINISTRATOR)

    def save_model(self, request: HttpRequest, obj: KillSwitch, form: KillSwitchForm, change: bool) -> None:
        services.engage_kill_switch(
            scope=obj.scope,
            reason=form.cleaned_data["reason"],
            allows_reducing=form.cleaned_data["allows_reducing"],
            actor=actor_of(request.user),
            now=market_now(),
        )

    def log_addition(self, request: HttpRequest, obj: object, message: Any) -> None:
        """The event log has it already."""


@admin.register(TradingHold)
class TradingHoldAdmin(_LookedAtOnly):
    list_display = ["scope", "cause", "state", "is_on", "reason", "changed_at"]
    list_filter = ["is_on", "cause"]


@admin.register(ChangeProposal)
class ChangeProposalAdmin(_LookedAtOnly):
    """The record of who asked and who agreed; deciding is done in the portal, where the change is shown."""

    list_display = ["subject", "kind", "status", "proposed_by", "proposed_at", "decided_by", "decided_at", "reason"]
    list_filter = ["kind", "status"]


@admin.register(SecuritySector)
class SecuritySectorAdmin(ModelAdmin):  # type: ignore[misc]
    """Sectors come from nowhere else: a sector limit refuses what has none."""

    list_display = ["symbol", "sector"]
    list_filter = ["sector"]
    search_fields = ["symbol"]
    fields = ["symbol", "sector", "counted"]

    def get_readonly_fields(self, request: HttpRequest, obj: SecuritySector | None = None) -> list[str]:
        """Another symbol would be another row's; another sector, where limits count it, a limit loosened by one."""
        if obj is None:
            return ["counted"]
        return ["symbol", "counted", *(["sector"] if selectors.is_sector_limited(obj.sector) else [])]

    @admin.display(description=_("limits"), empty_value="–")
    def counted(self, obj: SecuritySector) -> str | None:
        if not obj.sector or not selectors.is_sector_limited(obj.sector):
            return None
        return str(_("Limits count this sector: the security stays in it until two people have taken them away."))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_officer(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return _is_officer(request)

    def has_delete_permission(self, request: HttpRequest, obj: SecuritySector | None = None) -> bool:
        return _is_officer(request) and (obj is None or not selectors.is_sector_limited(obj.sector))


def _is_officer(request: HttpRequest) -> bool:
    """The role itself, not Django's permission: a superuser does not set limits either."""
    return has_role(request.user, Role.RISK_OFFICER)


def _history_row(version: selectors.LimitView, before: selectors.LimitView | None) -> tuple[Any, ...]:
    """What the version changed against the one before it, and whether that lets more through."""
    number = _number(version)
    if before is not None:
        was, is_ = (one.limit if one.is_active else None for one in (before, version))
        way = _("looser") if RULES[version.code].is_looser(was, is_) else _("tighter")
        number = f"{_number(before)} → {number}" + (f" ({way})" if was != is_ else "")
    people = f"{version.changed_by} + {version.approved_by}" if version.approved_by else version.changed_by
    if version.is_planned or version.voided_at is not None:
        state = _("void") if version.voided_at else _("planned")
        number = f"{number} ({state})"
    return version.version, number, people, _moment(version.effective_at), version.reason


def _moment(at: datetime) -> str:
    return f"{to_vietnam(at):%Y-%m-%d %H:%M:%S}"


def _number(version: selectors.LimitView) -> str:
    off = "" if version.is_active else " (" + _("not active") + ")"
    return f"{version.limit:,}{off}"
