"""What the strategies heard is kept, and why nothing happened is told from it."""

import time
from datetime import timedelta

import pytest

from apps.analytics.services import IndicatorEngine
from apps.risk import services as risk
from apps.strategies import selectors, services
from apps.strategies.models import Attendance, Strategy
from apps.strategies.services import desk as desk_module
from apps.strategies.services.attendance import AttendanceBook, prune_attendance
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.tests.conftest import NOW, TRADER, bar
from qts.domain.market import to_vietnam
from qts.domain.strategy import Bar, Context, Tick
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = to_vietnam(NOW).date()
RULES = """title: Dips
enter:
  all:
    - rsi_14 < 30
    - close > 1000
leave:
  any:
    - rsi_14 > 65
size: {method: fixed, quantity: 300}
"""


@pytest.fixture
def dips(account_id, settings, tmp_path):
    """A running document of rules."""
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    (services.strategies_folder() / "dips.yaml").write_text(RULES)
    services.register_file("dips", actor=TRADER, now=NOW)
    made = services.create_strategy(
        name="Dips", class_key="file:dips", parameters={}, account_id=account_id, symbols=["SSI"]
    )
    services.start_strategy(made, actor=TRADER, now=NOW)
    return made


def day_of(strategy_id, **asked):
    strategy = selectors.strategy(strategy_id)
    return selectors.strategy_day(strategy, asked.pop("day", TODAY), NOW, **asked)


def codes(day):
    return [one.code for one in selectors.findings(day)]


def written(desk):
    desk._attendance.write(at_once=True)


def ask(desk, engine, *values, first=0):
    """One bar for each value of the RSI."""
    for number, value in enumerate(values, first):
        engine.now = {} if value is None else {"rsi_14": value}
        desk.on_bar(bar(f"10:{number:02}:00"))


def test_what_it_heard_and_what_its_decisions_came_to(desk, engine, strategy_id, settings):
    engine.cross(9.9, 10.1)
    desk.on_bar(bar("10:13:00"))
    desk.on_bar(bar("10:14:00"))
    settings.MARKET_CLOCK = f"affine:{TODAY},10:15:00,17:15:01,{time.time() - 16:.3f},1"
    desk.on_bar(bar("10:14:00", received_ns=time.time_ns() - 60_000_000_000))
    written(desk)
    day = day_of(strategy_id)
    (one,) = day.symbols
    assert (one.bar_count, one.late_count, one.last_kind, one.silence, one.cold) == (2, 1, "bar", "", ())
    assert f"{to_vietnam(one.last_at):%H:%M}" == "10:14"
    assert {found.outcome: found.count for found in day.outcomes} == {"SUBMITTED": 1, "SKIPPED": 1}
    assert codes(day)[:3] == ["ORDERS", "RUNS", "HEARD"]
    assert {"LATE", "SKIPPED"} <= set(codes(day))
    assert "WANTED_NOTHING" not in codes(day)


def test_a_rule_that_was_never_met_says_what_came_nearest(desk, engine, dips):
    desk.refresh()
    ask(desk, engine, None, 45.0, 31.2, 40.0)
    written(desk)
    (rule,) = day_of(dips).symbols[0].rules
    rsi, close = rule.conditions
    assert (rule.rule, rule.asked_count, rule.met_count, rule.most, rule.members) == ("enter", 4, 0, 1, 2)
    assert (rsi.met_count, rsi.unknown_count, rsi.is_met, rsi.value, rsi.gap) == (0, 1, False, 40.0, 10.0)
    assert (rsi.nearest_value, rsi.nearest_gap, f"{to_vietnam(rsi.nearest_at):%H:%M}") == (31.2, 1.2, "10:02")
    assert (close.met_count, close.nearest_gap) == (4, 0.0)
    assert rule.missed is rsi
    found = {one.code: one.facts for one in selectors.findings(day_of(dips))}
    assert {name: found["RULE_MISSED"][name] for name in ("condition", "value", "asked", "met")} == {
        "condition": "rsi_14 < 30",
        "value": 31.2,
        "asked": 4,
        "met": 0,
    }
    assert "WANTED_NOTHING" not in found


def test_a_rule_that_was_met_is_not_blamed(desk, engine, dips):
    desk.refresh()
    ask(desk, engine, 25.0)
    written(desk)
    day = day_of(dips)
    assert (day.symbols[0].rules[0].met_count, day.symbols[0].rules[0].missed) == (1, None)
    assert "RULE_MISSED" not in codes(day)
    assert "RULE_MET" in codes(day)


def test_another_worker_counts_on(desk, engine, strategy_id, dips):
    desk.refresh()
    ask(desk, engine, 45.0, 31.2)
    written(desk)
    with StrategyDesk(engine) as next_one:
        next_one.refresh()
        next_one.begin_batch()
        ask(next_one, engine, 60.0, first=2)
    one = day_of(dips).symbols[0]
    assert (one.bar_count, one.rules[0].asked_count) == (3, 3)
    assert one.rules[0].missed.nearest_value == 31.2
    assert Attendance.objects.filter(symbol="SSI").count() == 2


def test_what_is_not_warm_says_how_many_bars_it_lacks(desk, engine, strategy_id):
    engine.now = {"sma_5": 10.0}
    desk.on_bar(bar())
    written(desk)
    day = day_of(strategy_id)
    (cold,) = day.symbols[0].cold
    assert (cold.name, cold.bars_more) == ("sma_20", 20)
    assert "COLD" in codes(day)


def test_silence_has_its_reason(desk, strategy_id, account_id):
    written(desk)
    assert (day_of(strategy_id).symbols[0].silence, day_of(strategy_id).symbols[0].bar_count) == ("NO_TRADE", 0)
    assert {"RUNS", "HEARD_NOTHING", "NO_BAR"} <= set(codes(day_of(strategy_id)))
    never = day_of(strategy_id, day=TODAY - timedelta(days=3))
    assert (never.is_today, never.stops, never.sessions) == (False, (), {})
    assert codes(never) == ["NEVER_RAN"]


def test_what_stops_it_is_named(desk, strategy_id, account_id):
    officer = Actor(ActorKind.USER, "2")
    risk.engage_kill_switch(scope=f"strategy:{strategy_id}", reason="look at it", actor=officer, now=NOW)
    risk.engage_kill_switch(scope="symbol:VNM", reason="not its business", actor=officer, now=NOW)
    day = day_of(strategy_id)
    assert [(stop.scope, stop.reason) for stop in day.stops] == [(f"strategy:{strategy_id}", "look at it")]
    assert "STOP" in codes(day)


def test_stopped_and_failed_are_told_with_their_reason(desk, strategy_id):
    services.stop_strategy(strategy_id, actor=TRADER, now=NOW, reason="lunch")
    written(desk)
    day = day_of(strategy_id)
    assert [(change.status, change.reason) for change in day.changes][-1] == ("STOPPED", "lunch")
    found = {one.code: one.facts for one in selectors.findings(day)}
    assert found["RAN"]["reason"] == "lunch"
    services.start_strategy(strategy_id, actor=TRADER, now=NOW)
    services.fail_strategy(strategy_id, reason="the sky is falling", now=NOW)
    found = {one.code: one.facts for one in selectors.findings(day_of(strategy_id))}
    assert found["FAILED"]["reason"] == "the sky is falling"


def test_started_and_taken_up_by_nobody(strategy_id):
    assert "RUNS_UNSEEN" in codes(day_of(strategy_id))


def test_it_is_written_once_a_second_in_one_statement(strategy_id, django_assert_num_queries):
    book, strategy = AttendanceBook(), Strategy.objects.get(id=strategy_id)
    for number in range(300):
        book.heard(strategy, Tick("SSI", 1_795_402_800_000 + number, 25_000, 100), "SSI", Context({}, {}), ())
    with django_assert_num_queries(3):  # begin, insert, commit
        assert book.write() == 1
    book.heard(strategy, Bar("SSI", 1_795_402_800_000, 1, 1, 1, 1, 1), "SSI", Context({}, {}), ("sma_5",))
    with django_assert_num_queries(0):
        assert book.write() == 0
    book.write(at_once=True)
    row = Attendance.objects.get(symbol="SSI")
    assert (row.tick_count, row.bar_count, row.cold, row.last_kind) == (300, 1, ["sma_5"], "bar")


def test_old_ones_are_dropped(desk, strategy_id):
    written(desk)
    assert prune_attendance(now=NOW + timedelta(days=89)) == 0
    assert prune_attendance(now=NOW + timedelta(days=92)) == 1


def test_a_desk_that_breaks_writes_nothing_more(strategy_id, engine, monkeypatch):
    monkeypatch.setattr(desk_module.AttendanceBook, "write", lambda *_args, **_named: pytest.fail("written"))
    with pytest.raises(KeyError, match="broken"), StrategyDesk(IndicatorEngine()):
        raise KeyError("broken")
