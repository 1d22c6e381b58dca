"""Backtests: the bars, what was asked of them, how far it is, and what was found. Times are of the wall clock.

Everything is in the database and nothing in files: a run may be taken up by a worker on another machine.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.backtest import BarPeriod, StudyKind
from qts.web.words import BAR_PERIODS, STUDIES, STUDY_STATES, choices


class BacktestStatus(models.TextChoices):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class BacktestData(models.Model):
    """Bars as they were when they were chosen, under the hash of what they are; runs share them."""

    class Source(models.TextChoices):
        STORE = "STORE", _("Bar store")
        UPLOAD = "UPLOAD", _("Uploaded file")

    digest = models.CharField(_("hash"), max_length=64, primary_key=True)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    name = models.CharField(_("name"), max_length=120, help_text=_("of the file, or what was chosen from the store"))
    period = models.CharField(_("length of a bar"), max_length=8, choices=choices(BAR_PERIODS, BarPeriod))
    symbols = ArrayField(models.CharField(max_length=20), verbose_name=_("symbols"))
    bar_count = models.PositiveIntegerField(_("number of bars"))
    first_at = models.DateTimeField(_("first at"))
    last_at = models.DateTimeField(_("last at"))
    packed = models.BinaryField(_("packed data"), help_text=_("as qts.backtest.packing makes it"))
    created_by = models.CharField(_("created by"), max_length=80)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("data of a backtest")
        verbose_name_plural = _("data of backtests")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:8]})"


class BacktestRun(models.Model):
    """One study. `attempt` counts the workers that took it up; what an older one still writes is refused by it."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=choices(STUDIES, StudyKind))
    strategies = ArrayField(models.CharField(max_length=200), verbose_name=_("strategies"))
    symbols = ArrayField(models.CharField(max_length=20), verbose_name=_("symbols"))
    study = models.JSONField(_("study"))
    data = models.ForeignKey(BacktestData, on_delete=models.PROTECT, related_name="runs", verbose_name=_("data"))
    status = models.CharField(_("status"), max_length=10, choices=choices(STUDY_STATES), default=BacktestStatus.QUEUED)
    problem = models.TextField(_("problem"), blank=True)
    problem_kept = models.JSONField(_("what the problem was made of"), default=dict, blank=True)  # docs/adr/0039
    trace = models.TextField(
        _("error of the strategy"), blank=True, help_text=_("the last lines of the strategy's own error")
    )
    progress_done = models.BigIntegerField(_("steps done"), default=0)
    progress_total = models.BigIntegerField(_("steps in all"), default=0)
    is_cancel_asked = models.BooleanField(_("cancel asked for"), default=False)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    code_hash = models.CharField(_("hash of the code"), max_length=64, blank=True)
    trades_hash = models.CharField(_("hash of the trades"), max_length=64, blank=True)
    summary = models.JSONField(_("summary"), default=dict)
    created_by = models.CharField(_("created by"), max_length=80)
    queued_at = models.DateTimeField(_("queued at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("backtest")
        verbose_name_plural = _("backtests")
        ordering = ["-queued_at", "id"]
        indexes = [
            models.Index(fields=["status", "queued_at"], name="backtestrun_status"),
            models.Index(fields=["-queued_at"], name="backtestrun_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class BacktestDocument(models.Model):
    """What a run found, whole: compressed JSON."""

    run = models.OneToOneField(
        BacktestRun, on_delete=models.CASCADE, primary_key=True, related_name="document", verbose_name=_("backtest")
    )
    packed = models.BinaryField(_("packed data"))

    class Meta:
        verbose_name = _("result of a backtest")
        verbose_name_plural = _("results of backtests")

    def __str__(self) -> str:
        return str(self.run_id)


class BacktestSteps(models.Model):
    """Some steps of a run that is not over: a worker that takes it up goes on after them."""

    run = models.ForeignKey(BacktestRun, on_delete=models.CASCADE, related_name="steps", verbose_name=_("backtest"))
    first = models.PositiveIntegerField(_("first step"))
    packed = models.BinaryField(_("packed data"))

    class Meta:
        verbose_name = _("steps of a backtest")
        verbose_name_plural = _("steps of backtests")
        ordering = ["run", "first"]
        constraints = [models.UniqueConstraint(fields=["run", "first"], name="backteststeps_once")]

    def __str__(self) -> str:
        return f"{self.run_id} from {self.first}"
