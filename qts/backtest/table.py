"""Bars as columns: a million of them are 56 MB, and numpy and the compiled kernels read them as they are."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import repeat
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qts.domain.strategy import Bar

Ints = NDArray[np.int64]
_PRICES = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class BarTable:
    """In order of time, then of symbol; `place` is a bar's symbol, as its position in `symbols`."""

    kind = ""
    symbols: tuple[str, ...]
    place: Ints
    ts_start_ms: Ints
    open_vnd: Ints
    high_vnd: Ints
    low_vnd: Ints
    close_vnd: Ints
    volume: Ints

    @classmethod
    def of(cls, bars: Iterable[Bar]) -> Self:
        """Raises ValueError where a symbol has two bars of one time."""
        bars = list(bars)
        symbols = tuple(sorted({bar.symbol for bar in bars}))
        places = {symbol: place for place, symbol in enumerate(symbols)}
        rows = [
            (places[b.symbol], b.ts_start_ms, b.open_vnd, b.high_vnd, b.low_vnd, b.close_vnd, b.volume) for b in bars
        ]
        return cls._sorted(symbols, list(np.array(rows, dtype=np.int64).reshape(-1, 7).T))

    @classmethod
    def of_columns(cls, symbol: str, ts_start_ms: Any, *prices_and_volume: Any) -> Self:
        """One symbol's open, high, low, close and volume, each in order of time."""
        columns = [np.asarray(column, dtype=np.int64) for column in (ts_start_ms, *prices_and_volume)]
        return cls._sorted((symbol,), [np.zeros(len(columns[0]), dtype=np.int64), *columns])

    @classmethod
    def merged(cls, tables: Sequence[Self]) -> Self:
        """The bars of several symbols, each in one table only."""
        symbols = tuple(sorted(symbol for table in tables for symbol in table.symbols))
        if len(set(symbols)) != len(symbols):
            raise ValueError("a symbol's bars are in one table")
        moved = [np.array([symbols.index(symbol) for symbol in table.symbols])[table.place] for table in tables]
        columns = [np.concatenate([getattr(table, name) for table in tables]) for name in ("ts_start_ms", *_PRICES)]
        return cls._sorted(symbols, [np.concatenate(moved), *columns])

    @classmethod
    def _sorted(cls, symbols: tuple[str, ...], columns: list[Ints]) -> Self:
        place, ts = columns[0], columns[1]
        later = (ts[1:] > ts[:-1]) | ((ts[1:] == ts[:-1]) & (place[1:] > place[:-1]))
        if not later.all():
            order = np.lexsort((place, ts))
            columns = [column[order] for column in columns]
            place, ts = columns[0], columns[1]
            twice = (ts[1:] == ts[:-1]) & (place[1:] == place[:-1])
            if twice.any():
                raise ValueError(f"{symbols[place[1:][twice][0]]} has two bars of one time")
        return cls(symbols, *(np.ascontiguousarray(column) for column in columns))

    def __len__(self) -> int:
        return len(self.place)

    def until(self, count: int) -> Self:
        """The first `count` bars."""
        return type(self)(self.symbols, *(getattr(self, one.name)[:count] for one in fields(self)[1:]))

    def of_symbols(self, wanted: Collection[str]) -> Self:
        """The bars of these symbols, of which each has some."""
        kept = [place for place, symbol in enumerate(self.symbols) if symbol in wanted]
        rows = np.isin(self.place, kept)
        moved = np.searchsorted(kept, self.place[rows])
        columns = [getattr(self, name)[rows] for name in ("ts_start_ms", *_PRICES)]
        return self._sorted(tuple(self.symbols[place] for place in kept), [moved, *columns])

    def bars(self) -> Iterator[Bar]:
        return self.bars_of(slice(None))

    def bars_of(self, rows: slice) -> Iterator[Bar]:
        """As fast as they can be made: nothing of Python's own runs for a bar."""
        place, *columns = (getattr(self, one.name)[rows].tolist() for one in fields(self)[1:])
        made = zip(map(self.symbols.__getitem__, place), *columns, strict=True)
        new: Any = tuple.__new__  # what Bar._make does, without its check
        return map(new, repeat(Bar), made)

    def digest(self) -> str:
        """SHA-256 over every bar: equal data, equal digest."""
        found = hashlib.sha256(f"{','.join(self.symbols)}{self.kind}".encode())
        for one in fields(self)[1:]:
            found.update(getattr(self, one.name).tobytes())
        return found.hexdigest()


class TickTable(BarTable):
    """Matches: rows of one price, with the moment of each, in order of arrival. Equal ones are separate matches."""

    __slots__ = ()
    kind = "|ticks"

    @classmethod
    def of_matches(cls, symbol: str, ts_ms: Any, price_vnd: Any, quantity: Any) -> Self:
        """One symbol's matches, in the order in which they came."""
        prices = np.asarray(price_vnd, dtype=np.int64)
        return cls.of_columns(symbol, ts_ms, prices, prices, prices, prices, quantity)

    @classmethod
    def _sorted(cls, symbols: tuple[str, ...], columns: list[Ints]) -> Self:
        ts = columns[1]
        if (ts[1:] < ts[:-1]).any():
            order = np.argsort(ts, kind="stable")
            columns = [column[order] for column in columns]
        return cls(symbols, *(np.ascontiguousarray(column) for column in columns))
