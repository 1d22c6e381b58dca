"""Recorded market data as lists of matches: tick files (`time,price,volume,side`), minute bars and daily bars.

Tick files hold an index future in points, one day a file. Bar files (`symbol,time,open,high,low,close,volume`, prices
in thousand VND, or `date` in place of `time`) hold many days and symbols; a minute bar becomes at most four matches
that give the same bar again. A daily bar becomes an opening, a closing, and matches along a way between them that
touches its high and its low, with the volume curve of an ordinary day.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from qts.domain.market import FUTURE_MULTIPLIER_VND, Band, RuleBook, RuleHistory, built_in_history, round_down_to_tick
from qts.domain.values import Side
from simulator.exchange.calibrated import CLOSING_PERCENT, volume_share
from simulator.listings import Listing, future_listing, vn30_listings

_TICK_COLUMNS: Final = {"time", "price", "volume", "side"}
_BAR_COLUMNS: Final = {"symbol", "time", "open", "high", "low", "close", "volume"}
_DAILY_COLUMNS: Final = (_BAR_COLUMNS - {"time"}) | {"date"}
_MS: Final = 1000
_DAYS_OF_REST: Final = 15  # at most: a week's holiday and its weekends
_DATE_LENGTH: Final = len("2024-01-02")
_DAILY_MINUTES: Final = (*range(9 * 60 + 15, 11 * 60 + 30, 5), *range(13 * 60, 14 * 60 + 30, 5))
_CLOSE_MINUTE: Final = 14 * 60 + 45


class Print(NamedTuple):
    """One match; `ms_of_day` is Vietnam's time of day, the aggressor may be unknown."""

    ms_of_day: int
    symbol: str
    price_vnd: int
    quantity: int
    aggressor: Side | None


@dataclass(frozen=True, slots=True)
class Recording:
    """Trading days, each in order of time. A listing's reference price is the first price recorded."""

    days: tuple[tuple[Print, ...], ...]
    listings: tuple[Listing, ...]

    def range_of(self, symbol: str) -> Band:
        prices = [one.price_vnd for day in self.days for one in day if one.symbol == symbol]
        return Band(ceiling_vnd=max(prices), floor_vnd=min(prices))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a file: the contract of a tick file; the first day of a bar file, how many, and which symbols."""

    contract: str = "VN30F1M"
    first_day: date | None = None
    day_count: int = 1
    symbols: list[str] | None = None


def read_recording(file: Path, wanted: Wanted = Wanted(), history: RuleHistory | None = None) -> Recording:
    """Raises ValueError, with the line, for a file that is none of the three or holds nothing of what is wanted."""
    with _opened(file) as lines:
        reader = csv.DictReader(lines)
        columns = set(reader.fieldnames or ())
        if columns >= _BAR_COLUMNS or columns >= _DAILY_COLUMNS:
            listings = {listing.symbol: listing for listing in vn30_listings(wanted.symbols)}
            name = "time" if columns >= _BAR_COLUMNS else "date"
            days = _bar_days(reader, name, wanted, listings, history or built_in_history())
        elif columns >= _TICK_COLUMNS:
            listings = {wanted.contract: future_listing(wanted.contract, 1)}
            days = [list(_tick_prints(reader, wanted.contract))]
        else:
            raise ValueError(f"{file.name} has the columns of neither ticks nor bars: {sorted(columns)}")
    if not any(days):
        raise ValueError(f"{file.name} holds no match of {wanted.first_day or 'any day'} for {', '.join(listings)}")
    first_vnd: dict[str, int] = {}
    for one in (one for day in days for one in day):
        first_vnd.setdefault(one.symbol, one.price_vnd)
    recorded = (replace(listings[symbol], reference_vnd=price_vnd) for symbol, price_vnd in first_vnd.items())
    return Recording(tuple(tuple(day) for day in days), tuple(recorded))


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _tick_prints(reader: "csv.DictReader[str]", symbol: str) -> Iterator[Print]:
    for row in reader:
        try:
            price_vnd = _scaled(row["price"], FUTURE_MULTIPLIER_VND)
            aggressor = Side(row["side"]) if row["side"] else None
            yield Print(_ms_of_day(row["time"]), symbol, price_vnd, int(row["volume"]), aggressor)
        except (ValueError, InvalidOperation) as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error


def _bar_days(
    reader: "csv.DictReader[str]", name: str, wanted: Wanted, listings: dict[str, Listing], history: RuleHistory
) -> list[list[Print]]:
    """The first `day_count` days that the file has from `first_day` on, not further apart than a long holiday. Raises
    ValueError when the first day is not named."""
    first_day, day_count = wanted.first_day, wanted.day_count
    if first_day is None:
        raise ValueError("these are bars of many days: choose one (--replay-day YYYY-MM-DD)")
    candidates = [
        first_day + timedelta(days=number) for number in range(1 if day_count == 1 else day_count * 2 + _DAYS_OF_REST)
    ]
    days: dict[str, list[Print]] = {day.isoformat(): [] for day in candidates}
    for row in reader:
        prints = days.get(row[name][:_DATE_LENGTH])
        if prints is None or row["symbol"] not in listings:
            continue
        try:
            ohlc = tuple(_scaled(row[price], 1000) for price in ("open", "high", "low", "close"))
            volume = int(Decimal(row["volume"]))
            if name == "time":
                prints += bar_as_prints(row["symbol"], _ms_of_day(row[name].partition(" ")[2]), ohlc, volume)
            else:
                rules = history.on(date.fromisoformat(row[name][:_DATE_LENGTH]))
                prints += day_as_prints(listings[row["symbol"]], ohlc, volume, rules)
        except (ValueError, InvalidOperation) as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error
    found = [sorted(prints, key=lambda one: one.ms_of_day) for prints in days.values() if prints]
    return found[:day_count]


def day_as_prints(listing: Listing, ohlc: tuple[int, ...], volume: int, rules: RuleBook) -> list[Print]:
    """Matches from which the daily bar is built again, one every five minutes and one at the close; by the `rules` of
    the recorded day."""
    instrument = listing.instrument
    shares = [volume_share(instrument.exchange, minute) for minute in _DAILY_MINUTES]
    path = _path(ohlc, len(_DAILY_MINUTES))
    prints: list[Print] = []
    left, left_share = volume, sum(shares) + CLOSING_PERCENT.get(instrument.exchange, 0.0) / 100
    for minute, share, wanted_vnd in zip(_DAILY_MINUTES, shares, path, strict=True):
        quantity = int(left * share / left_share)
        left, left_share = left - quantity, left_share - share
        on_tick_vnd = round_down_to_tick(rules, instrument.exchange, instrument.kind, wanted_vnd)
        price_vnd = wanted_vnd if wanted_vnd in ohlc else max(on_tick_vnd, ohlc[2])
        before_vnd = prints[-1].price_vnd if prints else price_vnd
        if quantity:
            side = Side.BUY if price_vnd >= before_vnd else Side.SELL
            prints.append(Print(minute * 60 * _MS, listing.symbol, price_vnd, quantity, side))
    closing = Print(_CLOSE_MINUTE * 60 * _MS, listing.symbol, ohlc[3], left, None)
    return [*prints, closing] if left else prints


def _path(ohlc: tuple[int, ...], length: int) -> list[int]:
    """Open, low, high and close (or high before low on a falling day) with straight lines between them."""
    open_vnd, high_vnd, low_vnd, close_vnd = ohlc
    inner = (low_vnd, high_vnd) if close_vnd >= open_vnd else (high_vnd, low_vnd)
    corners = (open_vnd, *inner, close_vnd)
    leg = (length - 1) / (len(corners) - 1)
    path = [open_vnd]
    for index in range(1, length):
        corner = min(int(index / leg), len(corners) - 2)
        along = index / leg - corner
        path.append(round(corners[corner] + (corners[corner + 1] - corners[corner]) * along))
    for number, vnd in enumerate(corners):
        path[round(number * leg)] = vnd
    return path


def bar_as_prints(symbol: str, start_ms: int, ohlc: tuple[int, ...], volume: int) -> list[Print]:
    """At most four matches, a quarter of a minute apart, from which the same bar is built again.

    A bar with fewer shares than distinct prices keeps its open and close; one without volume gives nothing.
    """
    open_vnd, high_vnd, low_vnd, close_vnd = ohlc
    inner = (low_vnd, high_vnd) if close_vnd >= open_vnd else (high_vnd, low_vnd)
    path = [price_vnd for price_vnd, _ in groupby((open_vnd, *inner, close_vnd))]
    if volume < len(path):
        path = [open_vnd, close_vnd][-max(0, volume) :] if volume > 0 else []
    prints = []
    left = volume
    for index, price_vnd in enumerate(path):
        quantity = left // (len(path) - index)
        left -= quantity
        before_vnd = path[index - 1] if index else price_vnd
        aggressor = Side.BUY if price_vnd >= before_vnd else Side.SELL
        prints.append(Print(start_ms + index * 15 * _MS, symbol, price_vnd, quantity, aggressor))
    return prints


def _ms_of_day(text: str) -> int:
    at = time.fromisoformat(text)
    return ((at.hour * 60 + at.minute) * 60 + at.second) * _MS + at.microsecond // 1000


def _scaled(text: str, factor: int) -> int:
    value = round(Decimal(text) * factor)
    if value <= 0:
        raise ValueError(f"price {text} is not positive")
    return value
