"""The engine's values against TA-Lib's batch functions over the stored bars."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import talib
from django.conf import settings

from apps.analytics import selectors
from apps.analytics.models import IndicatorSnapshot
from apps.analytics.services import IndicatorEngine, prune_indicators, record_indicators
from qts.adapters import bus as event_bus
from qts.adapters.redis_client import redis_client
from qts.domain.events import BarClosed, IndicatorCalculated
from qts.quant.indicators import STANDARD_NAMES, IndicatorUnknown, batch_values

FIRST = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)


def minute(number):
    return FIRST + timedelta(minutes=number)


def bar(number, close_vnd, symbol="SSI"):
    return BarClosed(
        symbol=symbol,
        ts_start_ms=int(minute(number).timestamp() * 1000),
        open_vnd=close_vnd,
        high_vnd=close_vnd,
        low_vnd=close_vnd,
        close_vnd=close_vnd,
        volume=100,
        value_vnd=100 * close_vnd,
        trade_count=1,
        ts_received_ns=number,
        wal_position=f"1:{number}",
    )


CLOSES = [int(price) for price in 25_000 + 50 * np.cumsum(np.random.default_rng(5).integers(-3, 4, size=90))]


class StoredBars:
    """Bars of one symbol, minute by minute, as the table holds them; counts how often it is asked, and how far back."""

    def __init__(self, closes):
        self.closes = list(closes)
        self.asked = 0
        self.limit = 0

    def before(self, symbol, starts_at, limit):
        self.asked += 1
        self.limit = limit
        return [bar(number, close) for number, close in enumerate(self.closes) if minute(number) < starts_at]


def nothing_before(symbol, starts_at, limit):
    return []


def rsi(closes):
    return format(float(talib.RSI(np.array(closes, dtype=float), 14)[-1]), ".12g")


def test_live_values_equal_the_batch_without_asking_for_history_again():
    stored = StoredBars([])
    engine = IndicatorEngine(stored.before)
    for number, close in enumerate(CLOSES):
        event = engine.on_bar(bar(number, close))
        if number >= 14:
            assert float(event.values["rsi_14"]) == pytest.approx(float(rsi(CLOSES[: number + 1])), rel=1e-9)
    assert tuple(event.values) == STANDARD_NAMES
    assert (event.symbol, event.wal_position) == ("SSI", "1:89")
    assert stored.asked == 1


def test_the_first_bar_is_warmed_from_what_is_stored_before_it():
    engine = IndicatorEngine(StoredBars(CLOSES[:61]).before)  # the bar itself is stored already
    event = engine.on_bar(bar(60, CLOSES[60]))
    assert event.values["rsi_14"] == rsi(CLOSES[:61])


def test_a_bar_given_again_changes_nothing_and_a_corrected_one_replaces_it():
    engine = IndicatorEngine(StoredBars(CLOSES).before)
    first = engine.on_bar(bar(60, CLOSES[60]))
    assert engine.on_bar(bar(60, CLOSES[60])) == first
    corrected = engine.on_bar(bar(60, CLOSES[60] + 500))
    assert corrected.values["rsi_14"] == rsi([*CLOSES[:60], CLOSES[60] + 500])
    after = engine.on_bar(bar(61, CLOSES[61]))
    assert after.values["rsi_14"] == rsi([*CLOSES[:60], CLOSES[60] + 500, CLOSES[61]])


def test_an_older_bar_has_the_values_of_its_own_time_and_leaves_no_trace():
    stored = StoredBars(CLOSES)
    engine = IndicatorEngine(stored.before)
    engine.on_bar(bar(60, CLOSES[60]))
    assert engine.on_bar(bar(40, CLOSES[40])).values["rsi_14"] == rsi(CLOSES[:41])
    assert engine.on_bar(bar(61, CLOSES[61])).values["rsi_14"] == rsi(CLOSES[:62])


def test_minutes_that_another_worker_saw_are_not_missing():
    engine = IndicatorEngine(StoredBars(CLOSES).before)
    engine.on_bar(bar(50, CLOSES[50]))
    assert engine.on_bar(bar(60, CLOSES[60])).values["rsi_14"] == rsi(CLOSES[:61])


def test_symbols_do_not_mix():
    engine = IndicatorEngine(nothing_before)
    for number in range(5):
        engine.on_bar(bar(number, 10_000, symbol="VNM"))
        event = engine.on_bar(bar(number, 20_000, symbol="SSI"))
    assert event.values == {"sma_5": "20000"}


def test_what_is_asked_for_is_kept_warm_from_the_stored_bars():
    stored = StoredBars(CLOSES)
    engine = IndicatorEngine(stored.before)
    assert "sma_7" not in engine.on_bar(bar(60, CLOSES[60])).values
    assert stored.limit == 14 + 1 + 14 * 36
    engine.follow({"SSI": ["sma_7", "rsi_100", "max_3_of_volume"]})
    event = engine.on_bar(bar(61, CLOSES[61]))
    assert (stored.asked, stored.limit) == (2, 3_701)  # once more, and as far back as rsi_100 remembers
    expected = {"sma_7": sum(CLOSES[55:62]) / 7, "max_3_of_volume": 100}
    assert {name: float(event.values[name]) for name in expected} == pytest.approx(expected)
    assert set(event.values) == {*STANDARD_NAMES, *expected}  # rsi_100 has too few bars
    assert engine.values_before("SSI")["sma_7"] == pytest.approx(sum(CLOSES[54:61]) / 7)
    engine.follow({"SSI": ["sma_7"]})
    engine.on_bar(bar(62, CLOSES[62]))
    assert stored.asked == 2


def test_what_one_symbol_is_asked_for_costs_no_other():
    engine = IndicatorEngine(nothing_before)
    engine.follow({"SSI": ["sma_2"]})
    for number in range(2):
        others = engine.on_bar(bar(number, 9_000, "VNM")).values
        event = engine.on_bar(bar(number, 9_000))
    assert (event.values, others) == ({"sma_2": "9000"}, {})


def test_a_corrected_bar_replaces_its_former_self_in_what_was_asked_for():
    engine = IndicatorEngine(StoredBars(CLOSES).before)
    engine.follow({"SSI": ["sma_3"]})
    engine.on_bar(bar(60, CLOSES[60]))
    engine.on_bar(bar(60, CLOSES[60] + 300))
    after = engine.on_bar(bar(61, CLOSES[61]))
    assert float(after.values["sma_3"]) == pytest.approx((CLOSES[59] + CLOSES[60] + 300 + CLOSES[61]) / 3)


def test_an_unknown_name_is_refused_and_what_was_asked_stays():
    engine = IndicatorEngine(nothing_before)
    with pytest.raises(IndicatorUnknown, match="Nobody computes 'nonsense_4'"):
        engine.follow({"SSI": ["nonsense_4"]})
    assert engine.on_bar(bar(0, 9_000)).values == {}


@pytest.fixture
def bus():
    client = redis_client(settings.REDIS_URL)
    client.delete(f"qts:bus:{IndicatorCalculated.topic}")
    yield event_bus.connect(settings.EVENT_BUS_URL)
    client.delete(f"qts:bus:{IndicatorCalculated.topic}")


@pytest.mark.django_db
def test_values_are_stored_once_published_and_read_back(bus, django_assert_num_queries):
    engine = IndicatorEngine(StoredBars(CLOSES[:60]).before)
    events = [engine.on_bar(bar(60, 25_000)), engine.on_bar(bar(61, 25_100)), engine.on_bar(bar(60, 9_000, "VNM"))]
    with django_assert_num_queries(1):
        record_indicators(events, bus=bus)
    record_indicators(events, bus=bus)
    assert IndicatorSnapshot.objects.count() == 3
    with django_assert_num_queries(1):
        latest = selectors.latest_indicators(["SSI", "VNM", "FPT"])
    assert {symbol: view.starts_at for symbol, view in latest.items()} == {"SSI": minute(61), "VNM": minute(60)}
    assert latest["SSI"].values == events[1].values
    found = selectors.indicators_at("SSI", minute(60))
    assert found is not None
    assert found.values == events[0].values
    assert selectors.indicators_at("SSI", minute(59)) is None
    assert [view.starts_at for view in selectors.indicator_history("SSI")] == [minute(60), minute(61)]
    deliveries = bus.consume([IndicatorCalculated.topic], group="t", consumer="t", count=10, block_ms=0)
    assert [event_bus.decode(one.topic, one.body) for one in deliveries][:3] == events


@pytest.mark.django_db
def test_old_values_go(bus):
    engine = IndicatorEngine(StoredBars(CLOSES[:60]).before)
    record_indicators([engine.on_bar(bar(number, 25_000)) for number in range(60, 64)], bus=bus)
    assert prune_indicators(before=minute(62)) == 2
    assert [view.starts_at for view in selectors.indicator_history("SSI")] == [minute(62), minute(63)]


def quarter_bars(symbol, timeframe, starts_at, limit):
    """What is stored as bars of fifteen minutes: the minutes of CLOSES in threes of five."""
    closes = [CLOSES[last] for last in range(14, len(CLOSES), 15)]
    return [bar(15 * place, close) for place, close in enumerate(closes) if minute(15 * place) < starts_at][-limit:]


def test_wider_bars_live_are_those_of_the_whole_history():
    """Fed from the first minute on, warmed late from minutes alone, and warmed from stored wider bars: one value."""
    asked = {"SSI": ["sma_2@15m", "sma_7"]}
    fed, warmed = (
        IndicatorEngine(nothing_before, nothing_before_wide),
        IndicatorEngine(
            StoredBars(CLOSES).before,
            quarter_bars,
        ),
    )
    fed.follow(asked)
    warmed.follow(asked)
    for number in range(60):
        fed.on_bar(bar(number, CLOSES[number]))
    for number in range(60, 90):
        expected = fed.on_bar(bar(number, CLOSES[number])).values
        found = warmed.on_bar(bar(number, CLOSES[number])).values
        quarters = [CLOSES[last] for last in range(14, number + 1, 15)]
        assert float(found["sma_2@15m"]) == pytest.approx(sum(quarters[-2:]) / 2)
        assert found["sma_2@15m"] == expected["sma_2@15m"]


def nothing_before_wide(symbol, timeframe, starts_at, limit):
    return []


def test_a_chart_pattern_is_an_indicator_as_in_the_batch():
    corners = [101_500, 101_000, 101_400, 99_000, 100_000, 99_050, 100_400]
    closes = [round(x) for x in np.interp(np.arange(73), np.arange(7) * 12, corners)]
    engine = IndicatorEngine(nothing_before, nothing_before_wide)
    engine.follow({"SSI": ["pattern_double_bottom", "cdl_doji"]})
    told = [
        engine.on_bar(bar(number, close)).values.get("pattern_double_bottom") for number, close in enumerate(closes)
    ]
    prices = np.array(closes, dtype=float)
    batch = batch_values(["pattern_double_bottom"], [prices] * 4 + [np.full(73, 100.0)])["pattern_double_bottom"]
    assert told == [None if np.isnan(value) else format(value, ".12g") for value in batch]
    assert told.count("100") == 1
