"""How far a rule was from being met, condition by condition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy import Bar
from qts.domain.strategy.rules import Group, Moment, Reading, members_met, parse_condition, readings

TEN = 1_795_402_800_000  # 2026-11-23 10:00 in Vietnam
BAR = Bar("SSI", TEN, 25_000, 25_100, 24_900, 25_050, 1_000)


def group(kind, *texts):
    return Group(kind, tuple(parse_condition(one) if isinstance(one, str) else one for one in texts))


def moment(values, before=None):
    return Moment(BAR, values, before or {})


@pytest.mark.parametrize(
    ("text", "values", "reading"),
    [
        ("rsi_14 < 30", {"rsi_14": 31.25}, (False, 31.25, 30.0, 1.25)),
        ("rsi_14 < 30", {"rsi_14": 29.0}, (True, 29.0, 30.0, 0.0)),
        ("rsi_14 < 30", {}, (None, None, 30.0, None)),
        ("close > sma_20", {"close": 100.0, "sma_20": 103.0}, (False, 100.0, 103.0, 3.0)),
        ("position = 0", {"position": 200.0}, (False, 200.0, 0.0, 200.0)),
        ("time between 09:20 and 14:20", {}, (True, None, None, None)),
        ("time between 13:00 and 14:20", {}, (False, None, None, None)),
    ],
)
def test_one_condition(text, values, reading):
    assert readings(group("all", text), moment(values)) == (Reading(text, *reading),)


def test_a_crossing_is_as_far_as_the_lines_are_apart():
    found = readings(
        group("all", "ema_9 crosses above ema_21"),
        moment({"ema_9": 98.0, "ema_21": 100.0}, {"ema_9": 97.0, "ema_21": 100.0}),
    )
    assert found == (Reading("ema_9 crosses above ema_21", False, 98.0, 100.0, 2.0),)


def test_under_not_a_condition_is_to_be_false_and_twice_not_is_as_it_was():
    nested = group("not", "rsi_14 < 30", group("not", "close > 10"))
    first, second = readings(nested, moment({"rsi_14": 25.0, "close": 20.0}))
    assert first == Reading("not (rsi_14 < 30)", False, 25.0, 30.0, 5.0)
    assert second == Reading("close > 10", True, 20.0, 10.0, 0.0)


def test_how_many_members_were_met_at_once():
    rule = group("all", "rsi_14 < 30", "close > 10", group("any", "close > 99", "volume > 1"))
    assert members_met(rule, moment({"rsi_14": 40.0, "close": 20.0, "volume": 5.0})) == 2
    assert members_met(group("not", "rsi_14 < 30", "close > 99"), moment({"rsi_14": 40.0})) == 1


@given(value=st.floats(-1e6, 1e6), sign=st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), wanted=st.integers(-99, 99))
def test_nothing_is_missing_exactly_where_the_condition_holds(value, sign, wanted):
    condition, now = f"rsi_14 {sign} {wanted}", moment({"rsi_14": value})
    for kind in ("all", "not"):
        (reading,) = readings(group(kind, condition), now)
        assert reading.is_met is group(kind, condition).holds(now)
        assert (reading.gap == 0.0) or not reading.is_met
