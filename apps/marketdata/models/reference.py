"""What holds of the market until it is told otherwise: rules, indices, and what changed from day to day."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.market import RuleSubject
from qts.domain.values import Exchange, InstrumentKind
from qts.web.words import RULE_SUBJECTS, SECURITY_KINDS, choices


class TradingRule(models.Model):
    """One dated row of the exchanges' rules that goes before what comes with QTS. Rows are added, never changed: of
    one scope and day the newest holds, and one that is withdrawn takes the built-in row out too."""

    subject = models.CharField(_("subject"), max_length=30, choices=choices(RULE_SUBJECTS, RuleSubject))
    exchange = models.CharField(_("exchange"), max_length=5, blank=True, choices=[(e.value, e.value) for e in Exchange])
    kind = models.CharField(_("kind"), max_length=10, blank=True, choices=choices(SECURITY_KINDS, InstrumentKind))
    effective_from = models.DateField(_("effective from"))
    value = models.JSONField(_("value"), null=True, help_text=_("nothing: the row is withdrawn"))
    source = models.CharField(_("source"), max_length=300)
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.CharField(_("proposed by"), max_length=120)
    approved_by = models.CharField(_("approved by"), max_length=120)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("trading rule")
        verbose_name_plural = _("trading rules")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(approved_by="") & ~models.Q(approved_by=models.F("proposed_by")),
                name="marketdata_rule_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.exchange} {self.kind} {self.effective_from}"


class ForeignLimit(models.Model):
    """How much of one security foreigners may hold in all, from a day on until the next row of it. What is left of it
    on a day is in the daily prices."""

    symbol = models.CharField(_("symbol"), max_length=20)
    effective_from = models.DateField(_("effective from"))
    limit_quantity = models.BigIntegerField(_("shares"))
    source = models.CharField(_("source"), max_length=300)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("foreign limit")
        verbose_name_plural = _("foreign limits")
        ordering = ["symbol", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["symbol", "effective_from"], name="marketdata_foreign_limit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.effective_from}: {self.limit_quantity}"


class MarketIndex(models.Model):
    """An index as the broker lists it. Codes are compared as they are written."""

    code = models.CharField(_("code"), max_length=40, primary_key=True)
    name = models.CharField(_("name"), max_length=200)
    exchange = models.CharField(_("exchange"), max_length=10)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("False when it is not listed any more"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("index")
        verbose_name_plural = _("indices")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class IndexMember(models.Model):
    """One security in one index, since the broker last told."""

    index = models.ForeignKey(MarketIndex, on_delete=models.CASCADE, related_name="members", verbose_name=_("index"))
    symbol = models.CharField(_("symbol"), max_length=20)

    class Meta:
        verbose_name = _("member of an index")
        verbose_name_plural = _("members of indices")
        ordering = ["index_id", "symbol"]
        constraints = [models.UniqueConstraint(fields=["index", "symbol"], name="marketdata_index_member_once")]

    def __str__(self) -> str:
        return f"{self.symbol} in {self.index_id}"


class MasterDataPart(models.Model):
    """One question of a day's load that the broker has answered: a load that broke off goes on with the others."""

    class Kind(models.TextChoices):
        SECURITIES = "SECURITIES", _("list and details of securities")
        INDICES = "INDICES", _("list of indices")
        MEMBERS = "MEMBERS", _("members of an index")
        DAYS = "DAYS", _("daily history of a symbol")

    trading_day = models.DateField(_("trading day"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    subject = models.CharField(_("symbol or index"), max_length=40, blank=True)
    found = models.PositiveIntegerField(_("found"), default=0, help_text=_("what differed, or the days that came"))
    refusal = models.CharField(_("refusal"), max_length=300, blank=True, help_text=_("what the broker said"))
    answered_at = models.DateTimeField(_("answered at"), db_default=Now())

    class Meta:
        verbose_name = _("part of a load")
        verbose_name_plural = _("parts of a load")
        ordering = ["-trading_day", "kind", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["trading_day", "kind", "subject"], name="marketdata_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.trading_day} {self.kind} {self.subject}"


class MasterDataChange(models.Model):
    """One fact that a load of master data found different."""

    trading_day = models.DateField(_("trading day"))
    subject = models.CharField(_("symbol or index"), max_length=40)
    field = models.CharField(_("what"), max_length=40)
    before = models.CharField(_("before"), max_length=200, blank=True)
    after = models.CharField(_("after"), max_length=200, blank=True)
    changed_by = models.CharField(_("changed by"), max_length=120)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("change of master data")
        verbose_name_plural = _("changes of master data")
        ordering = ["-recorded_at", "-id"]
        indexes = [models.Index(fields=["subject", "-trading_day"], name="marketdata_change_subject")]

    def __str__(self) -> str:
        return f"{self.trading_day} {self.subject} {self.field}: {self.before} → {self.after}"
