"""The parts behind the controls, moved by hand."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import VIETNAM, AffineSchedule, WallSchedule
from simulator.server.disturbances import Disturbance, Disturbances
from simulator.server.market_clock import MarketClock, moment_of
from simulator.server.quotas import Limit, Quotas

# --- quotas -----------------------------------------------------------------------------------------------------------


def test_a_window_slides_and_what_is_refused_does_not_count():
    quotas = Quotas([Limit("*", "1s", 2)])
    taken = [quotas.take("key", "GET", "api/v2/x", now_s) is None for now_s in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)]
    assert taken == [True, True, False, True, False, True]
    assert quotas.take("another", "GET", "api/v2/x", 1.5) is None


@pytest.mark.parametrize(
    ("endpoint", "method", "path", "covers"),
    [
        ("*", "GET", "api/v2/trading/orderbook", True),
        ("get:*", "GET", "api/v2/trading/orderbook", True),
        ("get:*", "POST", "api/v2/trading/neworder", False),
        ("post:*", "POST", "api/v2/trading/neworder", True),
        ("*:*/NewOrder", "POST", "api/v2/trading/neworder", True),
        ("*:*/neworder", "POST", "api/v2/trading/derneworder", False),
    ],
)
def test_what_a_row_of_limits_covers(endpoint, method, path, covers):
    assert Limit(endpoint, "1s", 1).covers(method, path) is covers


def test_the_narrowest_window_decides_and_a_change_begins_anew():
    wide, narrow = Limit("*", "1m", 3), Limit("post:*", "1h", 1)
    quotas = Quotas([wide, narrow])
    assert quotas.take("key", "POST", "a", 0.0) is None
    assert quotas.take("key", "POST", "a", 61.0) is narrow
    assert [quotas.take("key", "GET", "a", 62.0) for _ in range(4)] == [None, None, None, wide]
    quotas.change([narrow])
    assert (quotas.take("key", "POST", "a", 63.0), quotas.limits) == (None, (narrow,))


# --- clock ------------------------------------------------------------------------------------------------------------


def affine(speed=10.0):
    return MarketClock(AffineSchedule(date(2026, 11, 23), time(9, 0), time(15, 5), 1_000.0, speed))


def shown(clock, wall_s):
    return f"{clock.at(wall_s).astimezone(VIETNAM):%d %H:%M:%S}"


def test_an_unbent_clock_is_its_schedule():
    schedule = AffineSchedule(date(2026, 11, 23), time(9, 0), time(15, 5), 1_000.0, 7.0)
    assert all(
        MarketClock(schedule).at(wall_s) == schedule.at(wall_s) for wall_s in (0.0, 1_000.0, 1_234.567, 99_999.0)
    )
    assert MarketClock(WallSchedule()).at(5.0) == datetime.fromtimestamp(5, tz=UTC)


def test_pause_speed_and_jump_begin_where_the_clock_stands():
    clock = affine()
    clock.pause(1_006.0)
    assert [shown(clock, wall_s) for wall_s in (1_006.0, 5_000.0)] == ["23 09:01:00"] * 2
    clock.change_speed(60.0, 5_000.0)
    assert (clock.speed, shown(clock, 6_000.0)) == (0.0, "23 09:01:00")  # a pause outlasts a change of speed
    clock.resume(6_000.0)
    assert (clock.speed, shown(clock, 6_001.0)) == (60.0, "23 09:02:00")
    clock.jump(datetime(2026, 11, 23, 14, 30, tzinfo=VIETNAM), 6_001.0)
    assert [shown(clock, wall_s) for wall_s in (6_001.0, 6_002.0)] == ["23 14:30:00", "23 14:31:00"]
    clock.jump(datetime(2026, 11, 24, 8, 0, tzinfo=VIETNAM), 6_002.0)
    assert shown(clock, 6_002.0) == "24 09:00:00"


@pytest.mark.parametrize("speed", [0, -1, 3_601, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(ValueError, match="speed must be"):
        affine().change_speed(speed, 1_000.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["pause", "resume", "speed", "jump"]), st.floats(0.0, 500.0), st.floats(0.1, 3_600.0)
        ),
        max_size=8,
    )
)
def test_the_clock_never_goes_back(acts):
    clock, wall_s = affine(), 1_000.0
    last = clock.at(wall_s)
    for act, pause_s, number in acts:
        wall_s += pause_s
        before = clock.at(wall_s)
        assert before >= last
        if act == "speed":
            clock.change_speed(number, wall_s)
        elif act == "jump":
            clock.jump(datetime.fromtimestamp(before.timestamp() + number, tz=UTC), wall_s)
        else:
            (clock.pause if act == "pause" else clock.resume)(wall_s)
        last = clock.at(wall_s)
        assert (last - before).total_seconds() >= -0.001


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14:30", "2026-11-23T14:30:00+07:00"),
        ("14:30:15", "2026-11-23T14:30:15+07:00"),
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00+07:00"),
        ("2026-11-24T02:00:00+00:00", "2026-11-24T02:00:00+00:00"),
    ],
)
def test_moments_are_read_in_vietnams_time(text, moment):
    assert moment_of(text, date(2026, 11, 23)).isoformat() == moment


# --- disturbances -----------------------------------------------------------------------------------------------------


def disturbed(items, **order):
    disturbances = Disturbances(lambda item: (item[0], item[1:]))
    disturbances.begin(Disturbance(stream="orders", **order), 100.0)
    return disturbances, list(disturbances.pass_on(items, 100.0))


@pytest.mark.parametrize(
    ("order", "passed"),
    [
        ({"act": "drop", "count": 2}, ["a3", "b1"]),
        ({"act": "drop", "kinds": ["b"]}, ["a1", "a2", "a3"]),
        ({"act": "drop", "kinds": ["a"], "symbols": ["1", "3"]}, ["a2", "b1"]),
        ({"act": "duplicate", "count": 1}, ["a1", "a1", "a2", "a3", "b1"]),
        ({"act": "reorder", "count": 3}, ["a3", "a2", "a1", "b1"]),
        ({"act": "reorder", "count": 9}, []),
        ({"act": "delay", "kinds": ["a"], "count": 1, "delay_ms": 500}, ["a2", "a3", "b1"]),
    ],
)
def test_what_goes_on_of_four_messages(order, passed):
    assert disturbed(["a1", "a2", "a3", "b1"], **order)[1] == passed


def test_late_messages_come_when_they_are_due_and_held_ones_when_time_is_over():
    disturbances, _ = disturbed(["a1", "a2"], act="delay", delay_ms=500, seconds=1)
    assert list(disturbances.pass_on(["b1"], 100.4)) == []
    assert list(disturbances.pass_on([], 100.5)) == ["a1", "a2"]
    assert list(disturbances.pass_on(["c1"], 101.0)) == ["b1", "c1"]
    disturbances, _ = disturbed(["a1", "a2"], act="reorder", count=9, seconds=1)
    assert list(disturbances.pass_on(["b1"], 101.0)) == ["a2", "a1", "b1"]
    assert disturbances.orders() == []


@pytest.mark.parametrize("act", ["reorder", "delay"])
def test_to_end_all_loses_nothing(act):
    disturbances, _ = disturbed(["a1", "a2"], act=act, count=9, delay_ms=9_999)
    disturbances.end_all()
    assert sorted(disturbances.pass_on(["b1"], 100.0)) == ["a1", "a2", "b1"]


def test_the_first_that_fits_takes_a_message():
    disturbances, _ = disturbed([], act="drop", count=1)
    disturbances.begin(Disturbance(stream="orders", act="duplicate"), 100.0)
    assert list(disturbances.pass_on(["a1", "a2"], 100.0)) == ["a2", "a2"]
