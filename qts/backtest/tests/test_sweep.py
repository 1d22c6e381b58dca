"""A sweep over columns is the event loop's, trade for trade; and what it refuses."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.backtest import BarTable, FillAt, SpecWrong, StrategyPart, run
from qts.backtest.kernels import KERNELS
from qts.backtest.sweep import sweep
from qts.backtest.tests.peers import spec_of
from qts.backtest.tests.test_backtest import MONDAY
from qts.domain.strategy import ParameterError, registered_strategies
from qts.domain.values import Side
from qts.quant.performance import performance

START_MS = round((MONDAY + timedelta(hours=9)).timestamp() * 1_000)


def table_of(closes, minutes=60):
    close = np.array(closes, dtype=np.int64)
    opened = np.concatenate([close[:1], close[:-1]]) + 10 * (np.arange(len(close)) % 3)
    times = START_MS + 60_000 * minutes * np.arange(len(close))
    return BarTable.of_columns("A", times, opened, np.maximum(opened, close), np.minimum(opened, close), close, close)


def walk(seed, count):
    return (20_000 + 10 * np.cumsum(np.random.default_rng(seed).integers(-30, 31, count))).clip(1_000)


def by_bars(spec, table, parameters):
    return run(replace(spec, parts=[replace(spec.parts[0], parameters=parameters)]), table)


def assert_equal_trades(spec, table, grid):
    rows = sweep(spec, table, grid)
    for row in rows:
        result = by_bars(spec, table, row.parameters)
        sales = sum(fill.side is Side.SELL for fill in result.fills)
        assert (row.last_equity_vnd, row.fill_count, row.closed_trades) == (
            result.last_equity_vnd, len(result.fills), sales,
        ), row.parameters  # fmt: skip
        told = performance(spec.cash_vnd, [day.equity_vnd for day in result.equity]).sharpe
        assert (row.day_sharpe is None) == (told is None)
        if told is not None:
            assert row.day_sharpe * 250**0.5 == pytest.approx(told)
    return rows


PRICES = st.lists(st.integers(1, 400).map(lambda ticks: ticks * 100), min_size=3, max_size=120)
FILLS = st.sampled_from(FillAt)
CASH = st.sampled_from([3_000_000, 30_000_000, 1_000_000_000])


@settings(max_examples=60, deadline=None)
@given(PRICES, FILLS, CASH)
def test_crosses_are_those_of_the_event_loop(prices, fill_at, cash_vnd):
    """Prices that repeat, money that runs out, orders on the last bar."""
    assert_equal_trades(spec_of(fill_at, cash_vnd=cash_vnd), table_of(prices), {"fast": [2, 3, 5], "slow": [3, 8]})


@settings(max_examples=60, deadline=None)
@given(PRICES, FILLS, CASH)
def test_reversions_are_those_of_the_event_loop(prices, fill_at, cash_vnd):
    part = StrategyPart("rsi_mean_reversion", {"quantity": 200})
    spec = spec_of(fill_at, parts=[part], cash_vnd=cash_vnd)
    assert_equal_trades(spec, table_of(prices), {"period": [2, 7], "oversold": [20, 50], "overbought": [50, 80]})


def test_a_long_walk_trades_often_and_equally():
    rows = assert_equal_trades(spec_of(FillAt.NEXT_OPEN), table_of(walk(4, 3_000)), {"fast": [5, 9], "slow": [20, 60]})
    assert all(row.fill_count > 40 for row in rows)
    assert len({row.last_equity_vnd for row in rows}) == 4


def test_every_kernel_is_of_an_example():
    """Those that look at bars and indicators alone have one; the event loop answers for the others."""
    assert {kind.key for kind in KERNELS} == {"moving_average_cross", "rsi_mean_reversion"}
    assert set(KERNELS) <= set(registered_strategies())


def test_under_the_markets_rules_the_event_loop_answers():
    table = table_of(walk(5, 400), minutes=1)
    spec = spec_of(None)
    rows = sweep(spec, table, {"fast": [5], "slow": [20, 30]})
    assert [row.last_equity_vnd for row in rows] == [
        by_bars(spec, table, row.parameters).last_equity_vnd for row in rows
    ]


def test_memory_does_not_grow_with_the_sets():
    """What is kept of a set is its row; indicators are kept up to a number."""
    import tracemalloc

    table, spec = table_of(walk(6, 20_000)), spec_of(FillAt.CLOSE)
    peaks = []
    for fast in (range(2, 12), range(2, 100)):
        tracemalloc.start()
        sweep(spec, table, {"fast": list(fast), "slow": list(range(110, 120))})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 64 * 20_000 * 8


def test_a_sweep_tells_how_far_it_is():
    told = []
    sweep(spec_of(FillAt.CLOSE), table_of(walk(1, 50)), {"fast": [2, 3]}, progress=lambda *one: told.append(one))
    assert told == [(1, 2), (2, 2)]
    assert all(first < second for first, second in pairwise(told))


def test_what_cannot_be_swept_is_said():
    table, spec = table_of(walk(1, 50)), spec_of(FillAt.CLOSE)
    with pytest.raises(SpecWrong, match="one strategy at a time"):
        sweep(replace(spec, parts=[*spec.parts, *spec.parts]), table, {"fast": [2]})
    with pytest.raises(ParameterError, match="fast must be between"):
        sweep(spec, table, {"fast": [1]})
    with pytest.raises(ParameterError, match="Unknown parameter 'speed'"):
        sweep(spec, table, {"speed": [1]})
    with pytest.raises(SpecWrong, match="no strategy 'nobody'"):
        sweep(replace(spec, parts=[StrategyPart("nobody")]), table, {"fast": [2]})
