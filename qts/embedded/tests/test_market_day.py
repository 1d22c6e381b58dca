from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from qts.domain.market import built_in_history, parse_clock, to_vietnam
from qts.embedded.market_day import OPENING_PAUSE_S, MarketDay
from qts.embedded.options import read_options

OPTIONS = read_options({})


def wall(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def market_time(spec: str, wall_s: float) -> str:
    return f"{to_vietnam(parse_clock(spec, built_in_history().calendar).at(wall_s)):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("wall_utc", "first_day"),
    [
        ("2026-11-20 05:00", "2026-11-20"),  # a Friday
        ("2026-11-20 18:00", "2026-11-23"),  # already Saturday in Vietnam
        ("2026-11-22 05:00", "2026-11-23"),  # a Sunday
        ("2026-09-02 05:00", "2026-09-03"),  # National Day, a Wednesday
    ],
)
def test_the_demo_opens_before_the_opening_auction_of_a_trading_day(tmp_path, wall_utc, first_day):
    now = wall(wall_utc)
    spec = MarketDay(tmp_path / "clock.json").open(OPTIONS, now)
    assert market_time(spec, now) == f"{first_day} 08:58:00"
    assert market_time(spec, now + OPENING_PAUSE_S + 12) == f"{first_day} 09:00:00"


def test_another_start_and_speed(tmp_path):
    now = wall("2026-11-20 05:00")
    options = replace(OPTIONS, start=time(9, 14, 30), speed=60)
    spec = MarketDay(tmp_path / "clock.json").open(options, now)
    assert market_time(spec, now + OPENING_PAUSE_S + 2) == "2026-11-20 09:16:30"


def test_a_restart_opens_on_the_day_after_the_last_one_used(tmp_path):
    now = wall("2026-11-20 05:00")
    first = MarketDay(tmp_path / "clock.json")
    first.open(OPTIONS, now)
    first.note_alive(now + 600)  # still Friday: 600 s are 100 market minutes
    spec = MarketDay(tmp_path / "clock.json").open(OPTIONS, now + 700)
    assert market_time(spec, now + 700) == "2026-11-23 08:58:00"


def test_market_time_never_goes_back_even_when_killed_just_before_a_new_day(tmp_path):
    now = wall("2026-11-20 05:00")
    first = MarketDay(tmp_path / "clock.json")
    spec = first.open(OPTIONS, now)
    day_s = (15 * 60 + 5 - 8 * 60 - 58) * 60 / OPTIONS.speed
    last_note = now + OPENING_PAUSE_S + day_s - 4
    first.note_alive(last_note)
    killed = last_note + 4.9  # just before the next note: the processes may have seen Monday
    assert market_time(spec, killed).startswith("2026-11-23")
    after = MarketDay(tmp_path / "clock.json").open(OPTIONS, killed + 1)
    assert market_time(after, killed + 1) == "2026-11-25 08:58:00"  # Tuesday the 24th is a holiday from 2026 on


def test_a_folder_unused_for_months_opens_today(tmp_path):
    MarketDay(tmp_path / "clock.json").open(OPTIONS, wall("2026-06-01 05:00"))
    spec = MarketDay(tmp_path / "clock.json").open(OPTIONS, wall("2026-11-20 05:00"))
    assert market_time(spec, wall("2026-11-20 05:00")).startswith("2026-11-20")
