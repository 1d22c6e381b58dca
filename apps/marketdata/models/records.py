"""What QTS knows of the market. Prices are VND (a future's is its VND per contract), quantities whole shares or
contracts; a trading day is a date in Asia/Ho_Chi_Minh, every time is aware UTC."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.domain.values import Exchange, InstrumentKind
from qts.web.words import SECURITY_KINDS, choices


class Security(models.Model):
    """Master data of one listed security, as the broker last told it."""

    symbol = models.CharField(_("symbol"), max_length=20, primary_key=True)
    exchange = models.CharField(_("exchange"), max_length=5, choices=[(e.value, e.value) for e in Exchange])
    kind = models.CharField(_("kind"), max_length=10, choices=choices(SECURITY_KINDS, InstrumentKind))
    name_vi = models.CharField(_("name in Vietnamese"), max_length=200, blank=True)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    lot_size = models.PositiveIntegerField(_("round lot"), default=100)
    listed_quantity = models.BigIntegerField(_("listed shares"), default=0)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("off when the broker's list no longer holds it")
    )
    told_on = models.DateField(
        _("last told on"), null=True, help_text=_("the newest trading day on which the broker told it in full")
    )
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("security")
        verbose_name_plural = _("securities")
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol


class MasterDataLoad(models.Model):
    """One finished load of master data; a day without one has stale master data."""

    trading_day = models.DateField(_("trading day"), unique=True)
    finished_at = models.DateTimeField(_("finished at"))
    securities = models.PositiveIntegerField(_("number of securities"))
    changed = models.PositiveIntegerField(_("securities changed"))

    class Meta:
        verbose_name = _("load of master data")
        verbose_name_plural = _("loads of master data")
        ordering = ["-trading_day"]

    def __str__(self) -> str:
        return f"{self.trading_day}: {self.securities} securities"


class DailyReference(models.Model):
    """Reference, ceiling and floor of one security on one trading day."""

    class Source(models.TextChoices):
        DERIVED = "derived", _("from the last close and the exchange's rules")
        STREAM = "stream", _("told by the exchange")

    symbol = models.CharField(_("symbol"), max_length=20)
    trading_day = models.DateField(_("trading day"))
    reference_vnd = models.BigIntegerField(_("reference, VND"))
    ceiling_vnd = models.BigIntegerField(_("ceiling, VND"))
    floor_vnd = models.BigIntegerField(_("floor, VND"))
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)

    class Meta:
        verbose_name = _("reference of a day")
        verbose_name_plural = _("references of days")
        ordering = ["-trading_day", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["trading_day", "symbol"], name="marketdata_reference_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}: {self.reference_vnd}"


class DailyBar(models.Model):
    """One trading day of one security, unadjusted; order-matched volume and value only."""

    symbol = models.CharField(_("symbol"), max_length=20)
    trading_day = models.DateField(_("trading day"))
    open_vnd = models.BigIntegerField(_("open, VND"))
    high_vnd = models.BigIntegerField(_("high, VND"))
    low_vnd = models.BigIntegerField(_("low, VND"))
    close_vnd = models.BigIntegerField(_("close, VND"))
    volume = models.BigIntegerField(_("volume"))
    value_vnd = models.BigIntegerField(_("value, VND"))

    class Meta:
        verbose_name = _("daily bar")
        verbose_name_plural = _("daily bars")
        ordering = ["-trading_day", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "trading_day"], name="marketdata_daily_bar_once")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}"


class IndexDay(models.Model):
    """One trading day of one index: its close in hundredths of a point, and what was matched of its members."""

    index_code = models.CharField(_("index"), max_length=20)
    trading_day = models.DateField(_("trading day"))
    close_centipoints = models.BigIntegerField(_("close, 0.01 points"))
    match_quantity = models.BigIntegerField(_("matched quantity"))
    match_value_vnd = models.BigIntegerField(_("matched value, VND"))
    deal_quantity = models.BigIntegerField(_("put-through quantity"), help_text=_("put through"))
    deal_value_vnd = models.BigIntegerField(_("put-through value, VND"), help_text=_("put through"))
    advances = models.IntegerField(_("securities up"))
    declines = models.IntegerField(_("securities down"))
    unchanged = models.IntegerField(_("securities unchanged"))

    class Meta:
        verbose_name = _("day of an index")
        verbose_name_plural = _("days of indices")
        ordering = ["-trading_day", "index_code"]
        constraints = [models.UniqueConstraint(fields=["index_code", "trading_day"], name="marketdata_index_day_once")]

    def __str__(self) -> str:
        return f"{self.index_code} {self.trading_day}"


class DailyPrice(models.Model):
    """What the broker tells of a security's day beyond its bar: band, adjusted close, put-through, foreigners."""

    symbol = models.CharField(_("symbol"), max_length=20)
    trading_day = models.DateField(_("trading day"))
    reference_vnd = models.BigIntegerField(_("reference, VND"))
    ceiling_vnd = models.BigIntegerField(_("ceiling, VND"))
    floor_vnd = models.BigIntegerField(_("floor, VND"))
    average_vnd = models.BigIntegerField(_("average price, VND"))
    close_vnd = models.BigIntegerField(_("close, VND"))
    adjusted_close_vnd = models.BigIntegerField(
        _("adjusted close, VND"), help_text=_("by the broker, as of the day on which it was asked")
    )
    deal_quantity = models.BigIntegerField(_("put-through quantity"), help_text=_("put through"))
    deal_value_vnd = models.BigIntegerField(_("put-through value, VND"), help_text=_("put through"))
    foreign_bought_quantity = models.BigIntegerField(_("bought by foreigners"))
    foreign_sold_quantity = models.BigIntegerField(_("sold by foreigners"))
    foreign_bought_value_vnd = models.BigIntegerField(_("bought by foreigners, VND"))
    foreign_sold_value_vnd = models.BigIntegerField(_("sold by foreigners, VND"))
    foreign_room_left = models.BigIntegerField(_("foreign room left"))

    class Meta:
        verbose_name = _("prices of a day")
        verbose_name_plural = _("prices of days")
        ordering = ["-trading_day", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "trading_day"], name="marketdata_daily_price_once")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}"


class PriceRight(models.Model):
    """A right that came off a share: what a price from before its ex-date has to be adjusted by."""

    symbol = models.CharField(_("symbol"), max_length=20)
    ex_date = models.DateField(_("ex-date"))
    kind = models.CharField(_("kind"), max_length=16)
    cash_per_share_vnd = models.BigIntegerField(_("cash a share, VND"), default=0)
    new_shares = models.BigIntegerField(
        _("new shares"), default=0, help_text=_("for the old shares; of a split: in their place")
    )
    old_shares = models.BigIntegerField(_("old shares"), default=1)
    subscription_price_vnd = models.BigIntegerField(_("subscription price, VND"), default=0)

    class Meta:
        verbose_name = _("right that came off a price")
        verbose_name_plural = _("rights that came off prices")
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
    trading_day = models.DateField(_("trading day"))
    wal_segment = models.BigIntegerField(_("segment of the log"))
    wal_offset = models.BigIntegerField(_("offset in the log"))
    wal_part = models.IntegerField(_("part of the message"))
    symbol = models.CharField(_("symbol"), max_length=20)
    price_vnd = models.BigIntegerField(_("price, VND"))
    quantity = models.BigIntegerField(_("quantity"))
    traded_at = models.DateTimeField(_("matched"), help_text=_("the exchange's time, to the second"))
    received_at_ns = models.BigIntegerField(_("received at, ns"), help_text=_("our wall clock, nanoseconds since 1970"))

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        managed = False
        db_table = "marketdata_tick"

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity} @ {self.price_vnd}"


class Bar1m(models.Model):
    """One minute of matches of one security: what its stored ticks add up to, unless it was filled from history."""

    symbol = models.CharField(_("symbol"), max_length=20)
    starts_at = models.DateTimeField(_("start of the bar"))
    trading_day = models.DateField(_("trading day"))
    open_vnd = models.BigIntegerField(_("open, VND"))
    high_vnd = models.BigIntegerField(_("high, VND"))
    low_vnd = models.BigIntegerField(_("low, VND"))
    close_vnd = models.BigIntegerField(_("close, VND"))
    volume = models.BigIntegerField(_("volume"))
    value_vnd = models.BigIntegerField(_("value, VND"))
    trade_count = models.PositiveIntegerField(_("number of matches"))
    received_at_ns = models.BigIntegerField(_("received at, ns"), help_text=_("of the last match inside"))
    wal_position = models.CharField(_("place in the log"), max_length=64, help_text=_("of the last match inside"))
    is_announced = models.BooleanField(_("announced"), default=False, help_text=_("its bar.closed has reached the bus"))
    is_filled = models.BooleanField(_("filled from history"), default=False, help_text=_("from the broker's history"))

    class Meta:
        verbose_name = _("one-minute bar")
        verbose_name_plural = _("one-minute bars")
        ordering = ["-starts_at", "symbol"]
        constraints = [models.UniqueConstraint(fields=["symbol", "starts_at"], name="marketdata_bar1m_once")]
        indexes = [
            models.Index(fields=["starts_at"], name="marketdata_bar1m_starts_at"),
            models.Index(fields=["id"], condition=models.Q(is_announced=False), name="marketdata_bar1m_unannounced"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.starts_at:%Y-%m-%d %H:%M}"
