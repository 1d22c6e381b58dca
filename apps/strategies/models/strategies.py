"""Which strategies exist, and every decision they made with what it was made from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.web.words import DECISIONS, MODES, STRATEGY_STATUSES, choices


class StrategyStatus(models.TextChoices):
    STOPPED = "STOPPED"
    RUNNING = "RUNNING"
    FAILED = "FAILED"


class Mode(models.TextChoices):
    """What becomes of a decision; docs/adr/0012."""

    PAPER = "PAPER"  # an order at the simulator
    SHADOW = "SHADOW"  # nothing: it is written down
    LIVE = "LIVE"  # an order at the exchange


class DecisionOutcome(models.TextChoices):
    SHADOWED = "SHADOWED"
    SUBMITTED = "SUBMITTED"
    DENIED = "DENIED"
    SKIPPED = "SKIPPED"


class StrategyVersion(models.Model):
    """A strategy's file as it was when a person took it in; this text is what runs, whatever the file is by then.

    `parameters` describes them as a form needs it.
    """

    content_hash = models.CharField(_("hash of the content"), primary_key=True, max_length=64)  # SHA-256 of the text
    name = models.CharField(_("name"), max_length=60)
    suffix = models.CharField(_("kind of file"), max_length=8, default=".py")  # of its file: what it is written in
    source = models.TextField(_("source text"))
    title = models.CharField(_("title"), max_length=80)
    summary = models.CharField(_("summary"), max_length=300)
    parameters = models.JSONField(_("parameters"), default=list)
    registered_by = models.CharField(_("registered by"), max_length=80)
    registered_at = models.DateTimeField(_("registered at"))  # market time
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("version of a strategy")
        verbose_name_plural = _("versions of strategies")
        ordering = ["name", "-recorded_at"]

    def __str__(self) -> str:
        return f"{self.name} {self.content_hash[:8]}"


class Strategy(models.Model):
    """One configured instance of a strategy class, on one account and a list of symbols.

    `class_key` is that of an example, or `file:NAME`; `code_hash` names the version of its code that runs or would.
    """

    id = models.UUIDField(primary_key=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    class_key = models.CharField(_("strategy class"), max_length=200)
    parameters = models.JSONField(_("parameters"), default=dict)
    account_id = models.UUIDField(_("account"))
    symbols = ArrayField(models.CharField(max_length=20), verbose_name=_("symbols"))
    status = models.CharField(
        _("status"), max_length=10, choices=choices(STRATEGY_STATUSES), default=StrategyStatus.STOPPED
    )
    status_reason = models.TextField(_("reason of the status"), blank=True)
    status_changed_by = models.CharField(_("status changed by"), max_length=80, blank=True)
    status_changed_at = models.DateTimeField(_("status changed at"), null=True)  # market time
    run = models.PositiveIntegerField(_("run"), default=0)  # counts the starts; part of each order's client id
    mode = models.CharField(_("mode"), max_length=10, choices=choices(MODES), default=Mode.PAPER)
    code_hash = models.CharField(_("hash of the code"), max_length=64, blank=True)
    keeps_state = models.BooleanField(
        _("keeps its state"), default=False
    )  # the version that is to take over is given the old one's state
    decision_policy = models.JSONField(
        _("decision policy"), default=dict, blank=True
    )  # docs/decisions.md; empty: the usual one

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Decision(models.Model):
    """What a strategy wanted at one moment. `id` is derived from strategy, run, symbol and event: repeats meet it."""

    id = models.UUIDField(primary_key=True)
    strategy = models.ForeignKey(
        Strategy, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("strategy")
    )
    account_id = models.UUIDField(_("account"))
    symbol = models.CharField(_("symbol"), max_length=20)
    side = models.CharField(_("side"), max_length=4, blank=True)
    quantity = models.BigIntegerField(_("quantity"), default=0)
    order_type = models.CharField(_("order type"), max_length=4, blank=True)
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)
    signal = models.CharField(_("signal"), max_length=200)
    indicators = models.JSONField(_("indicators"), default=dict)  # of the last closed bar
    indicators_previous = models.JSONField(_("indicators of the bar before"), default=dict)  # of the bar before
    trigger = models.JSONField(_("what asked for it"), default=dict)  # the bar or tick that asked the question
    reasoning = models.JSONField(_("reasoning"), default=dict)  # its shape: selectors/reasoning.py
    wal_position = models.CharField(_("place in the log"), max_length=40)
    ts_received_ns = models.BigIntegerField(_("received at, ns"))  # wall clock, of the message that asked the question
    decided_at = models.DateTimeField(_("decided at"))  # market time
    outcome = models.CharField(_("outcome"), max_length=10, choices=choices(DECISIONS))
    outcome_reason = models.TextField(_("reason of the outcome"), blank=True)
    order_id = models.UUIDField(_("order"), null=True, unique=True)
    mode = models.CharField(_("mode"), max_length=10, choices=choices(MODES), default=Mode.PAPER)
    run = models.PositiveIntegerField(_("run"), default=0)
    code_hash = models.CharField(_("hash of the code"), max_length=64, blank=True)  # of the code that decided
    event_key = models.CharField(
        _("event"), max_length=120, blank=True
    )  # names what asked, and the intent's place in the answer
    held_quantity = models.BigIntegerField(_("held"), null=True)  # of the symbol, by the strategy, when it was asked
    working_quantity = models.BigIntegerField(_("in working orders"), null=True)
    intent = models.JSONField(_("what it wanted"), default=dict)  # what it wanted, as it said it

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-decided_at"]
        indexes = [
            models.Index(fields=["strategy", "-decided_at"]),
            models.Index(fields=["account_id", "-decided_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.quantity}: {self.signal}"


class Promotion(models.Model):
    """A mode that one person asks for and another one agrees to, for exactly what `binding` names."""

    class Status(models.TextChoices):
        OPEN = "open", _("waits for a second person")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True)
    strategy = models.ForeignKey(
        Strategy, on_delete=models.PROTECT, related_name="promotions", verbose_name=_("strategy")
    )
    mode = models.CharField(_("mode"), max_length=10, choices=choices(MODES))
    binding = models.JSONField(_("what it holds for"))  # code, parameters, account and symbols
    content_hash = models.CharField(_("hash of the content"), max_length=64)
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.CharField(_("proposed by"), max_length=120)
    proposed_at = models.DateTimeField(_("proposed at"))  # market time
    expires_at = models.DateTimeField(_("expires at"))  # wall clock: a faster market leaves a person no less time
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)  # market time
    decision_reason = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="strategies_promotion_takes_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.mode}: {self.status}"
