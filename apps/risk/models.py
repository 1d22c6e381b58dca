"""Limits as rows that officers edit, what waits for a second officer, and what is stopped.

A row says how much; `qts.domain.risk` says what it means.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.risk import LIMIT_CODES
from qts.web.said import rule_help_lazy


class RiskLimit(models.Model):
    """One version of one limit. Of those of (code, scope, scope id) that are current, or planned for a moment that has
    come, the newest is in force; the others are its history."""

    class Scope(models.TextChoices):
        FIRM = "firm", _("firm")
        ACCOUNT = "account", _("account")
        SYMBOL = "symbol", _("symbol")
        STRATEGY = "strategy", _("strategy")
        USER = "user", _("user")
        SECTOR = "sector", _("sector")
        EXCHANGE = "exchange", _("exchange")

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("rule"), max_length=40, choices=[(c.value, rule_help_lazy(c)) for c in LIMIT_CODES])
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices, default=Scope.FIRM)
    scope_id = models.CharField(_("scope id"), max_length=64, blank=True, help_text=_("Empty for the firm."))
    limit = models.BigIntegerField(_("limit"))
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"))
    is_current = models.BooleanField(_("in force"), default=True, editable=False)
    # Agreed, and not in force before `effective_at`. A newer version takes its place: then it is void.
    is_planned = models.BooleanField(_("planned"), default=False, editable=False)
    voided_at = models.DateTimeField(_("void since"), null=True, editable=False, help_text=_("market time"))
    reason = models.CharField(_("reason"), max_length=500)
    changed_by = models.CharField(_("changed by"), max_length=120)
    approved_by = models.CharField(_("approved by"), max_length=120, blank=True)  # empty: it took one person
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
            models.UniqueConstraint(
                fields=["code", "scope", "scope_id"],
                condition=Q(is_planned=True),
                name="risk_limit_one_planned",
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


class SecuritySector(models.Model):
    """Which sector a security counts towards. Nothing that the broker sends says so: officers enter it."""

    symbol = models.CharField(_("symbol"), max_length=20, primary_key=True)
    sector = models.CharField(_("sector"), max_length=64)

    class Meta:
        verbose_name = _("sector of a security")
        verbose_name_plural = _("sectors of securities")
        ordering = ["sector", "symbol"]

    def __str__(self) -> str:
        return f"{self.symbol}: {self.sector}"


class KillSwitch(models.Model):
    """Stops one scope: "firm" or "<kind>:<id>" (see `selectors.is_scope`). The row survives every restart.

    `version` counts its changes: a release is agreed for one version and is void when somebody stopped it again.
    """

    scope = models.CharField(_("scope"), max_length=80, primary_key=True)
    is_engaged = models.BooleanField(_("engaged"), default=False)
    allows_reducing = models.BooleanField(
        _("allows reducing"),
        default=False,
        help_text=_("Sales of held shares pass; set when a loss limit tripped it, so that a stop can still get out."),
    )
    version = models.PositiveIntegerField(_("version"), default=0)
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


class TradingHold(models.Model):
    """A scope that a dead-man timer holds back for one cause. It lets go by itself when the cause is gone; a stop that
    a person has to look at is a kill switch."""

    class State(models.TextChoices):
        REDUCING = "REDUCING", _("reducing only")
        HALTED = "HALTED", _("halted")

    class Cause(models.TextChoices):
        STALE_FEED = "stale-feed", _("market data are late")
        LOST_WORKER = "lost-worker", _("a worker does not report")
        BOOKS_DIFFER = "books-differ", _("the books differ from the broker's")
        VENUE_UNCERTAIN = "venue-uncertain", _("the broker's state is uncertain")
        MARKET_HALT = "market-halt", _("the exchange halted it")
        MARKET_FALL = "market-fall", _("the market fell too far")

    scope = models.CharField(_("scope"), max_length=80)
    cause = models.CharField(_("cause"), max_length=20, choices=Cause.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    is_on = models.BooleanField(_("on"), default=True)
    reason = models.CharField(_("reason"), max_length=500)
    changed_at = models.DateTimeField(_("changed at"), help_text=_("market time"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("trading hold")
        verbose_name_plural = _("trading holds")
        ordering = ["scope", "cause"]
        constraints = [models.UniqueConstraint(fields=["scope", "cause"], name="risk_hold_one_per_cause")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.state if self.is_on else 'off'} ({self.cause})"


class TradingArming(models.Model):
    """Whether an account may trade on a day; without a row it may not. The event log has what it was before."""

    class How(models.TextChoices):
        CHECKS = "checks", _("every check was green")
        HAND = "hand", _("by hand")
        OVERRIDE = "override", _("two risk officers, against the checks")

    account_id = models.UUIDField(_("account"))
    trading_day = models.DateField(_("trading day"))
    is_armed = models.BooleanField(_("armed"))
    how = models.CharField(_("how"), max_length=10, choices=How.choices)
    reason = models.CharField(_("reason"), max_length=500)
    needs_officer = models.BooleanField(_("a risk officer took it back"), default=False)
    changed_by = models.CharField(_("changed by"), max_length=120)
    changed_at = models.DateTimeField(_("changed at"), help_text=_("market time"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("arming")
        verbose_name_plural = _("armings")
        ordering = ["-trading_day", "account_id"]
        constraints = [models.UniqueConstraint(fields=["account_id", "trading_day"], name="risk_arming_once_a_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.trading_day}: {'armed' if self.is_armed else 'not armed'}"


class PreOpenState(models.Model):
    """What a check before the open last said of an account, and since when: the monitor writes down what changes."""

    account_id = models.UUIDField(_("account"))
    name = models.CharField(_("name"), max_length=20)
    state = models.CharField(_("state"), max_length=5)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    since = models.DateTimeField(_("since"), help_text=_("market time"))

    class Meta:
        verbose_name = _("state before the open")
        verbose_name_plural = _("states before the open")
        ordering = ["account_id", "name"]
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="risk_pre_open_state_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.name}: {self.state}"


class ChangeProposal(models.Model):
    """What one officer asks for and another one has to agree to. The database refuses every change of its content, and
    any change at all once it is decided."""

    class Kind(models.TextChoices):
        LIMITS = "limits", _("looser limits")
        RELEASE = "release", _("release of a kill switch")
        RULES = "rules", _("rules of the exchanges")
        ARMING = "arming", _("trading against the checks before the open")

    class Status(models.TextChoices):
        OPEN = "open", _("waits for a second person")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    subject = models.CharField(_("subject"), max_length=200)
    content = models.JSONField(_("content"))
    content_hash = models.CharField(_("hash of the content"), max_length=64)
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.CharField(_("proposed by"), max_length=120)
    proposed_at = models.DateTimeField(_("proposed at"), help_text=_("market time"))
    # The wall clock: a market clock that runs faster must not take the second person's time to think.
    expires_at = models.DateTimeField(_("expires at"), help_text=_("wall clock"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, help_text=_("market time"))
    decision_reason = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="risk_proposal_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.status}"


class StrategyPulse(models.Model):
    """How fast a strategy has been ordering and how often in a row it was refused."""

    strategy_id = models.CharField(_("strategy"), primary_key=True, max_length=64)
    # both by the wall clock, the latest few: when it ordered, and when the data behind those orders came
    ordered_at_ms = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("ordered at, ms"))
    caused_at_ms = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("caused at, ms"))
    refusals_in_a_row = models.PositiveIntegerField(_("refusals in a row"), default=0)

    class Meta:
        verbose_name = _("pulse of a strategy")
        verbose_name_plural = _("pulses of strategies")

    def __str__(self) -> str:
        return f"{self.strategy_id}: {self.refusals_in_a_row} refusals in a row"


class ExitPlan(models.Model):
    """When a position must go: at a loss, at a profit, or so far below its best price. One in force per position."""

    account_id = models.UUIDField(_("account"))
    symbol = models.CharField(_("symbol"), max_length=20)
    stop_vnd = models.BigIntegerField(_("stop-loss"), null=True, blank=True)
    target_vnd = models.BigIntegerField(_("take-profit"), null=True, blank=True)
    trail_bps = models.PositiveIntegerField(_("trailing stop, basis points"), null=True, blank=True)
    peak_vnd = models.BigIntegerField(_("best price since it was set"), default=0)
    requested_at = models.DateTimeField(_("exit last requested"), null=True, help_text=_("market time"))
    request_reason = models.CharField(_("why the exit was requested"), max_length=20, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    set_by = models.CharField(_("set by"), max_length=120)
    set_at = models.DateTimeField(_("set at"), help_text=_("market time"))

    class Meta:
        verbose_name = _("exit plan")
        verbose_name_plural = _("exit plans")
        ordering = ["account_id", "symbol", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "symbol"], condition=Q(is_active=True), name="risk_exit_plan_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(stop_vnd__gt=0) | Q(target_vnd__gt=0) | Q(trail_bps__gt=0), name="risk_exit_plan_says_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol}: {self.stop_vnd} / {self.target_vnd} / {self.trail_bps} bps"


class EquityPoint(models.Model):
    """What an account was worth in one minute of market time; `peak_vnd` is the most that it was worth until then."""

    account_id = models.UUIDField(_("account"))
    at = models.DateTimeField(_("minute"), help_text=_("market time, the start of the minute"))
    equity_vnd = models.BigIntegerField(_("equity, VND"))
    peak_vnd = models.BigIntegerField(_("highest equity, VND"))
    day_pnl_vnd = models.BigIntegerField(_("profit of the day, VND"))
    exposure_vnd = models.BigIntegerField(_("exposure, VND"))

    class Meta:
        verbose_name = _("equity of a minute")
        verbose_name_plural = _("equity of minutes")
        ordering = ["account_id", "at"]
        constraints = [models.UniqueConstraint(fields=["account_id", "at"], name="risk_equity_point_once_a_minute")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%Y-%m-%d %H:%M} {self.equity_vnd}"


class LimitAlert(models.Model):
    """The use of a limit that passed 80, 90 or 100 % on a day, told once; margin calls stand beside them."""

    account_id = models.UUIDField(_("account"))
    trading_day = models.DateField(_("trading day"))
    code = models.CharField(_("control"), max_length=40)
    level_percent = models.PositiveIntegerField(_("level, %"))
    limit = models.BigIntegerField(_("limit"))
    actual = models.BigIntegerField(_("actual"))
    raised_at = models.DateTimeField(_("raised at"), help_text=_("market time"))

    class Meta:
        verbose_name = _("alert of a limit")
        verbose_name_plural = _("alerts of limits")
        ordering = ["-raised_at", "-level_percent"]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "trading_day", "code", "level_percent"], name="risk_limit_alert_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.level_percent} % {self.account_id}"
