"""Conditions of rules: what they mean, what they leave open, and what is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy import Bar
from qts.domain.strategy.rules import ConditionWrong, Group, Moment, parse_condition

TEN_PAST_TEN = round(datetime(2026, 11, 23, 3, 10, tzinfo=UTC).timestamp() * 1_000)
BAR = Bar("SSI", TEN_PAST_TEN, 25_000, 25_100, 24_900, 25_050, 1_000)


def moment(values, before=None):
    return Moment(BAR, values, before or {})


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ("rsi_14 < 30", {"rsi_14": 29.9}, True),
        ("rsi_14 < 30", {"rsi_14": 30.0}, False),
        ("rsi_14 <= 30", {"rsi_14": 30.0}, True),
        ("rsi_14 > 70.5", {"rsi_14": 70.4}, False),
        ("rsi_14 >= 70.5", {"rsi_14": 70.5}, True),
        ("close > sma_20@15m", {"close": 25_050.0, "sma_20@15m": 25_049.0}, True),
        ("position = 0", {"position": 0.0}, True),
        ("position != 0", {"position": 0.0}, False),
        ("30 > rsi_14", {"rsi_14": 29.0}, True),
        ("macd > -1.5", {"macd": -1.0}, True),
        ("rsi_14 < 30", {}, None),
        ("sma_5 > sma_20", {"sma_5": 1.0}, None),
        ("  rsi_14   <    30 ", {"rsi_14": 29.0}, True),
        ("time between 10:10 and 10:11", {}, True),
        ("time between 10:11 and 14:00", {}, False),
        ("time between 9:20 and 10:10", {}, False),
    ],
)
def test_what_it_answers(text, values, answer):
    assert parse_condition(text).holds(moment(values)) is answer


@pytest.mark.parametrize(
    ("before", "now", "above", "below"),
    [
        ((1.0, 2.0), (3.0, 2.0), True, False),
        ((2.0, 2.0), (3.0, 2.0), True, False),
        ((3.0, 2.0), (3.0, 2.0), False, False),
        ((1.0, 2.0), (2.0, 2.0), False, False),  # it is on it, and beyond it only with the next bar
        ((3.0, 2.0), (1.0, 2.0), False, True),
        ((2.0, 2.0), (1.0, 2.0), False, True),
    ],
)
def test_a_crossing_is_seen_between_two_bars(before, now, above, below):
    met = moment(dict(zip("ab", now, strict=True)), dict(zip("ab", before, strict=True)))
    assert parse_condition("a crosses above b").holds(met) is above
    assert parse_condition("a crosses below b").holds(met) is below
    assert parse_condition("a crosses above b").holds(moment({"a": 3.0, "b": 2.0})) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no condition"),
        ("rsi_14", "no condition"),
        ("rsi_14 <", "no condition"),
        ("rsi_14 << 30", "no condition"),
        ("rsi_14 < 30 and close > 1", "no condition"),
        ("RSI_14 < 30", "neither a number nor a name"),
        ("__import__('os') < 1", "neither a number nor a name"),
        ("rsi_14 < nan!", "neither a number nor a name"),
        ("time between 14:00 and 9:00", "not before"),
        ("time between 25:00 and 26:00", "no two times of day"),
        ("time between 9 and 10", "no condition"),
    ],
)
def test_what_is_no_condition_is_told(text, why):
    with pytest.raises(ConditionWrong, match=why):
        parse_condition(text)


TRUE, FALSE, OPEN = map(parse_condition, ("one = 1", "one != 1", "missing = 1"))
ONE = moment({"one": 1.0})


@pytest.mark.parametrize(
    ("kind", "members", "answer"),
    [
        ("all", (TRUE, TRUE), True),
        ("all", (TRUE, FALSE), False),
        ("all", (TRUE, OPEN), None),
        ("all", (FALSE, OPEN), False),
        ("any", (FALSE, TRUE), True),
        ("any", (FALSE, FALSE), False),
        ("any", (OPEN, TRUE), True),
        ("any", (OPEN, FALSE), None),
        ("not", (FALSE, FALSE), True),
        ("not", (FALSE, TRUE), False),
        ("not", (FALSE, OPEN), None),
        ("all", (Group("any", (FALSE, TRUE)), Group("not", (FALSE,))), True),
    ],
)
def test_groups_know_three_answers(kind, members, answer):
    assert Group(kind, members).holds(ONE) is answer


@pytest.mark.parametrize("beside", ["prediction_up", "sentiment_news"])
def test_what_is_beside_the_chart_and_not_there_is_not_asked(beside):
    asks = parse_condition(f"{beside} > 0.5")
    both = Group("all", (TRUE, asks))
    assert both.holds(ONE) is True
    assert both.holds(moment({"one": 1.0, beside: 0.4})) is False
    assert both.holds(moment({"one": 1.0, beside: 0.6})) is True
    assert Group("all", (asks,)).holds(ONE) is None  # alone it decides nothing


def test_it_tells_the_numbers_that_it_met():
    met = moment({"rsi_14": 28.123456, "close": 25_050.0, "sma_20": 24_900.0}, {"close": 24_800.0, "sma_20": 24_850.0})
    group = Group(
        "all", tuple(map(parse_condition, ("rsi_14 < 30", "close crosses above sma_20", "time between 9:20 and 14:20")))
    )
    assert group.holds(met)
    assert group.told(met) == (
        "rsi_14 28.1235 < 30; close 25,050 crosses above sma_20 24,900; 10:10 is time between 09:20 and 14:20"
    )


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_is_refused(text):
    try:
        found = parse_condition(text)
    except ConditionWrong:
        return
    assert parse_condition(found.text) == found
