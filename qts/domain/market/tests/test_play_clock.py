"""To the nanosecond, on a clock that the test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import SPEED_MAX, SPEED_MIN, PlayClock

NOON_MS = 1_795_410_000_000
NS = 1_000_000


@pytest.mark.parametrize("speed", range(SPEED_MIN, SPEED_MAX + 1))
def test_each_speed_is_exact(speed):
    clock = PlayClock(NOON_MS * NS, speed)
    clock.run(7)
    for seconds in (1, 59, 3_600, 21_600):
        assert clock.now_ms(7 + seconds * 10**9) == NOON_MS + seconds * 1_000 * speed


def test_it_begins_standing_and_stands_when_told():
    clock = PlayClock(NOON_MS * NS)
    assert (clock.now_ms(5 * 10**9), clock.is_running) == (NOON_MS, False)
    clock.run(10 * 10**9)
    clock.stand(12 * 10**9)
    assert clock.now_ms(99 * 10**9) == NOON_MS + 2_000
    clock.run(100 * 10**9)
    assert clock.now_ms(101 * 10**9) == NOON_MS + 3_000


def test_a_jump_changes_the_time_and_not_whether_it_runs():
    clock = PlayClock(NOON_MS * NS, 10)
    clock.run(0)
    clock.jump(NOON_MS - 60_000, 10**9)
    assert clock.now_ms(2 * 10**9) == NOON_MS - 50_000
    clock.stand(2 * 10**9)
    clock.jump(NOON_MS, 3 * 10**9)
    assert (clock.now_ms(9 * 10**9), clock.is_running) == (NOON_MS, False)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(SPEED_MIN, SPEED_MAX), st.booleans()), max_size=30))
def test_nothing_is_lost_by_any_number_of_changes(changes):
    """The sum of the parts, each at its own speed, in nanoseconds: rounding only at the very end."""
    clock, now_ns, speed, expected_ns = PlayClock(NOON_MS * NS), 0, 1, NOON_MS * NS
    for length_ns, next_speed, runs in changes:
        expected_ns += length_ns * speed if clock.is_running else 0
        now_ns += length_ns
        clock.go_at(next_speed, now_ns)
        speed = next_speed
        (clock.run if runs else clock.stand)(now_ns)
    assert clock.now_ms(now_ns) == expected_ns // NS


@pytest.mark.parametrize("speed", [0, -1, 61, 1.5, "10", None, True])
def test_other_speeds_are_refused_and_change_nothing(speed):
    clock = PlayClock(NOON_MS * NS, 10)
    with pytest.raises(ValueError, match="1 to 60"):
        clock.go_at(speed, 0)
    assert clock.speed == 10
    with pytest.raises(ValueError, match="1 to 60"):
        PlayClock(0, speed)
