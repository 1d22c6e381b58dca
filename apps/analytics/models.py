"""What was calculated from market data."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IndicatorSnapshot(models.Model):
    """All indicator values of one symbol after one closed minute; a value that is not there yet is left out."""

    symbol = models.CharField(_("symbol"), max_length=20)
    starts_at = models.DateTimeField(_("start of the bar"), help_text=_("of the bar they were computed from"))
    values = models.JSONField(_("values"), help_text=_("name to decimal text"))
    wal_position = models.CharField(_("place in the log"), max_length=64, help_text=_("the last market message inside"))

    class Meta:
        verbose_name = _("values of the indicators")
        verbose_name_plural = _("values of the indicators")
        ordering = ["-starts_at", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "starts_at"], name="analytics_indicator_once")]
        indexes = [models.Index(fields=["starts_at"], name="analytics_indicator_starts_at")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.starts_at:%Y-%m-%d %H:%M}"


class DetectedPattern(models.Model):
    """A candlestick or chart pattern, with what makes it."""

    symbol = models.CharField(_("symbol"), max_length=20)
    timeframe = models.CharField(_("timeframe"), max_length=4, help_text=_("the length of its bars"))
    pattern = models.CharField(_("pattern"), max_length=40)
    direction = models.SmallIntegerField(_("direction"), help_text=_("1 speaks for higher prices, -1 for lower ones"))
    confirmed_at = models.DateTimeField(_("confirmed at"), help_text=_("the end of the bar that confirms it"))
    level_vnd = models.BigIntegerField(
        _("level, VND"), help_text=_("neckline, side of the triangle, support or resistance; a candle's close")
    )
    target_vnd = models.BigIntegerField(
        _("target, VND"), null=True, help_text=_("empty where the pattern has no measure")
    )
    strength_percent = models.PositiveSmallIntegerField(_("strength, %"))
    points = models.JSONField(
        _("points"), help_text=_("[start of the bar in ms, price in VND] of what makes it, in order")
    )
    wal_position = models.CharField(_("place in the log"), max_length=64, help_text=_("the last market message inside"))

    class Meta:
        verbose_name = _("pattern found")
        verbose_name_plural = _("patterns found")
        ordering = ["-confirmed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["symbol", "timeframe", "pattern", "confirmed_at", "direction"], name="analytics_pattern_once"
            )
        ]
        indexes = [models.Index(fields=["-confirmed_at", "-id"], name="analytics_pattern_newest")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.pattern} {self.timeframe} {self.confirmed_at:%Y-%m-%d %H:%M}"


class SourceSignal(models.Model):
    """What another program has published about a symbol. Stays as it came: decisions and backtests refer to it."""

    signal_id = models.CharField(_("signal id"), max_length=64, help_text=_("its publisher's own"))
    source = models.CharField(_("source"), max_length=12, help_text=_("prediction or sentiment"))
    symbol = models.CharField(_("symbol"), max_length=20)
    name = models.CharField(_("name"), max_length=40, help_text=_("the model or the score"))
    direction = models.SmallIntegerField(
        _("direction"), help_text=_("1 speaks for higher prices, -1 for lower ones, 0 for neither")
    )
    strength_percent = models.PositiveSmallIntegerField(_("strength, %"), help_text=_("how sure it is"))
    value = models.DecimalField(
        _("value"), max_digits=18, decimal_places=6, help_text=_("its number, such as a probability")
    )
    made_at = models.DateTimeField(_("made at"), help_text=_("market time, as its publisher says"))
    known_at = models.DateTimeField(
        _("taken in at"), help_text=_("market time at which it was taken in: nobody acts upon it before")
    )
    valid_s = models.PositiveIntegerField(_("valid for, s"), help_text=_("it holds for so long after it was made"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    publisher = models.CharField(_("publisher"), max_length=80)

    class Meta:
        verbose_name = _("signal of a source")
        verbose_name_plural = _("signals of sources")
        ordering = ["known_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["publisher", "signal_id"], name="analytics_signal_once"),
            models.CheckConstraint(
                condition=models.Q(direction__range=(-1, 1), strength_percent__range=(0, 100)),
                name="analytics_signal_in_bounds",
            ),
        ]
        indexes = [models.Index(fields=["symbol", "known_at"], name="analytics_signal_by_symbol")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.source} {self.name} {self.direction}"

    @property
    def public_id(self) -> str:
        """Two publishers may use the same."""
        return f"{self.publisher}/{self.signal_id}"
