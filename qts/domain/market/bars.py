"""One-minute bars from matches: integers only, no clock."""

from dataclasses import dataclass, replace
from typing import Final

from qts.domain.events import BarClosed, TickReceived

MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class _OpenBar:
    symbol: str
    ts_start_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int
    trade_count: int
    ts_received_ns: int
    wal_position: str

    def add(self, tick: TickReceived) -> None:
        self.high_vnd = max(self.high_vnd, tick.price_vnd)
        self.low_vnd = min(self.low_vnd, tick.price_vnd)
        self.close_vnd = tick.price_vnd
        self.volume += tick.quantity
        self.value_vnd += tick.price_vnd * tick.quantity
        self.trade_count += 1
        self.ts_received_ns = tick.ts_received_ns
        self.wal_position = tick.wal_position

    def closed(self) -> BarClosed:
        return BarClosed(
            symbol=self.symbol,
            ts_start_ms=self.ts_start_ms,
            open_vnd=self.open_vnd,
            high_vnd=self.high_vnd,
            low_vnd=self.low_vnd,
            close_vnd=self.close_vnd,
            volume=self.volume,
            value_vnd=self.value_vnd,
            trade_count=self.trade_count,
            ts_received_ns=self.ts_received_ns,
            wal_position=self.wal_position,
        )


def _opened_by(tick: TickReceived) -> _OpenBar:
    price_vnd = tick.price_vnd
    return _OpenBar(
        symbol=tick.symbol,
        ts_start_ms=tick.ts_exchange_ms - tick.ts_exchange_ms % MINUTE_MS,
        open_vnd=price_vnd,
        high_vnd=price_vnd,
        low_vnd=price_vnd,
        close_vnd=price_vnd,
        volume=tick.quantity,
        value_vnd=price_vnd * tick.quantity,
        trade_count=1,
        ts_received_ns=tick.ts_received_ns,
        wal_position=tick.wal_position,
    )


class BarBuilder:
    """Builds the bars of any number of symbols. A minute without a match has no bar.

    Ticks of one symbol come in order of arrival. A bar closes when a later minute's tick of its symbol arrives or when
    `close_until` says that its minute is over. A tick that arrives after that for the bar just closed corrects it: the
    bar is given out again with the tick inside. One for a still older minute is refused.
    """

    def __init__(self) -> None:
        self._open: dict[str, _OpenBar] = {}
        self._last_closed: dict[str, _OpenBar] = {}

    def add(self, tick: TickReceived) -> BarClosed | None:
        """The bar that this tick closed or corrected, if any. Raises ValueError for a tick older than that."""
        bar = self._open.get(tick.symbol)
        minute_ms = tick.ts_exchange_ms - tick.ts_exchange_ms % MINUTE_MS
        if bar is not None and minute_ms == bar.ts_start_ms:
            bar.add(tick)
            return None
        last = self._last_closed.get(tick.symbol)
        if (bar is not None and minute_ms < bar.ts_start_ms) or (last is not None and minute_ms <= last.ts_start_ms):
            return self._correct(last, minute_ms, tick)
        self._open[tick.symbol] = _opened_by(tick)
        return self._close(bar) if bar is not None else None

    def close_until(self, ts_ms: int) -> list[BarClosed]:
        """Close every bar whose minute ended at or before `ts_ms`, oldest first, then by symbol."""
        due = [bar for bar in self._open.values() if bar.ts_start_ms + MINUTE_MS <= ts_ms]
        due.sort(key=lambda bar: (bar.ts_start_ms, bar.symbol))
        for bar in due:
            del self._open[bar.symbol]
        return [self._close(bar) for bar in due]

    def copy(self) -> "BarBuilder":
        """As it stands now; neither changes the other from here on."""
        twin = BarBuilder()
        twin._open = {symbol: replace(bar) for symbol, bar in self._open.items()}
        twin._last_closed = {symbol: replace(bar) for symbol, bar in self._last_closed.items()}
        return twin

    def open_bars(self) -> list[BarClosed]:
        """The bars still being built, as they stand."""
        return [bar.closed() for bar in self._open.values()]

    def open_bar(self, symbol: str) -> BarClosed | None:
        """The one being built of a symbol, as it stands."""
        bar = self._open.get(symbol)
        return bar.closed() if bar is not None else None

    def _close(self, bar: _OpenBar) -> BarClosed:
        self._last_closed[bar.symbol] = bar
        return bar.closed()

    def _correct(self, last: _OpenBar | None, minute_ms: int, tick: TickReceived) -> BarClosed:
        if last is None or last.ts_start_ms != minute_ms:
            raise ValueError(f"tick of {tick.symbol} at {tick.ts_exchange_ms} is older than the bar closed last")
        last.add(tick)
        return last.closed()
