"""Limits as rows that officers edit, and the kill switch. A row says how much; `qts.domain.risk` says what it means."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.risk import LIMIT_CODES, RULES


class RiskLimit(models.Model):
    """One version of one limit. The newest row of (code, scope, scope id) is in force; older ones are its history."""

    class Scope(models.TextChoices):
        FIRM = "firm", _("firm")
        ACCOUNT = "account", _("account")
        SYMBOL = "symbol", _("symbol")
        STRATEGY = "strategy", _("strategy")

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("rule"), max_length=40, choices=[(c.value, RULES[c].help_en) for c in LIMIT_CODES])
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices, default=Scope.FIRM)
    scope_id = models.CharField(_("scope id"), max_length=64, blank=True, help_text=_("Empty for the firm."))
    limit = models.BigIntegerField(_("limit"))
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"))
    is_current = models.BooleanField(default=True, editable=False)
    reason = models.CharField(_("reason"), max_length=500)
    changed_by = models.CharField(_("changed by"), max_length=120)
    effective_at = models.DateTimeField(_("effective at"), help_text=_("market time"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("risk limit")
        verbose_name_plural = _("risk limits")
        ordering = ["code", "scope", "scope_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "scope", "scope_id", "version"], name="risk_limit_version"),
            models.UniqueConstraint(
                fields=["code", "scope", "scope_id"],
                condition=Q(is_current=True),
                name="risk_limit_one_current",
            ),
            models.CheckConstraint(
                condition=Q(limit__gte=0),
                name="risk_limit_not_negative",
                violation_error_message=_("A limit is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(scope="firm", scope_id="") | (~Q(scope="firm") & ~Q(scope_id="")),
                name="risk_limit_scope_id_names_the_scope",
                violation_error_message=_("The firm has no scope id; every other scope needs one."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.scope}{':' if self.scope_id else ''}{self.scope_id} {self.limit} (v{self.version})"


class KillSwitch(models.Model):
    """Stops one scope: "firm", "account:<id>" or "strategy:<id>". The row survives every restart."""

    scope = models.CharField(_("scope"), max_length=80, primary_key=True)
    is_engaged = models.BooleanField(_("engaged"), default=False)
    allows_reducing = models.BooleanField(
        _("allows reducing"),
        default=False,
        help_text=_("Sales of held shares pass; set when a loss limit tripped it, so that a stop can still get out."),
    )
    reason = models.CharField(_("reason"), max_length=500)
    changed_by = models.CharField(_("changed by"), max_length=120)
    changed_at = models.DateTimeField(_("changed at"), help_text=_("market time"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("kill switch")
        verbose_name_plural = _("kill switches")
        ordering = ["scope"]

    def __str__(self) -> str:
        return f"{self.scope}: {'engaged' if self.is_engaged else 'released'}"
