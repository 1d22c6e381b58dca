"""What a strategy heard on a day: the answer to 'why did nothing happen?'"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.strategies.models.strategies import Strategy


class Attendance(models.Model):
    """One strategy, trading day and symbol. Without a symbol it is the strategy itself: from when to when it sat at the
    desk, and what is of no symbol (timers, sessions).

    Counts say what it was asked about; after the death of a worker an event may be counted twice. `late_count` came
    too late to be asked about. `cold` are indicators that had no value at the last bar. `rules` is the tally of a
    document's conditions (`apps.strategies.services.tally`), empty for code.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="+", verbose_name=_("strategy"))
    trading_day = models.DateField(_("trading day"))
    symbol = models.CharField(_("symbol"), max_length=20, blank=True)
    first_at = models.DateTimeField(_("first at"))  # market time
    last_at = models.DateTimeField(_("last at"))  # market time
    last_kind = models.CharField(_("kind of the last event"), max_length=10, blank=True)
    bar_count = models.PositiveIntegerField(_("number of bars"), default=0)
    tick_count = models.PositiveIntegerField(_("matches of the market"), default=0)
    fill_count = models.PositiveIntegerField(_("fills"), default=0)
    timer_count = models.PositiveIntegerField(_("timers"), default=0)
    session_count = models.PositiveIntegerField(_("changes of session"), default=0)
    late_count = models.PositiveIntegerField(_("events too late"), default=0)
    cold = models.JSONField(_("indicators without a value"), default=list)
    rules = models.JSONField(_("conditions met"), default=dict)

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        ordering = ["strategy", "-trading_day", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["strategy", "trading_day", "symbol"], name="strategies_one_attendance"),
        ]
        indexes = [models.Index(fields=["trading_day"], name="strategies_attendance_day")]

    def __str__(self) -> str:
        return f"{self.trading_day} {self.symbol}: {self.bar_count}"
