"""How far writing, archiving and asking for history have come, and what of the stream was lost or unreadable."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.domain.values import GapCause
from qts.web.words import ARCHIVED, GAP_CAUSES, GAP_FILLS, HISTORY_KINDS, LETTER_OUTCOMES, choices


class IngestCheckpoint(models.Model):
    """How far a writer of the market-data store has come.

    `epoch` is the fencing number of the lease of its holder: a holder that overslept its lease finds a higher one
    here and its transaction is rolled back.
    """

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    epoch = models.BigIntegerField(_("epoch"), default=0)
    wal_position = models.CharField(_("place in the log"), max_length=64, blank=True)
    closed_until = models.DateTimeField(
        _("bars closed until"), null=True, help_text=_("every minute that ended by then has its bars")
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("checkpoint of a writer")
        verbose_name_plural = _("checkpoints of writers")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.wal_position}"


class DeadLetter(models.Model):
    """A market message that could not become an event. The stream went on."""

    class Outcome(models.TextChoices):
        """Of reading it once more."""

        NONE = ""
        PUBLISHED = "PUBLISHED"
        SUPERSEDED = "SUPERSEDED"
        UNREADABLE = "UNREADABLE"
        GONE = "GONE"

    wal_position = models.CharField(_("place in the log"), max_length=64)
    raw = models.TextField(_("message"))
    raw_bytes = models.BinaryField(_("message as it came"), default=bytes, help_text=_("the message as it came"))
    reason = models.CharField(_("reason"), max_length=500)
    received_at = models.DateTimeField(_("received at"))
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=choices(LETTER_OUTCOMES), blank=True, default=Outcome.NONE
    )
    replayed_at = models.DateTimeField(_("read again at"), null=True, help_text=_("wall clock"))
    replay_count = models.PositiveIntegerField(_("times read again"), default=0)

    class Meta:
        verbose_name = _("unreadable message")
        verbose_name_plural = _("unreadable messages")
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["received_at", "wal_position"], name="marketdata_letter_once")]

    def __str__(self) -> str:
        return f"{self.wal_position}: {self.reason}"


class MarketGap(models.Model):
    """Between the two moments of the wall clock market messages may be missing for the symbols ('*' = all).

    The market's own times are the last ones that it named before and the first ones after; its minutes are filled from
    the broker's history where that has more matches than came.
    """

    class Fill(models.TextChoices):
        WAITING = "WAITING"
        COMPLETE = "COMPLETE"
        FILLED = "FILLED"
        PARTIAL = "PARTIAL"
        IMPOSSIBLE = "IMPOSSIBLE"

    symbols = models.CharField(_("symbols"), max_length=500)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    cause = models.CharField(_("cause"), max_length=10, choices=choices(GAP_CAUSES, GapCause), default="RECONNECT")
    market_from_at = models.DateTimeField(_("from, market time"), help_text=_("market time"))
    market_to_at = models.DateTimeField(_("until, market time"), help_text=_("market time"))
    marked_at = models.DateTimeField(_("noticed"), help_text=_("wall clock"), auto_now_add=True)
    fill = models.CharField(_("filling"), max_length=10, choices=choices(GAP_FILLS), default=Fill.WAITING)
    fill_attempts = models.PositiveSmallIntegerField(_("attempts to fill"), default=0)
    filled_minutes = models.PositiveIntegerField(_("minutes filled"), default=0)
    filled_quantity = models.BigIntegerField(
        _("quantity filled in"), default=0, help_text=_("shares or contracts of the matches that were missed")
    )
    missing_quantity = models.BigIntegerField(
        _("quantity missing"), default=0, help_text=_("of them, what history does not have either")
    )

    class Meta:
        verbose_name = _("gap in the market data")
        verbose_name_plural = _("gaps in the market data")
        ordering = ["-from_at"]
        constraints = [models.UniqueConstraint(fields=["symbols", "from_at"], name="marketdata_gap_once")]
        indexes = [models.Index(fields=["market_from_at"], name="marketdata_gap_market_from")]

    def __str__(self) -> str:
        return f"{self.symbols} {self.from_at:%Y-%m-%d %H:%M:%S}: {self.reason}"


class ArchivedDay(models.Model):
    """The rows of one closed day in a Parquet file, compared row by row after it was written."""

    class Kind(models.TextChoices):
        TICKS = "ticks"
        MINUTES = "minutes"

    kind = models.CharField(_("kind"), max_length=10, choices=choices(ARCHIVED))
    trading_day = models.DateField(_("trading day"))
    path = models.CharField(_("file"), max_length=200, help_text=_("below ARCHIVE_DIR"))
    row_count = models.PositiveBigIntegerField(_("number of rows"))
    rows_digest = models.CharField(_("hash of the rows"), max_length=64)
    file_sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    size_bytes = models.PositiveBigIntegerField(_("size, bytes"))
    archived_at = models.DateTimeField(_("archived at"))
    dropped_at = models.DateTimeField(
        _("dropped from the database at"), null=True, help_text=_("since when the rows are in the file alone")
    )

    class Meta:
        verbose_name = _("archived day")
        verbose_name_plural = _("archived days")
        ordering = ["-trading_day", "kind"]
        constraints = [models.UniqueConstraint(fields=["kind", "trading_day"], name="marketdata_archived_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.trading_day}: {self.row_count} rows"


class HistoryBackfill(models.Model):
    """How far back the history of a symbol or an index was asked for. It goes backwards: the newest days come first."""

    class Kind(models.TextChoices):
        DAYS = "days"
        MINUTES = "minutes"
        PRICES = "prices"
        INDICES = "indices"

    kind = models.CharField(_("kind"), max_length=10, choices=choices(HISTORY_KINDS))
    symbol = models.CharField(_("symbol"), max_length=20)
    done_from = models.DateField(_("asked for from"), help_text=_("this day and those after it have been asked for"))
    done_until = models.DateField(
        _("asked for until"), null=True, help_text=_("where days go on being asked for: up to this one they have")
    )
    bar_count = models.PositiveIntegerField(_("number of bars"), default=0, help_text=_("bars or days that came"))
    refusal = models.CharField(
        _("refusal"), max_length=300, blank=True, help_text=_("what the broker said; asked again the next day")
    )
    asked_at = models.DateTimeField(_("asked at"))

    class Meta:
        verbose_name = _("history asked for")
        verbose_name_plural = _("history asked for")
        ordering = ["kind", "symbol"]
        constraints = [models.UniqueConstraint(fields=["kind", "symbol"], name="marketdata_backfill_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.symbol} from {self.done_from}"
