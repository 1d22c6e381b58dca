"""Which strategies exist, and every decision they made with what it was made from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class StrategyStatus(models.TextChoices):
    STOPPED = "STOPPED", _("Stopped")
    RUNNING = "RUNNING", _("Running")
    FAILED = "FAILED", _("Failed")


class DecisionOutcome(models.TextChoices):
    SUBMITTED = "SUBMITTED", _("Order submitted")
    DENIED = "DENIED", _("Refused by the risk gate")
    SKIPPED = "SKIPPED", _("No order")


class Strategy(models.Model):
    """One configured instance of a strategy class, on one account and a list of symbols."""

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
    wal_position = models.CharField(max_length=40)
    ts_received_ns = models.BigIntegerField()  # wall clock, of the message that asked the question
    decided_at = models.DateTimeField()  # market time
    outcome = models.CharField(max_length=10, choices=DecisionOutcome)
    outcome_reason = models.TextField(blank=True)
    order_id = models.UUIDField(null=True, unique=True)

    class Meta:
        ordering = ["-decided_at"]
        indexes = [
            models.Index(fields=["strategy", "-decided_at"]),
            models.Index(fields=["account_id", "-decided_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.quantity}: {self.signal}"
