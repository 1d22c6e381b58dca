"""How much is held: exact amounts, and what no numbers may bring about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy.position_size import (
    BY_VOLATILITY,
    SIZES,
    Facts,
    Peer,
    Size,
    Sized,
    lots_of,
    parse_size,
    quantity_of,
)

BILLION = 1_000_000_000
PARITY = Size("risk_parity", {"percent_of_equity": 50})


def method(name: str) -> st.SearchStrategy[Size]:
    numbers = {number: st.integers(least, most) for number, (least, most) in SIZES[name].items()}
    return st.fixed_dictionaries(numbers).map(lambda drawn: Size(name, drawn))


sizes = st.sampled_from(sorted(SIZES)).flatmap(method)
ranges = st.none() | st.floats(0, 100_000, allow_nan=False)
peers = st.lists(st.builds(Peer, st.none() | st.integers(0, 500_000), ranges), max_size=6)
prices = st.integers(-1, 2_000_000)
equities = st.integers(0, 10**13)
lots = st.sampled_from((1, 10, 100))


@given(sizes, st.builds(Facts, prices, equities, ranges, peers), lots)
def test_whole_lots_never_negative_and_never_worth_more_than_the_account(size, facts, lot):
    sized = lots_of(size, facts, lot)
    assert sized.quantity >= 0
    assert sized.quantity % lot == 0
    assert sized.quantity <= sized.wanted
    assert sized.quantity * max(facts.price_vnd, 0) <= facts.equity_vnd
    assert bool(sized.reason) == (sized.quantity != sized.wanted or sized.wanted == 0)


@given(sizes, st.builds(Facts, prices, equities, ranges, peers), equities, lots)
def test_more_equity_is_never_less_to_hold(size, facts, more, lot):
    richer = replace(facts, equity_vnd=facts.equity_vnd + more)
    assert lots_of(size, facts, lot).quantity <= lots_of(size, richer, lot).quantity


@given(
    st.sampled_from(sorted(BY_VOLATILITY)).flatmap(method),
    st.builds(Facts, prices, equities, st.floats(0.001, 10_000), peers),
    st.floats(0, 10_000),
)
def test_more_volatility_is_never_more_to_hold(size, facts, more):
    wilder = replace(facts, atr_vnd=facts.atr_vnd + more)
    assert quantity_of(size, wilder) <= quantity_of(size, facts)


@given(st.lists(st.tuples(st.integers(1_000, 500_000), st.floats(1, 10_000)), min_size=1, max_size=8))
def test_parity_shares_out_its_budget_and_no_more(symbols):
    held_vnd = 0
    for number, (price, atr) in enumerate(symbols):
        others = [Peer(*one) for place, one in enumerate(symbols) if place != number]
        held_vnd += price * quantity_of(PARITY, Facts(price, BILLION, atr, others))
    assert BILLION // 2 - sum(price for price, _ in symbols) - len(symbols) <= held_vnd <= BILLION // 2


@pytest.mark.parametrize(
    ("facts", "quantity"),
    [
        (Facts(25_000, BILLION, 500.0), 20_000),  # alone: the whole half
        (Facts(25_000, BILLION, 500.0, [Peer(50_000, 1_000.0)]), 10_000),  # both move 2 %: a quarter each
        (Facts(25_000, BILLION, 500.0, [Peer(50_000, 3_000.0)]), 15_000),  # the other moves 6 %: three to one
        (Facts(25_000, BILLION, 500.0, [Peer(50_000, None)]), 10_000),  # nobody knows: its share stays free
        (Facts(25_000, BILLION, 500.0, [Peer(None, 3_000.0), Peer(50_000, 1_000.0)]), 6_666),
        (Facts(25_000, BILLION, None, [Peer(50_000, 1_000.0)]), 0),
    ],
)
def test_parity_to_the_share(facts, quantity):
    assert quantity_of(PARITY, facts) == quantity


@pytest.mark.parametrize(
    ("size", "facts", "sized"),
    [
        (Size("fixed", {"quantity": 250}), Facts(25_000, BILLION), Sized(250, 200, "whole lots of 100")),
        (Size("fixed", {"quantity": 50}), Facts(25_000, BILLION), Sized(50, 0, "50 is less than a round lot of 100")),
        (Size("fixed", {"quantity": 500}), Facts(25_000, 6_000_000),
         Sized(500, 200, "the account is worth 240 at this price")),
        (Size("fixed", {"quantity": 500}), Facts(25_000, 0), Sized(500, 0, "the account is worth 0 at this price")),
        (Size("percent_of_equity", {"percent": 5}), Facts(25_000, 0),
         Sized(0, 0, "what the account is worth is not known")),
        (Size("percent_of_equity", {"percent": 1}), Facts(0, BILLION), Sized(0, 0, "there is no price yet")),
        (Size("volatility_target", {"risk_bps": 50, "atrs": 2, "percent_of_equity_max": 20}), Facts(25_000, BILLION),
         Sized(0, 0, "atr_14 is not known yet")),
        (Size("kelly", {"win_percent": 40, "payoff_percent": 100, "percent_of_equity_max": 20}),
         Facts(25_000, BILLION), Sized(0, 0, "the odds are against it")),
        (Size("percent_of_equity", {"percent": 1}), Facts(25_000, 2_000_000),
         Sized(0, 0, "it comes to less than a share")),
    ],
)  # fmt: skip
def test_what_is_left_of_it_and_why(size, facts, sized):
    assert lots_of(size, facts, 100) == sized


def test_only_what_is_allowed_is_read():
    given = {"method": "risk_parity", "percent_of_equity": 50}
    assert parse_size(given, "size") == PARITY
    assert parse_size(given, "size", ("fixed", "kelly")) == [("size", "its method is one of fixed, kelly")]
    assert parse_size({"method": "risk_parity", "percent": 5}, "size") == [
        ("size.percent", "risk_parity does not take it"),
        ("size.percent_of_equity", "it is a whole number from 1 to 100"),
    ]
