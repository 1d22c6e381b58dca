"""What was calculated from market data."""

from django.db import models


class IndicatorSnapshot(models.Model):
    """All indicator values of one symbol after one closed minute; a value that is not there yet is left out."""

    symbol = models.CharField(max_length=20)
    starts_at = models.DateTimeField(help_text="of the bar they were computed from")
    values = models.JSONField(help_text="name to decimal text")
    wal_position = models.CharField(max_length=64, help_text="the last market message inside")

    class Meta:
        ordering = ["-starts_at", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "starts_at"], name="analytics_indicator_once")]
        indexes = [models.Index(fields=["starts_at"], name="analytics_indicator_starts_at")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.starts_at:%Y-%m-%d %H:%M}"
