from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import VIETNAM, TradingCalendar, parse_clock, to_vietnam

SPEC = "affine:2026-11-20,08:58:00,15:00:00,1000.0,10"  # a Friday; the day lasts 21,720 market seconds
HOLIDAY = TradingCalendar(frozenset({date(2026, 11, 24)}))


@pytest.mark.parametrize(
    ("wall_s", "local"),
    [
        (0.0, datetime(2026, 11, 20, 8, 58, tzinfo=VIETNAM)),  # not started yet
        (1000.0, datetime(2026, 11, 20, 8, 58, tzinfo=VIETNAM)),
        (1012.0, datetime(2026, 11, 20, 9, 0, tzinfo=VIETNAM)),
        (1000.0 + 2172.0 - 0.1, datetime(2026, 11, 20, 14, 59, 59, tzinfo=VIETNAM)),
        (1000.0 + 2172.0, datetime(2026, 11, 23, 8, 58, tzinfo=VIETNAM)),  # over the week-end
        (1000.0 + 2 * 2172.0, datetime(2026, 11, 25, 8, 58, tzinfo=VIETNAM)),  # over the holiday
    ],
)
def test_affine(wall_s, local):
    moment = parse_clock(SPEC, HOLIDAY).at(wall_s)
    assert moment == local
    assert moment.tzinfo is UTC


def test_wall():
    schedule = parse_clock("wall")
    assert schedule.at(1_795_400_000.5) == datetime.fromtimestamp(1_795_400_000.5, tz=UTC)
    assert schedule.wall_at(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400.0


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("", "clock must be"),
        ("wall:now", "clock must be"),
        ("affine:2026-11-20,09:00", "clock must be"),
        ("affine:2026-13-20,09:00,15:00,0,1", "month"),
        ("affine:2026-11-20,15:00,09:00,0,1", "not after"),
        ("affine:2026-11-20,09:00,15:00,0,0", "speed"),
        ("affine:2026-11-20,09:00,15:00,0,nan", "speed"),
        ("affine:2026-11-21,09:00,15:00,0,1", "not a trading day"),
    ],
)
def test_a_bad_specification_is_refused_by_name(spec, part):
    with pytest.raises(ValueError, match=part):
        parse_clock(spec)


@given(st.floats(min_value=1000.0, max_value=60_000.0), st.floats(min_value=0.001, max_value=500.0))
def test_market_time_never_goes_back_and_shows_trading_days_only(wall_s, later_s):
    schedule = parse_clock(SPEC, HOLIDAY)
    earlier, later = schedule.at(wall_s), schedule.at(wall_s + later_s)
    assert earlier <= later
    assert HOLIDAY.is_trading_day(to_vietnam(later).date())


@given(st.floats(min_value=1000.0, max_value=60_000.0))
def test_wall_time_of_a_market_moment(wall_s):
    schedule = parse_clock(SPEC, HOLIDAY)
    assert schedule.wall_at(schedule.at(wall_s)) == pytest.approx(wall_s, abs=1e-5)


def test_a_moment_outside_the_clocks_day_maps_to_the_next_start():
    schedule = parse_clock(SPEC, HOLIDAY)
    assert schedule.wall_at(datetime(2026, 11, 21, 12, 0, tzinfo=VIETNAM)) == 1000.0 + 2172.0
    assert schedule.wall_at(datetime(2026, 11, 20, 18, 0, tzinfo=VIETNAM)) == 1000.0 + 2172.0
