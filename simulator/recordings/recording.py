"""Recorded market data as a list of matches: tick files (`time,price,volume,side`) and minute bars.

Tick files hold an index future in points, one day a file. Bar files (`symbol,time,open,high,low,close,volume`, prices
in thousand VND) hold many days and symbols; a bar becomes at most four matches that give the same bar again.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from qts.domain.market import FUTURE_MULTIPLIER_VND, Band
from qts.domain.values import Side
from simulator.listings import Listing, future_listing, vn30_listings

_TICK_COLUMNS: Final = {"time", "price", "volume", "side"}
_BAR_COLUMNS: Final = {"symbol", "time", "open", "high", "low", "close", "volume"}
_MS: Final = 1000


class Print(NamedTuple):
    """One match; `ms_of_day` is Vietnam's time of day, the aggressor may be unknown."""

    ms_of_day: int
    symbol: str
    price_vnd: int
    quantity: int
    aggressor: Side | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One trading day, in order of time. A listing's reference price is the first price recorded."""

    prints: tuple[Print, ...]
    listings: tuple[Listing, ...]

    def range_of(self, symbol: str) -> Band:
        prices = [one.price_vnd for one in self.prints if one.symbol == symbol]
        return Band(ceiling_vnd=max(prices), floor_vnd=min(prices))


def read_recording(
    file: Path, *, replay_symbol: str = "VN30F1M", replay_day: date | None = None, symbols: list[str] | None = None
) -> Recording:
    """Read one day. `replay_symbol` names the contract of a tick file; `replay_day` chooses the day of a bar file.

    Raises ValueError, with the line, for a file that is neither or holds nothing of that day.
    """
    with _opened(file) as lines:
        reader = csv.DictReader(lines)
        columns = set(reader.fieldnames or ())
        if columns >= _BAR_COLUMNS:
            if replay_day is None:
                raise ValueError(f"{file.name} holds bars of many days: choose one (--replay-day YYYY-MM-DD)")
            listings = {listing.symbol: listing for listing in vn30_listings(symbols)}
            prints = sorted(_bar_prints(reader, replay_day, listings), key=lambda one: one.ms_of_day)
        elif columns >= _TICK_COLUMNS:
            listings = {replay_symbol: future_listing(replay_symbol, 1)}
            prints = list(_tick_prints(reader, replay_symbol))
        else:
            raise ValueError(
                f"{file.name} has neither the columns of ticks nor those of minute bars: {sorted(columns)}"
            )
    if not prints:
        raise ValueError(f"{file.name} holds no match of {replay_day or 'any day'} for {', '.join(listings)}")
    first_vnd: dict[str, int] = {}
    for one in prints:
        first_vnd.setdefault(one.symbol, one.price_vnd)
    recorded = (replace(listings[symbol], reference_vnd=price_vnd) for symbol, price_vnd in first_vnd.items())
    return Recording(tuple(prints), tuple(recorded))


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


def _bar_prints(reader: "csv.DictReader[str]", replay_day: date, listings: dict[str, Listing]) -> Iterator[Print]:
    wanted = replay_day.isoformat()
    for row in reader:
        if not row["time"].startswith(wanted) or row["symbol"] not in listings:
            continue
        try:
            yield from bar_as_prints(
                row["symbol"],
                _ms_of_day(row["time"].partition(" ")[2]),
                tuple(_scaled(row[name], 1000) for name in ("open", "high", "low", "close")),
                int(Decimal(row["volume"])),
            )
        except (ValueError, InvalidOperation) as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error


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
