"""What a strategy saw live besides the market, and how its days compare with a backtest and a replay of them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.strategies.models.strategies import Mode, Strategy


class QuestionNote(models.Model):
    """A question at which what a strategy was shown of itself had changed; `qts.backtest.trace.Note` as a row.

    Only changes are kept: between two notes everything stays.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="notes")
    run = models.PositiveIntegerField()
    code_hash = models.CharField(max_length=64, blank=True)
    mode = models.CharField(max_length=10, choices=Mode)
    trading_day = models.DateField()
    key = models.CharField(max_length=120)
    after_key = models.CharField(max_length=120, blank=True)
    at_ms = models.BigIntegerField(help_text="market time of the question, Unix ms")
    holdings = models.JSONField(default=dict)  # symbol to [held, working], where they changed
    equity_vnd = models.BigIntegerField(null=True)
    fill = models.JSONField(null=True)  # the match that it was told of
    has_begun = models.BooleanField(default=False, help_text="its process was new")
    clock_ms = models.BigIntegerField(default=0, help_text="of a new process: it hears of timers after this moment")
    is_old = models.BooleanField(default=False, help_text="it was not asked: the news was too old")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["strategy", "trading_day"], name="questionnote_day")]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.key}"


class ParityStatus(models.TextChoices):
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")


class ParityDay(models.Model):
    """One strategy on one day: its recorded decisions against a backtest and a replay. Times are of the wall clock.

    `attempt` counts the workers that took it up; what an older one still writes is refused by it.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="parity_days")
    trading_day = models.DateField()
    mode = models.CharField(max_length=10, choices=Mode)
    status = models.CharField(max_length=10, choices=ParityStatus)
    problem = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    decided = models.PositiveIntegerField(default=0)  # decisions of the recorded day
    matched = models.PositiveIntegerField(default=0)  # those that the backtest has too
    differing = models.PositiveIntegerField(default=0)  # the same moment, another decision
    missing_live = models.PositiveIntegerField(default=0)  # the backtest's alone
    missing_backtest = models.PositiveIntegerField(default=0)  # the recorded day's alone
    unexplained = models.PositiveIntegerField(default=0)
    is_replay_equal = models.BooleanField(null=True)  # None: there was nothing to replay
    profit_vnd = models.BigIntegerField(null=True)  # of the day, before fees
    backtest_profit_vnd = models.BigIntegerField(null=True)
    document = models.JSONField(default=dict)  # the differences, the fills, the digests
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-trading_day", "strategy"]
        constraints = [models.UniqueConstraint(fields=["strategy", "trading_day"], name="parityday_once")]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.trading_day}: {self.status}"
