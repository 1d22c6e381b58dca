"""What QTS knows of the market. Prices are VND (a future's is its VND per contract), quantities whole shares or
contracts; a trading day is a date in Asia/Ho_Chi_Minh, every time is aware UTC."""

from django.db import models

from qts.domain.values import Exchange, InstrumentKind


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


class MarketHoliday(models.Model):
    """A day that differs from the public calendar: a closed weekday, or one that trades after all."""

    day = models.DateField(unique=True)
    is_trading_day = models.BooleanField(default=False)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.reason}"


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
    """One minute of matches of one security, always equal to what its stored ticks add up to."""

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

    wal_position = models.CharField(max_length=64)
    raw = models.TextField()
    reason = models.CharField(max_length=500)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["received_at", "wal_position"], name="marketdata_letter_once")]

    def __str__(self) -> str:
        return f"{self.wal_position}: {self.reason}"


class MarketGap(models.Model):
    """Between the two moments of the wall clock market messages may be missing for the symbols ('*' = all)."""

    symbols = models.CharField(max_length=500)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-from_at"]
        constraints = [models.UniqueConstraint(fields=["symbols", "from_at"], name="marketdata_gap_once")]

    def __str__(self) -> str:
        return f"{self.symbols} {self.from_at:%Y-%m-%d %H:%M:%S}: {self.reason}"
