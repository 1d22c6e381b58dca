"""What QTS knows of the market. Prices are VND (a future's is its VND per contract), quantities whole shares or
contracts; a trading day is a date in Asia/Ho_Chi_Minh, every time is aware UTC."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.domain.values import Exchange, GapCause, InstrumentKind


class Security(models.Model):
    """Master data of one listed security, as the broker last told it."""

    symbol = models.CharField(max_length=20, primary_key=True)
    exchange = models.CharField(max_length=5, choices=[(e.value, e.value) for e in Exchange])
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in InstrumentKind])
    name_vi = models.CharField(max_length=200, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    lot_size = models.PositiveIntegerField(default=100)
    listed_quantity = models.BigIntegerField(default=0)
    is_active = models.BooleanField(default=True, help_text="False when the broker's list no longer holds it")
    told_on = models.DateField(null=True, help_text="the newest trading day on which the broker told it in full")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["symbol"]
        verbose_name_plural = "securities"

    def __str__(self) -> str:
        return self.symbol


class MasterDataLoad(models.Model):
    """One finished load of master data; a day without one has stale master data."""

    trading_day = models.DateField(unique=True)
    finished_at = models.DateTimeField()
    securities = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()

    class Meta:
        ordering = ["-trading_day"]

    def __str__(self) -> str:
        return f"{self.trading_day}: {self.securities} securities"


class DailyReference(models.Model):
    """Reference, ceiling and floor of one security on one trading day."""

    class Source(models.TextChoices):
        DERIVED = "derived", "from the last close and the exchange's rules"
        STREAM = "stream", "told by the exchange"

    symbol = models.CharField(max_length=20)
    trading_day = models.DateField()
    reference_vnd = models.BigIntegerField()
    ceiling_vnd = models.BigIntegerField()
    floor_vnd = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)

    class Meta:
        ordering = ["-trading_day", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["trading_day", "symbol"], name="marketdata_reference_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}: {self.reference_vnd}"


class DailyBar(models.Model):
    """One trading day of one security, unadjusted; order-matched volume and value only."""

    symbol = models.CharField(max_length=20)
    trading_day = models.DateField()
    open_vnd = models.BigIntegerField()
    high_vnd = models.BigIntegerField()
    low_vnd = models.BigIntegerField()
    close_vnd = models.BigIntegerField()
    volume = models.BigIntegerField()
    value_vnd = models.BigIntegerField()

    class Meta:
        ordering = ["-trading_day", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "trading_day"], name="marketdata_daily_bar_once")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}"


class IndexDay(models.Model):
    """One trading day of one index: its close in hundredths of a point, and what was matched of its members."""

    index_code = models.CharField(max_length=20)
    trading_day = models.DateField()
    close_centipoints = models.BigIntegerField()
    match_quantity = models.BigIntegerField()
    match_value_vnd = models.BigIntegerField()
    deal_quantity = models.BigIntegerField(help_text="put through")
    deal_value_vnd = models.BigIntegerField(help_text="put through")
    advances = models.IntegerField()
    declines = models.IntegerField()
    unchanged = models.IntegerField()

    class Meta:
        ordering = ["-trading_day", "index_code"]
        constraints = [models.UniqueConstraint(fields=["index_code", "trading_day"], name="marketdata_index_day_once")]

    def __str__(self) -> str:
        return f"{self.index_code} {self.trading_day}"


class DailyPrice(models.Model):
    """What the broker tells of a security's day beyond its bar: band, adjusted close, put-through, foreigners."""

    symbol = models.CharField(max_length=20)
    trading_day = models.DateField()
    reference_vnd = models.BigIntegerField()
    ceiling_vnd = models.BigIntegerField()
    floor_vnd = models.BigIntegerField()
    average_vnd = models.BigIntegerField()
    close_vnd = models.BigIntegerField()
    adjusted_close_vnd = models.BigIntegerField(help_text="by the broker, as of the day on which it was asked")
    deal_quantity = models.BigIntegerField(help_text="put through")
    deal_value_vnd = models.BigIntegerField(help_text="put through")
    foreign_bought_quantity = models.BigIntegerField()
    foreign_sold_quantity = models.BigIntegerField()
    foreign_bought_value_vnd = models.BigIntegerField()
    foreign_sold_value_vnd = models.BigIntegerField()
    foreign_room_left = models.BigIntegerField()

    class Meta:
        ordering = ["-trading_day", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "trading_day"], name="marketdata_daily_price_once")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}"


class PriceRight(models.Model):
    """A right that came off a share: what a price from before its ex-date has to be adjusted by."""

    symbol = models.CharField(max_length=20)
    ex_date = models.DateField()
    kind = models.CharField(max_length=16)
    cash_per_share_vnd = models.BigIntegerField(default=0)
    new_shares = models.BigIntegerField(default=0, help_text="for each `old_shares`; of a split: in their place")
    old_shares = models.BigIntegerField(default=1)
    subscription_price_vnd = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["symbol", "ex_date"]
        constraints = [models.UniqueConstraint(fields=["symbol", "ex_date", "kind"], name="marketdata_right_once")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.ex_date}: {self.kind}"


class Tick(models.Model):
    """One match. The key is the place of its message in the write-ahead log: equal messages are separate fills.

    The time of receipt belongs to the key because a log that was wiped counts from its beginning again.

    The table is partitioned by trading day (see migration 0002), so Django does not manage it.
    """

    pk = models.CompositePrimaryKey("trading_day", "wal_segment", "wal_offset", "wal_part", "received_at_ns")
    trading_day = models.DateField()
    wal_segment = models.BigIntegerField()
    wal_offset = models.BigIntegerField()
    wal_part = models.IntegerField()
    symbol = models.CharField(max_length=20)
    price_vnd = models.BigIntegerField()
    quantity = models.BigIntegerField()
    traded_at = models.DateTimeField(help_text="the exchange's time, to the second")
    received_at_ns = models.BigIntegerField(help_text="our wall clock, nanoseconds since 1970")

    class Meta:
        managed = False
        db_table = "marketdata_tick"

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity} @ {self.price_vnd}"


class Bar1m(models.Model):
    """One minute of matches of one security: what its stored ticks add up to, unless it was filled from history."""

    symbol = models.CharField(max_length=20)
    starts_at = models.DateTimeField()
    trading_day = models.DateField()
    open_vnd = models.BigIntegerField()
    high_vnd = models.BigIntegerField()
    low_vnd = models.BigIntegerField()
    close_vnd = models.BigIntegerField()
    volume = models.BigIntegerField()
    value_vnd = models.BigIntegerField()
    trade_count = models.PositiveIntegerField()
    received_at_ns = models.BigIntegerField(help_text="of the last tick inside")
    wal_position = models.CharField(max_length=64, help_text="of the last tick inside")
    is_announced = models.BooleanField(default=False, help_text="its bar.closed has reached the bus")
    is_filled = models.BooleanField(default=False, help_text="from the broker's history")

    class Meta:
        ordering = ["-starts_at", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "starts_at"], name="marketdata_bar1m_once")]
        indexes = [
            models.Index(fields=["starts_at"], name="marketdata_bar1m_starts_at"),
            models.Index(fields=["id"], condition=models.Q(is_announced=False), name="marketdata_bar1m_unannounced"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.starts_at:%Y-%m-%d %H:%M}"


class IngestCheckpoint(models.Model):
    """How far a writer of the market-data store has come.

    `epoch` is the fencing number of the lease of its holder: a holder that overslept its lease finds a higher one
    here and its transaction is rolled back.
    """

    name = models.CharField(max_length=40, primary_key=True)
    epoch = models.BigIntegerField(default=0)
    wal_position = models.CharField(max_length=64, blank=True)
    closed_until = models.DateTimeField(null=True, help_text="every minute that ended by then has its bars")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.wal_position}"


class DeadLetter(models.Model):
    """A market message that could not become an event. The stream went on."""

    class Outcome(models.TextChoices):
        """Of reading it once more."""

        NONE = "", _("not read again yet")
        PUBLISHED = "PUBLISHED", _("readable now: its match was published")
        SUPERSEDED = "SUPERSEDED", _("readable now: newer messages have replaced it")
        UNREADABLE = "UNREADABLE", _("still unreadable")
        GONE = "GONE", _("the log does not keep it any more")

    wal_position = models.CharField(max_length=64)
    raw = models.TextField()
    raw_bytes = models.BinaryField(default=bytes, help_text="the message as it came")
    reason = models.CharField(max_length=500)
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default=Outcome.NONE)
    replayed_at = models.DateTimeField(null=True, help_text="wall clock")
    replay_count = models.PositiveIntegerField(default=0)

    class Meta:
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
        WAITING = "WAITING", _("waiting for history")
        COMPLETE = "COMPLETE", _("nothing was missed")
        FILLED = "FILLED", _("filled from history")
        PARTIAL = "PARTIAL", _("filled in part")
        IMPOSSIBLE = "IMPOSSIBLE", _("history has no more")

    symbols = models.CharField(max_length=500)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    cause = models.CharField(max_length=10, choices=[(one.value, one.value) for one in GapCause], default="RECONNECT")
    market_from_at = models.DateTimeField(help_text="time of the market")
    market_to_at = models.DateTimeField(help_text="time of the market")
    marked_at = models.DateTimeField(help_text="wall clock", auto_now_add=True)
    fill = models.CharField(max_length=10, choices=Fill.choices, default=Fill.WAITING)
    fill_attempts = models.PositiveSmallIntegerField(default=0)
    filled_minutes = models.PositiveIntegerField(default=0)
    filled_quantity = models.BigIntegerField(default=0, help_text="shares or contracts of the matches that were missed")
    missing_quantity = models.BigIntegerField(default=0, help_text="of them, what history does not have either")

    class Meta:
        ordering = ["-from_at"]
        constraints = [models.UniqueConstraint(fields=["symbols", "from_at"], name="marketdata_gap_once")]
        indexes = [models.Index(fields=["market_from_at"], name="marketdata_gap_market_from")]

    def __str__(self) -> str:
        return f"{self.symbols} {self.from_at:%Y-%m-%d %H:%M:%S}: {self.reason}"


class ArchivedDay(models.Model):
    """The rows of one closed day in a Parquet file, compared row by row after it was written."""

    class Kind(models.TextChoices):
        TICKS = "ticks", "matches"
        MINUTES = "minutes", "one-minute bars"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    trading_day = models.DateField()
    path = models.CharField(max_length=200, help_text="below ARCHIVE_DIR")
    row_count = models.PositiveBigIntegerField()
    rows_digest = models.CharField(max_length=64)
    file_sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    archived_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True, help_text="since when the rows are in the file alone")

    class Meta:
        ordering = ["-trading_day", "kind"]
        constraints = [models.UniqueConstraint(fields=["kind", "trading_day"], name="marketdata_archived_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.trading_day}: {self.row_count} rows"


class HistoryBackfill(models.Model):
    """How far back the history of a symbol or an index was asked for. It goes backwards: the newest days come first."""

    class Kind(models.TextChoices):
        DAYS = "days", "daily bars"
        MINUTES = "minutes", "one-minute bars"
        PRICES = "prices", "daily prices"
        INDICES = "indices", "days of an index"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    symbol = models.CharField(max_length=20)
    done_from = models.DateField(help_text="this day and those after it have been asked for")
    done_until = models.DateField(null=True, help_text="where days go on being asked for: up to this one they have")
    bar_count = models.PositiveIntegerField(default=0, help_text="bars or days that came")
    refusal = models.CharField(max_length=300, blank=True, help_text="what the broker said; asked again the next day")
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "symbol"]
        constraints = [models.UniqueConstraint(fields=["kind", "symbol"], name="marketdata_backfill_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.symbol} from {self.done_from}"
