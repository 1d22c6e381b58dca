"""Which strategies exist, and every decision they made with what it was made from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class StrategyStatus(models.TextChoices):
    STOPPED = "STOPPED", _("Stopped")
    RUNNING = "RUNNING", _("Running")
    FAILED = "FAILED", _("Failed")


class Mode(models.TextChoices):
    """What becomes of a decision; docs/adr/0012."""

    PAPER = "PAPER", _("Paper")  # an order at the simulator
    SHADOW = "SHADOW", _("Shadow")  # nothing: it is written down
    LIVE = "LIVE", _("Live")  # an order at the exchange


class DecisionOutcome(models.TextChoices):
    SHADOWED = "SHADOWED", _("Written down, no order (shadow)")
    SUBMITTED = "SUBMITTED", _("Order submitted")
    DENIED = "DENIED", _("Refused by the risk gate")
    SKIPPED = "SKIPPED", _("No order")


class StrategyVersion(models.Model):
    """A strategy's file as it was when a person took it in; this text is what runs, whatever the file is by then.

    `parameters` describes them as a form needs it.
    """

    content_hash = models.CharField(primary_key=True, max_length=64)  # SHA-256 of the text
    name = models.CharField(max_length=60)
    suffix = models.CharField(max_length=8, default=".py")  # of its file: what it is written in
    source = models.TextField()
    title = models.CharField(max_length=80)
    summary = models.CharField(max_length=300)
    parameters = models.JSONField(default=list)
    registered_by = models.CharField(max_length=80)
    registered_at = models.DateTimeField()  # market time
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "-recorded_at"]

    def __str__(self) -> str:
        return f"{self.name} {self.content_hash[:8]}"


class Strategy(models.Model):
    """One configured instance of a strategy class, on one account and a list of symbols.

    `class_key` is that of an example, or `file:NAME`; `code_hash` names the version of its code that runs or would.
    """

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=80, unique=True)
    class_key = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict)
    account_id = models.UUIDField()
    symbols = ArrayField(models.CharField(max_length=20))
    status = models.CharField(max_length=10, choices=StrategyStatus, default=StrategyStatus.STOPPED)
    status_reason = models.TextField(blank=True)
    status_changed_by = models.CharField(max_length=80, blank=True)
    status_changed_at = models.DateTimeField(null=True)  # market time
    run = models.PositiveIntegerField(default=0)  # counts the starts; part of each order's client id
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PAPER)
    code_hash = models.CharField(max_length=64, blank=True)
    keeps_state = models.BooleanField(default=False)  # the version that is to take over is given the old one's state
    decision_policy = models.JSONField(default=dict, blank=True)  # docs/decisions.md; empty: the usual one

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.name


class Decision(models.Model):
    """What a strategy wanted at one moment. `id` is derived from strategy, run, symbol and event: repeats meet it."""

    id = models.UUIDField(primary_key=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="decisions")
    account_id = models.UUIDField()
    symbol = models.CharField(max_length=20)
    side = models.CharField(max_length=4, blank=True)
    quantity = models.BigIntegerField(default=0)
    order_type = models.CharField(max_length=4, blank=True)
    price_vnd = models.BigIntegerField(null=True)
    signal = models.CharField(max_length=200)
    indicators = models.JSONField(default=dict)  # of the last closed bar
    indicators_previous = models.JSONField(default=dict)  # of the bar before
    trigger = models.JSONField(default=dict)  # the bar or tick that asked the question
    reasoning = models.JSONField(default=dict)  # its shape: selectors/reasoning.py
    wal_position = models.CharField(max_length=40)
    ts_received_ns = models.BigIntegerField()  # wall clock, of the message that asked the question
    decided_at = models.DateTimeField()  # market time
    outcome = models.CharField(max_length=10, choices=DecisionOutcome)
    outcome_reason = models.TextField(blank=True)
    order_id = models.UUIDField(null=True, unique=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PAPER)
    run = models.PositiveIntegerField(default=0)
    code_hash = models.CharField(max_length=64, blank=True)  # of the code that decided
    event_key = models.CharField(max_length=120, blank=True)  # names what asked, and the intent's place in the answer
    held_quantity = models.BigIntegerField(null=True)  # of the symbol, by the strategy, when it was asked
    working_quantity = models.BigIntegerField(null=True)
    intent = models.JSONField(default=dict)  # what it wanted, as it said it

    class Meta:
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
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="promotions")
    mode = models.CharField(max_length=10, choices=Mode)
    binding = models.JSONField()  # code, parameters, account and symbols
    content_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()  # market time
    expires_at = models.DateTimeField()  # wall clock: a faster market leaves a person no less time
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)  # market time
    decision_reason = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="strategies_promotion_takes_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.mode}: {self.status}"
