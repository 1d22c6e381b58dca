from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from qts.adapters.clock import market_clock
from qts.domain.market import built_in_history

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC).timestamp()
SPEC = f"affine:2026-11-23,08:58:00,15:10:00,{START},10"


def test_the_wall_clock_is_the_machines_and_the_day_is_vietnams():
    with time_machine.travel(datetime(2026, 11, 21, 18, 30, tzinfo=UTC), tick=False):
        clock = market_clock("wall")
        assert clock.now() == datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
        assert clock.now().utcoffset() == timedelta(0)
        assert clock.trading_day() == date(2026, 11, 22)


def test_the_affine_clock_runs_at_its_speed_and_jumps_over_a_holiday():
    with time_machine.travel(START, tick=False) as machine:
        clock = market_clock(SPEC)
        assert clock.now() == datetime(2026, 11, 23, 1, 58, tzinfo=UTC)
        machine.shift(60)
        assert clock.now() == datetime(2026, 11, 23, 2, 8, tzinfo=UTC)
        machine.move_to(START + (6 * 3600 + 12 * 60) / 10 + 1)
        assert clock.trading_day() == date(2026, 11, 25), "24 November is a public holiday from 2026 on"


def test_two_clocks_of_one_specification_agree():
    with time_machine.travel(START + 12_345.678, tick=False):
        assert market_clock(SPEC).now() == market_clock(SPEC).now()


@pytest.mark.parametrize("spec", ["", "sundial", "affine:", "affine:2026-11-24,08:58:00,15:10:00,0,10"])
def test_what_is_no_clock_is_refused(spec):
    with pytest.raises(ValueError, match=r"."):
        market_clock(spec)


@pytest.mark.parametrize(
    "day",
    ["2025-01-28", "2025-04-07", "2025-05-02", "2026-02-17", "2026-04-27", "2026-09-02", "2026-11-24", "2026-11-21"],
)
def test_closed_days(day):
    assert not built_in_history().calendar.is_trading_day(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2025-01-24", "2026-02-13", "2026-11-23", "2026-11-25", "2025-11-24"])
def test_open_days(day):
    assert built_in_history().calendar.is_trading_day(date.fromisoformat(day))
