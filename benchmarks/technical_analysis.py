"""Ticks of 500 symbols into bars, ten indicators each and patterns on five lengths of bars: what a market second costs.

Everything is done in one thread, though in the system the recorder makes the bars: a tick is decoded from the bytes
that lie on the bus, added to its minute, and a closed minute moves the indicators (with the copy that a corrected bar
needs) and is looked at for patterns. Storing and publishing are not in it.
"""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Section, progress
from benchmarks.peers import SHARED_PROGRAMS, program_of
from qts.adapters.bus import decode, encode
from qts.domain.events import BarClosed, TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder
from qts.quant.indicators import STANDARD_NAMES, IndicatorSet
from qts.quant.patterns import PatternWatch

SYMBOLS = [f"S{number:03d}" for number in range(500)]
TICKS_A_SECOND = 5_000
NAMES = STANDARD_NAMES[:10]
PROGRAM = SHARED_PROGRAMS / "peers_ta.py"
NAMES_OF_PROGRAM = ("rsi_14", "macd_12_26_9", "macd_12_26_9_signal", "bbands_20_2_upper", "bbands_20_2_lower")
BEFORE_MINUTES = 60
MEASURED_MINUTES = 15  # one of them closes a quarter of an hour of every symbol
STARTS_MS = 1_795_399_200_000 - 60 * MINUTE_MS  # 2026-11-23 09:00 in Ho Chi Minh City


def run(section: Section, _folder: Path, *, quick: bool) -> None:
    section.begin(f"{len(SYMBOLS)} symbols, {len(NAMES)} indicators each, {TICKS_A_SECOND:,} ticks a second")
    found = [_measured(seed) for seed in range(1 if quick else 3)]
    section.add("ticks to bars, indicators and patterns: share of a core", "%", [100 * one.share for one in found])
    section.add("the worst of these minutes: share of a core", "%", [100 * one.worst for one in found])
    section.add("indicators and patterns of one closed minute", "us", [one.bar_us for one in found])
    section.add("all symbols' minutes at the end of a quarter of an hour", "ms", [one.burst_ms for one in found])
    section.add("patterns found, of 1,000 bars", "", [one.patterns_per_1000 for one in found])
    section.add(
        "ten indicators moved at every tick: share of a core",
        "%",
        [100 * _every_tick(seed) for seed in range(1 if quick else 3)],
    )
    if not PROGRAM.exists():
        progress("left out: the published comparison of indicators is not there (QTS_SHARED_DATA)")
        return
    turns = [_beside_state(seed) for seed in range(2 if quick else 5)]
    section.add("RSI, MACD and Bollinger Bands moved by one tick", "us", [1e6 * ours for ours, _ in turns])
    section.add_ratio(
        "the same, time against own sums kept in plain Python (O(1))",
        [one[0] for one in turns],
        [one[1] for one in turns],
    )


class _Found:
    def __init__(self) -> None:
        self.minute_s: list[float] = []
        self.close_s: list[float] = []
        self.bars = self.patterns = 0

    @property
    def share(self) -> float:
        return sum(self.minute_s) / (60 * len(self.minute_s))

    @property
    def worst(self) -> float:
        return max(self.minute_s) / 60

    @property
    def bar_us(self) -> float:
        return 1e6 * sum(self.close_s) / self.bars

    @property
    def burst_ms(self) -> float:
        return 1e3 * max(self.close_s)

    @property
    def patterns_per_1000(self) -> float:
        return 1e3 * self.patterns / self.bars


class _Desk:
    def __init__(self) -> None:
        self.builder = BarBuilder()
        self.after = {symbol: IndicatorSet(NAMES) for symbol in SYMBOLS}
        self.before = dict(self.after)
        self.watches = {symbol: PatternWatch() for symbol in SYMBOLS}

    def take(self, bar: BarClosed) -> int:
        """As the signals worker does; returns how many patterns it confirms."""
        before = self.after[bar.symbol]
        after = before.copy()
        after.update(bar)
        self.before[bar.symbol], self.after[bar.symbol] = before, after
        after.values()
        return len(self.watches[bar.symbol].update(bar))


def _measured(seed: int) -> _Found:
    found, desk, draw = _Found(), _Desk(), np.random.default_rng(seed)
    closes = dict.fromkeys(SYMBOLS, 25_000)
    for minute in range(BEFORE_MINUTES + MEASURED_MINUTES):
        is_measured = minute >= BEFORE_MINUTES
        bodies = list(_bodies(minute, closes, draw, TICKS_A_SECOND * 60 if is_measured else len(SYMBOLS) * 4))
        began = time.process_time()
        for body in bodies:
            tick = decode(TickReceived.topic, body)
            assert isinstance(tick, TickReceived)
            desk.builder.add(tick)
        closing = time.process_time()
        bars = desk.builder.close_until(STARTS_MS + (minute + 1) * MINUTE_MS)
        patterns = sum(desk.take(bar) for bar in bars)
        ended = time.process_time()
        if is_measured:
            found.minute_s.append(ended - began)
            found.close_s.append(ended - closing)
            found.bars += len(bars)
            found.patterns += patterns
    return found


def _bodies(minute: int, closes: dict[str, int], draw: np.random.Generator, count: int) -> Iterator[bytes]:
    """Ticks in order of time as they lie on the bus; each symbol's price walks."""
    symbols = draw.integers(0, len(SYMBOLS), count).tolist()
    steps, quantities = draw.integers(-1, 2, count).tolist(), draw.integers(1, 50, count).tolist()
    is_move = (draw.random(count) < 0.05 * len(SYMBOLS) * 4 / min(count, 40_000)).tolist()
    for number, (place, step, lots, moves) in enumerate(zip(symbols, steps, quantities, is_move, strict=True)):
        symbol = SYMBOLS[place]
        closes[symbol] += 50 * step * moves
        yield encode(
            TickReceived(
                symbol=symbol,
                price_vnd=closes[symbol],
                quantity=100 * lots,
                ts_exchange_ms=STARTS_MS + minute * MINUTE_MS + number * MINUTE_MS // count,
                ts_received_ns=number,
                wal_position=f"1:{number}",
            )
        ).body


def _every_tick(seed: int) -> float:
    """Each tick as a bar of its own."""
    bars = _ticks_as_bars(seed)
    sets = {symbol: IndicatorSet(NAMES, bars[:100]) for symbol in SYMBOLS}
    began = time.process_time()
    for bar in bars:
        one = sets[bar.symbol]
        one.update(bar)
        one.values()
    return (time.process_time() - began) * TICKS_A_SECOND / len(bars)


def _beside_state(seed: int) -> tuple[float, float]:
    """Seconds of one tick: here, and in the class of the published comparison that does nothing but its sums."""
    bars = _ticks_as_bars(seed)
    sets = {symbol: IndicatorSet(NAMES_OF_PROGRAM, bars[:100]) for symbol in SYMBOLS}
    state = program_of(PROGRAM).O1
    states = {symbol: state() for symbol in SYMBOLS}
    for one in states.values():
        for bar in bars[:100]:
            one.update(float(bar.close_vnd))
    began = time.process_time()
    for bar in bars:
        sets[bar.symbol].update(bar)
    halfway = time.process_time()
    for bar in bars:
        states[bar.symbol].update(bar.close_vnd)
    ended = time.process_time()
    _compare(sets, states)
    return (halfway - began) / len(bars), (ended - halfway) / len(bars)


def _compare(sets: dict[str, IndicatorSet], states: dict[str, Any]) -> None:
    """Raises ValueError when the two do not compute the same."""
    for symbol, one in sets.items():
        values, state = one.values(), states[symbol]
        theirs = [state.rsi, state.macd, state.sig, state.up, state.lo]
        for name, other in zip(NAMES_OF_PROGRAM, theirs, strict=True):
            if not math.isclose(values[name], other, rel_tol=1e-6, abs_tol=1e-3):
                raise ValueError(f"{symbol}: {name} is {values[name]}, beside it {other}")


def _ticks_as_bars(seed: int) -> list[BarClosed]:
    draw = np.random.default_rng(seed)
    prices = (25_000 + 50 * np.cumsum(draw.integers(-1, 2, TICKS_A_SECOND * 4))).tolist()
    return [
        BarClosed(
            symbol=SYMBOLS[number % len(SYMBOLS)], ts_start_ms=number, open_vnd=price, high_vnd=price, low_vnd=price,
            close_vnd=price, volume=100, value_vnd=0, trade_count=1, ts_received_ns=number, wal_position="1:1",
        )
        for number, price in enumerate(prices)
    ]  # fmt: skip
