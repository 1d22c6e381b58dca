"""FC Data REST, what has traded: bars of days and minutes, daily prices, daily index values."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Final

from qts.domain.market import VIETNAM, RuleBook, price_band
from simulator.exchange.history import DailyBar
from simulator.exchange.security import DayTotals, Security
from simulator.market_store import MinuteBar
from simulator.server.data_queries import BadQuery, Query, Row, Rows, in_order, market_of, price_text, range_of
from simulator.trading_days import day_text
from simulator.wire.texts import whole_number
from simulator.world import World

_MINUTE_MS: Final = 60_000
_RESOLUTION_MAX: Final = 1_440
_LOOK_BACK: Final = timedelta(days=20)  # for the close before the first day asked for, over the longest holidays


class History:
    """`range_days_max` is asked for at each call: it can be switched."""

    def __init__(self, world: World, range_days_max: Callable[[], int]) -> None:
        self._world = world
        self._range_days_max = range_days_max

    def range_of(self, query: Query) -> tuple[date, date]:
        return range_of(query, self.today(), self._range_days_max())

    def today(self) -> date:
        return self._world.exchange.day or datetime.now(tz=VIETNAM).date()

    # --- calls ----------------------------------------------------------------------------------------------------

    def daily_ohlc(self, query: Query) -> Rows:
        security = self._security(query)
        first, last = self.range_of(query)
        if security is None:
            return []
        rows = [
            {
                "Symbol": security.symbol,
                "Market": market_of(security),
                "TradingDate": day_text(bar.day),
                "Time": None,
                "Open": price_text(security, bar.open_vnd),
                "High": price_text(security, bar.high_vnd),
                "Low": price_text(security, bar.low_vnd),
                "Close": price_text(security, bar.close_vnd),
                "Volume": str(bar.volume),
                "Value": str(bar.value_vnd),
            }
            for bar in self._world.store.daily_bars(security.symbol, first, last)
        ]
        return in_order(rows, query)

    def intraday_ohlc(self, query: Query) -> Rows:
        """Bars of `resolution` minutes of simulated days; `Time` is that of the last match, `Value` the close."""
        security = self._security(query)
        first, last = self.range_of(query)
        resolution = whole_number(query.get("resolution", "1"))
        if resolution is None or not 1 <= resolution <= _RESOLUTION_MAX:
            raise BadQuery("Resolution is not supported")
        if security is None:
            return []
        minutes = self._world.store.minute_bars(security.symbol, first, last)
        return in_order([_intraday_row(security, bar) for bar in _merged(minutes, resolution)], query)

    def daily_stock_price(self, query: Query) -> Rows:
        """Of one security or, without a symbol, of a market or of all: by symbol, then by day."""
        first, last = self.range_of(query)
        symbol, market = query.get("symbol", "").upper(), query.get("market", "").upper()
        chosen = [
            one
            for one in self._world.exchange.securities.values()
            if symbol in ("", one.symbol, *one.listing.aliases) and market in ("", market_of(one))
        ]
        return [row for one in chosen for row in self._price_rows(one, first, last)]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _security(self, query: Query) -> Security | None:
        return self._world.exchange.find(query.get("symbol", "").upper())

    def _rules(self, day: date) -> RuleBook:
        return self._world.exchange.history.on(day)

    def _price_rows(self, security: Security, first: date, last: date) -> Rows:
        rows, today = [], self.today()
        if first < today:
            bars = self._world.store.daily_bars(security.symbol, first - _LOOK_BACK, last)
            rows = [
                _price_row(security, bar, before.close_vnd, DayTotals(), self._rules(bar.day))
                for before, bar in pairwise(bars)
                if bar.day >= first and bar.day != today
            ]
        totals = security.totals
        if last == today and totals.quantity:
            bar = DailyBar(
                day=today,
                open_vnd=totals.open_vnd,
                high_vnd=totals.high_vnd,
                low_vnd=totals.low_vnd,
                close_vnd=totals.last_vnd,
                volume=totals.quantity,
                value_vnd=totals.value_vnd,
            )
            rows.append(_price_row(security, bar, security.reference_vnd, totals, security.rules))
        return rows


def _merged(minutes: Iterable[MinuteBar], resolution: int) -> list[MinuteBar]:
    span_ms = resolution * _MINUTE_MS
    merged = []
    for start, group in groupby(minutes, lambda bar: bar.start_ms // span_ms):
        bars = list(group)
        merged.append(
            MinuteBar(
                start_ms=start * span_ms,
                last_ms=bars[-1].last_ms,
                open_vnd=bars[0].open_vnd,
                high_vnd=max(bar.high_vnd for bar in bars),
                low_vnd=min(bar.low_vnd for bar in bars),
                close_vnd=bars[-1].close_vnd,
                volume=sum(bar.volume for bar in bars),
            )
        )
    return merged


def _intraday_row(security: Security, bar: MinuteBar) -> Row:
    at = datetime.fromtimestamp(bar.last_ms / 1000, tz=UTC).astimezone(VIETNAM)
    close = price_text(security, bar.close_vnd)
    return {
        "Symbol": security.symbol,
        "Value": close,
        "TradingDate": day_text(at.date()),
        "Time": at.strftime("%H:%M:%S"),
        "Open": price_text(security, bar.open_vnd),
        "High": price_text(security, bar.high_vnd),
        "Low": price_text(security, bar.low_vnd),
        "Close": close,
        "Volume": str(bar.volume),
    }


def _price_row(security: Security, bar: DailyBar, reference_vnd: int, totals: DayTotals, rules: RuleBook) -> Row:
    """A day of DailyStockPrice. Foreign trade is known of today alone; put-through and order counts never."""
    instrument = security.listing.instrument
    band = price_band(rules, instrument.exchange, instrument.kind, reference_vnd)
    change_vnd = bar.close_vnd - reference_vnd
    net_quantity = totals.foreign_bought_quantity - totals.foreign_sold_quantity
    net_value_vnd = totals.foreign_bought_value_vnd - totals.foreign_sold_value_vnd
    return {
        "TradingDate": day_text(bar.day),
        "PriceChange": price_text(security, change_vnd),
        "PerPriceChange": f"{change_vnd * 100 / reference_vnd:.2f}",
        "CeilingPrice": price_text(security, band.ceiling_vnd),
        "FloorPrice": price_text(security, band.floor_vnd),
        "RefPrice": price_text(security, reference_vnd),
        "OpenPrice": price_text(security, bar.open_vnd),
        "HighestPrice": price_text(security, bar.high_vnd),
        "LowestPrice": price_text(security, bar.low_vnd),
        "ClosePrice": price_text(security, bar.close_vnd),
        "AveragePrice": price_text(security, bar.value_vnd // bar.volume),
        "ClosePriceAdjusted": price_text(security, bar.close_vnd),
        "TotalMatchVol": str(bar.volume),
        "TotalMatchVal": str(bar.value_vnd),
        "TotalDealVal": "0",
        "TotalDealVol": "0",
        "ForeignBuyVolTotal": str(totals.foreign_bought_quantity),
        "ForeignCurrentRoom": str(security.room_left if totals.quantity else 0),
        "ForeignSellVolTotal": str(totals.foreign_sold_quantity),
        "ForeignBuyValTotal": str(totals.foreign_bought_value_vnd),
        "ForeignSellValTotal": str(totals.foreign_sold_value_vnd),
        "TotalBuyTrade": "0",
        "TotalBuyTradeVol": "0",
        "TotalSellTrade": "0",
        "TotalSellTradeVol": "0",
        "NetBuySellVol": str(net_quantity),
        "NetBuySellVal": str(net_value_vnd),
        "TotalTradedVol": str(bar.volume),
        "TotalTradedValue": str(bar.value_vnd),
        "Symbol": security.symbol,
        "Time": None,
    }
