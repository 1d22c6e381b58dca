"""What a strategy saw live besides the market, and how its days compare with a backtest and a replay of them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.strategies.models.strategies import Strategy
from qts.web.words import MODES, STUDY_STATES, choices


class QuestionNote(models.Model):
    """A question at which what a strategy was shown of itself had changed; `qts.backtest.trace.Note` as a row.

    Only changes are kept: between two notes everything stays.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="notes", verbose_name=_("strategy"))
    run = models.PositiveIntegerField(_("run"))
    code_hash = models.CharField(_("hash of the code"), max_length=64, blank=True)
    mode = models.CharField(_("mode"), max_length=10, choices=choices(MODES))
    trading_day = models.DateField(_("trading day"))
    key = models.CharField(_("event"), max_length=120)
    after_key = models.CharField(_("event before it"), max_length=120, blank=True)
    at_ms = models.BigIntegerField(_("asked at, ms"), help_text=_("market time of the question, Unix ms"))
    holdings = models.JSONField(_("holdings"), default=dict)  # symbol to [held, working], where they changed
    equity_vnd = models.BigIntegerField(_("equity, VND"), null=True)
    fill = models.JSONField(_("fill"), null=True)  # the match that it was told of
    has_begun = models.BooleanField(_("begun anew"), default=False, help_text=_("its process was new"))
    clock_ms = models.BigIntegerField(
        _("clock, ms"), default=0, help_text=_("of a new process: it hears of timers after this moment")
    )
    is_old = models.BooleanField(_("too old"), default=False, help_text=_("it was not asked: the news was too old"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("note on a question")
        verbose_name_plural = _("notes on questions")
        ordering = ["id"]
        indexes = [models.Index(fields=["strategy", "trading_day"], name="questionnote_day")]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.key}"


class ParityStatus(models.TextChoices):
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class ParityDay(models.Model):
    """One strategy on one day: its recorded decisions against a backtest and a replay. Times are of the wall clock.

    `attempt` counts the workers that took it up; what an older one still writes is refused by it.
    """

    strategy = models.ForeignKey(
        Strategy, on_delete=models.CASCADE, related_name="parity_days", verbose_name=_("strategy")
    )
    trading_day = models.DateField(_("trading day"))
    mode = models.CharField(_("mode"), max_length=10, choices=choices(MODES))
    status = models.CharField(_("status"), max_length=10, choices=choices(STUDY_STATES, ParityStatus))
    problem = models.TextField(_("problem"), blank=True)
    problem_kept = models.JSONField(_("what the problem was made of"), default=dict, blank=True)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    decided = models.PositiveIntegerField(_("decisions made"), default=0)  # decisions of the recorded day
    matched = models.PositiveIntegerField(_("equal decisions"), default=0)  # those that the backtest has too
    differing = models.PositiveIntegerField(_("differing decisions"), default=0)  # the same moment, another decision
    missing_live = models.PositiveIntegerField(_("missing live"), default=0)  # the backtest's alone
    missing_backtest = models.PositiveIntegerField(_("missing in the backtest"), default=0)  # the recorded day's alone
    unexplained = models.PositiveIntegerField(_("unexplained"), default=0)
    is_replay_equal = models.BooleanField(_("replay is equal"), null=True)  # None: there was nothing to replay
    profit_vnd = models.BigIntegerField(_("profit, VND"), null=True)  # of the day, before fees
    backtest_profit_vnd = models.BigIntegerField(_("profit in the backtest, VND"), null=True)
    document = models.JSONField(_("document"), default=dict)  # the differences, the fills, the digests
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("day compared")
        verbose_name_plural = _("days compared")
        ordering = ["-trading_day", "strategy"]
        constraints = [models.UniqueConstraint(fields=["strategy", "trading_day"], name="parityday_once")]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.trading_day}: {self.status}"
