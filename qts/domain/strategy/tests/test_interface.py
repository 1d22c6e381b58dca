"""What a handler may answer, and what a file has to hold."""

import math
from datetime import time
from typing import Any

import pytest

from qts.domain.strategy import Parameters, PlaceOrder, Signal, Strategy, TargetPosition, intents_of, wants_of
from qts.domain.strategy.files import NotAStrategy, strategy_of_file
from qts.domain.values import OrderType, Side

WRONG: Any = TargetPosition  # what nobody's types would let through
WRONG_ORDER: Any = PlaceOrder


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (WRONG(math.nan, "x"), TypeError, "quantity is a whole number, not nan"),
        (WRONG(1.5, "x"), TypeError, "whole number, not 1.5"),
        (TargetPosition(True, "x"), TypeError, "whole number, not True"),
        (TargetPosition(-1, "x"), ValueError, "between 0 and 1000000000, not -1"),
        (TargetPosition(10**30, "x"), ValueError, "between 0 and 1000000000"),
        (WRONG(1, None), TypeError, "signal and symbol are texts"),
        (TargetPosition(1, "x" * 201), ValueError, "200 characters at most"),
        (TargetPosition(1, "x", "S" * 21), ValueError, "symbol has 20 characters at most"),
        (Signal(1, 0, "x", "S" * 21), ValueError, "symbol has 20 characters at most"),
        (PlaceOrder(Side.BUY, 0, OrderType.LO, 1, "x"), ValueError, "between 1 and"),
        (WRONG_ORDER("BUY!", 1, OrderType.LO, 1, "x"), TypeError, "side is a Side"),
        (WRONG_ORDER(Side.BUY, 1, OrderType.LO, 25_000.0, "x"), TypeError, "price_vnd is a whole number"),
        (Signal(2, 50, "x"), ValueError, "direction is between -1 and 1, not 2"),
        (Signal(True, 50, "x"), TypeError, "direction is a whole number"),
        (Signal(1, 101, "x"), ValueError, "strength_percent is between 0 and 100, not 101"),
        (Signal(1, 0, "x", rule="r" * 41), ValueError, "rule is a text of 40 characters"),
        (Signal(1, 0, "x" * 201), ValueError, "200 characters at most"),
        ([TargetPosition(1, "x"), "buy"], TypeError, "answers with intents, not with 'buy'"),
        ([TargetPosition(1, "x")] * 101, ValueError, "100 intents at most"),
        (7, TypeError, "not iterable"),
    ],
)
def test_nonsense_is_no_intent(answer, error, said):
    with pytest.raises(error, match=said):
        intents_of(answer)


def test_what_is_wanted_keeps_its_order():
    first, second = PlaceOrder(Side.SELL, 100, OrderType.ATC, None, "x", "SSI"), TargetPosition(0, "y")
    assert intents_of([first, second]) == (first, second)
    assert intents_of(None) == ()
    assert intents_of(Signal(-1, 0, "x")) == (Signal(-1, 0, "x"),)


@pytest.mark.parametrize("at", [time(14, 30, 1), "14:30", 870])
def test_a_timer_is_a_time_of_whole_minutes(at):
    class Odd(Strategy[Any]):
        def timers(self) -> tuple[time, ...]:
            return (at,)

    with pytest.raises(ValueError, match="whole minutes"):
        wants_of(Odd(Parameters()))


BASE = "from qts.domain.strategy import Strategy\nclass One(Strategy): pass\n"


def test_a_file_holds_one_strategy_and_what_it_builds_upon():
    assert strategy_of_file("one.py", BASE + "class Two(One): pass\n").__name__ == "Two"
    for text, found in ((BASE + "class Two(Strategy): pass\n", "One, Two"), ("x = 1", "none")):
        with pytest.raises(NotAStrategy, match=found):
            strategy_of_file("one.py", text)
