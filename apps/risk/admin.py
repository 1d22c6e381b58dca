"""Where the risk officer edits limits. Saving goes through the service, which writes a new version."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.marketdata.selectors import market_now
from apps.risk import selectors, services
from apps.risk.forms import RiskLimitForm
from apps.risk.models import KillSwitch, RiskLimit
from apps.sso.selectors import Role, actor_of, has_role
from qts.domain.errors import RuleCode
from qts.domain.risk import RULES


@admin.register(RiskLimit)
class RiskLimitAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """The list holds what is in force; the page of a limit shows its history."""

    form = RiskLimitForm
    list_display = ["code", "scope", "scope_id", "limit", "unit", "is_active", "version", "changed_by", "effective_at"]
    list_filter = ["code", "scope", "is_active"]
    search_fields = ["code", "scope_id__exact"]
    readonly_fields = ["meaning", "history"]
    fields = ["code", "scope", "scope_id", "limit", "is_active", "reason", "seen_version", "meaning", "history"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskLimit]:
        return RiskLimit.objects.filter(is_current=True)

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
        try:
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except services.LimitChangedMeanwhile:
            messages.error(request, _("Somebody else has changed this limit meanwhile. Look at it again."))
            return HttpResponseRedirect(reverse("admin:risk_risklimit_changelist"))
        return response

    def save_model(self, request: HttpRequest, obj: RiskLimit, form: RiskLimitForm, change: bool) -> None:
        """The row that was edited stays as it was; the new version takes its place on the page."""
        services.change_limit(
            code=RuleCode(obj.code),
            scope=obj.scope,
            scope_id=obj.scope_id,
            limit=form.cleaned_data["limit"],
            is_active=form.cleaned_data["is_active"],
            reason=form.cleaned_data["reason"],
            seen_version=form.cleaned_data["seen_version"] or 0,
            actor=actor_of(request.user),
            now=market_now(),
        )
        newest = RiskLimit.objects.get(code=obj.code, scope=obj.scope, scope_id=obj.scope_id, is_current=True)
        obj.pk, obj.version = newest.pk, newest.version
        messages.info(request, _("It acts on the next order."))

    def response_change(self, request: HttpRequest, obj: RiskLimit) -> HttpResponse:
        response: HttpResponse = super().response_change(request, obj)
        if "_continue" in request.POST:  # the address of the version that was edited leads nowhere any more
            return HttpResponseRedirect(reverse("admin:risk_risklimit_change", args=[obj.pk]))
        return response

    @admin.display(description=_("unit"))
    def unit(self, obj: RiskLimit) -> str:
        return RULES[RuleCode(obj.code)].unit

    @admin.display(description=_("meaning"))
    def meaning(self, obj: RiskLimit) -> str:
        if not obj.code:
            return ""
        rule = RULES[RuleCode(obj.code)]
        return f"{rule.help_vi} / {rule.help_en} [{rule.unit}]"

    @admin.display(description=_("history"))
    def history(self, obj: RiskLimit) -> str:
        if not obj.code:
            return ""
        versions = selectors.limit_history(RuleCode(obj.code), obj.scope, obj.scope_id)
        return format_html_join("", "<p>v{} · {} · {} · {} · {}</p>", (_history_row(version) for version in versions))


@admin.register(KillSwitch)
class KillSwitchAdmin(ModelAdmin):  # type: ignore[misc]
    """Looked at only: the risk page of the portal is the place to pull one."""

    list_display = ["scope", "is_engaged", "allows_reducing", "reason", "changed_by", "changed_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def _is_officer(request: HttpRequest) -> bool:
    """The role itself, not Django's permission: a superuser does not set limits either."""
    return has_role(request.user, Role.RISK_OFFICER)


def _history_row(version: selectors.LimitView) -> tuple[Any, ...]:
    number = f"{version.limit:,}" if version.is_active else f"{version.limit:,} ({_('not active')})"
    return version.version, number, version.changed_by, f"{version.effective_at:%Y-%m-%d %H:%M:%S}", version.reason
