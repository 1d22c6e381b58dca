import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.events import TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder


def tick(at_ms: int, price_vnd: int, quantity: int, *, symbol: str = "SSI", received_ns: int = 0) -> TickReceived:
    return TickReceived(
        symbol=symbol,
        price_vnd=price_vnd,
        quantity=quantity,
        ts_exchange_ms=at_ms,
        ts_received_ns=received_ns,
        wal_position=f"1:{received_ns}",
    )


def test_a_bar_closes_with_the_first_tick_of_a_later_minute():
    builder = BarBuilder()
    assert builder.add(tick(60_000, 25_000, 100, received_ns=1)) is None
    assert builder.add(tick(61_000, 25_100, 200, received_ns=2)) is None
    assert builder.add(tick(119_999, 24_950, 300, received_ns=3)) is None
    bar = builder.add(tick(240_000, 25_000, 100, received_ns=4))
    assert bar is not None
    assert (bar.symbol, bar.ts_start_ms) == ("SSI", 60_000)
    assert (bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd) == (25_000, 25_100, 24_950, 24_950)
    assert (bar.volume, bar.trade_count) == (600, 3)
    assert bar.value_vnd == 25_000 * 100 + 25_100 * 200 + 24_950 * 300
    assert (bar.ts_received_ns, bar.wal_position) == (3, "1:3")
    assert [bar.ts_start_ms for bar in builder.open_bars()] == [240_000]


def test_identical_ticks_are_separate_fills():
    builder = BarBuilder()
    builder.add(tick(0, 25_000, 100))
    builder.add(tick(0, 25_000, 100))
    (bar,) = builder.close_until(MINUTE_MS)
    assert (bar.volume, bar.trade_count) == (200, 2)


def test_time_closes_what_is_over_and_nothing_else():
    builder = BarBuilder()
    builder.add(tick(0, 25_000, 100, symbol="VNM"))
    builder.add(tick(0, 25_000, 100, symbol="FPT"))
    builder.add(tick(MINUTE_MS, 25_000, 100, symbol="HPG"))
    assert builder.close_until(MINUTE_MS - 1) == []
    assert [bar.symbol for bar in builder.close_until(MINUTE_MS)] == ["FPT", "VNM"]
    assert builder.close_until(MINUTE_MS) == []
    assert [bar.symbol for bar in builder.open_bars()] == ["HPG"]


def test_a_late_tick_corrects_the_bar_closed_last():
    builder = BarBuilder()
    builder.add(tick(0, 25_000, 100))
    builder.close_until(MINUTE_MS)
    corrected = builder.add(tick(59_000, 26_000, 50))
    assert corrected is not None
    assert (corrected.ts_start_ms, corrected.volume, corrected.high_vnd) == (0, 150, 26_000)
    assert builder.open_bars() == []


def test_a_late_tick_leaves_the_open_bar_alone():
    builder = BarBuilder()
    builder.add(tick(0, 25_000, 100))
    builder.add(tick(MINUTE_MS, 25_500, 100))
    corrected = builder.add(tick(59_000, 26_000, 50))
    assert corrected is not None
    assert (corrected.ts_start_ms, corrected.volume) == (0, 150)
    assert [(bar.ts_start_ms, bar.volume) for bar in builder.open_bars()] == [(MINUTE_MS, 100)]


def test_a_tick_older_than_the_last_bar_is_refused():
    builder = BarBuilder()
    builder.add(tick(5 * MINUTE_MS, 25_000, 100))
    with pytest.raises(ValueError, match="older"):
        builder.add(tick(0, 25_000, 100))
    assert [bar.volume for bar in builder.open_bars()] == [100]


@given(
    st.lists(
        st.tuples(st.integers(0, 40_000), st.integers(1_000, 90_000), st.integers(1, 5_000), st.sampled_from("AB")),
        max_size=60,
    )
)
def test_bars_hold_every_tick_exactly_once(gaps):
    builder, now_ms, bars = BarBuilder(), 0, []
    ticks = []
    for gap_ms, price_vnd, quantity, symbol in gaps:
        now_ms += gap_ms
        ticks.append(tick(now_ms, price_vnd, quantity, symbol=symbol))
        closed = builder.add(ticks[-1])
        bars += [closed] if closed else []
    bars += builder.close_until(now_ms + MINUTE_MS)
    expected = {}
    for one in ticks:
        expected.setdefault((one.symbol, one.ts_exchange_ms // MINUTE_MS * MINUTE_MS), []).append(one)
    assert sorted((bar.symbol, bar.ts_start_ms) for bar in bars) == sorted(expected)
    for bar in bars:
        inside = expected[bar.symbol, bar.ts_start_ms]
        assert bar.volume == sum(one.quantity for one in inside)
        assert bar.value_vnd == sum(one.quantity * one.price_vnd for one in inside)
        assert bar.trade_count == len(inside)
        assert (bar.open_vnd, bar.close_vnd) == (inside[0].price_vnd, inside[-1].price_vnd)
        assert bar.high_vnd == max(one.price_vnd for one in inside)
        assert bar.low_vnd == min(one.price_vnd for one in inside)
