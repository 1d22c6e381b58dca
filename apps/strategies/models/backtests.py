"""Backtests: the bars, what was asked of them, how far it is, and what was found. Times are of the wall clock.

Everything is in the database and nothing in files: a run may be taken up by a worker on another machine.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.backtest import BarPeriod, StudyKind


class BacktestStatus(models.TextChoices):
    QUEUED = "QUEUED", _("Waiting")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")


class BacktestData(models.Model):
    """Bars as they were when they were chosen, under the hash of what they are; runs share them."""

    class Source(models.TextChoices):
        STORE = "STORE", _("Bar store")
        UPLOAD = "UPLOAD", _("Uploaded file")

    digest = models.CharField(max_length=64, primary_key=True)
    source = models.CharField(max_length=8, choices=Source)
    name = models.CharField(max_length=120, help_text="of the file, or what was chosen from the store")
    period = models.CharField(max_length=8, choices=[(one.value, one.value) for one in BarPeriod])
    symbols = ArrayField(models.CharField(max_length=20))
    bar_count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    packed = models.BinaryField(help_text="as qts.backtest.packing makes it")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "backtest data"

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:8]})"


class BacktestRun(models.Model):
    """One study. `attempt` counts the workers that took it up; what an older one still writes is refused by it."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=[(one.value, one.value) for one in StudyKind])
    strategies = ArrayField(models.CharField(max_length=200))
    symbols = ArrayField(models.CharField(max_length=20))
    study = models.JSONField()
    data = models.ForeignKey(BacktestData, on_delete=models.PROTECT, related_name="runs")
    status = models.CharField(max_length=10, choices=BacktestStatus, default=BacktestStatus.QUEUED)
    problem = models.TextField(blank=True)
    trace = models.TextField(blank=True, help_text="the last lines of the strategy's own error")
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    is_cancel_asked = models.BooleanField(default=False)
    attempt = models.PositiveIntegerField(default=0)
    code_hash = models.CharField(max_length=64, blank=True)
    trades_hash = models.CharField(max_length=64, blank=True)
    summary = models.JSONField(default=dict)
    created_by = models.CharField(max_length=80)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-queued_at", "id"]
        indexes = [
            models.Index(fields=["status", "queued_at"], name="backtestrun_status"),
            models.Index(fields=["-queued_at"], name="backtestrun_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class BacktestDocument(models.Model):
    """What a run found, whole: compressed JSON."""

    run = models.OneToOneField(BacktestRun, on_delete=models.CASCADE, primary_key=True, related_name="document")
    packed = models.BinaryField()

    def __str__(self) -> str:
        return str(self.run_id)


class BacktestSteps(models.Model):
    """Some steps of a run that is not over: a worker that takes it up goes on after them."""

    run = models.ForeignKey(BacktestRun, on_delete=models.CASCADE, related_name="steps")
    first = models.PositiveIntegerField()
    packed = models.BinaryField()

    class Meta:
        ordering = ["run", "first"]
        constraints = [models.UniqueConstraint(fields=["run", "first"], name="backteststeps_once")]

    def __str__(self) -> str:
        return f"{self.run_id} from {self.first}"
