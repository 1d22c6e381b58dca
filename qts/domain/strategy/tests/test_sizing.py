import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy import PlaceOrder, TargetPosition
from qts.domain.strategy.sizing import Holding, NoOrder, Proposal, TopOfBook, propose
from qts.domain.values import OrderType, Side

TOP = TopOfBook(bid_vnd=25_000, ask_vnd=25_050, last_vnd=25_050)


def holding(held: int = 0, working: int = 0, sellable: int = 0) -> Holding:
    return Holding(held=held, working=working, sellable=sellable, round_lot=100)


def buy(quantity: int, price_vnd: int = 25_050) -> Proposal:
    return Proposal(Side.BUY, quantity, OrderType.LO, price_vnd)


def sell(quantity: int, price_vnd: int = 25_000) -> Proposal:
    return Proposal(Side.SELL, quantity, OrderType.LO, price_vnd)


@pytest.mark.parametrize(
    ("target", "now", "expected"),
    [
        (500, holding(), buy(500)),
        (500, holding(held=200), buy(300)),
        (500, holding(held=200, working=300), NoOrder("already holding or working towards the target")),
        (550, holding(), buy(500)),
        (50, holding(), NoOrder("50 is less than a round lot of 100")),
        (0, holding(held=500, sellable=10_000), sell(500)),
        (0, holding(held=500, sellable=250), sell(200)),
        (0, holding(held=500), NoOrder("only 0 of 500 can be sold today (shares bought settle on T+2)")),
        (0, holding(held=0, working=500, sellable=500), sell(500)),
    ],
)
def test_the_difference_is_ordered(target, now, expected):
    assert propose(TargetPosition(target, "s"), now, TOP) == expected


def test_an_empty_side_falls_back_to_the_last_price_and_no_price_is_no_order():
    assert propose(TargetPosition(100, "s"), holding(), TopOfBook(bid_vnd=1, ask_vnd=0, last_vnd=24_900)) == (
        buy(100, 24_900)
    )
    assert propose(TargetPosition(100, "s"), holding(), TopOfBook(bid_vnd=0, ask_vnd=0, last_vnd=0)) == (
        NoOrder("no price in the market yet")
    )


def test_an_order_intent_passes_unchanged():
    intent = PlaceOrder(Side.SELL, 150, OrderType.ATC, None, "close")
    assert propose(intent, holding(), TOP) == Proposal(Side.SELL, 150, OrderType.ATC, None)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(-5_000, 5_000), st.integers(0, 10_000))
def test_never_more_than_wanted_nor_than_can_be_sold(target, held, working, sellable):
    answer = propose(TargetPosition(target, "s"), holding(held, working, sellable), TOP)
    if isinstance(answer, Proposal):
        assert 0 < answer.quantity <= abs(target - held - working)
        assert answer.quantity % 100 == 0
        assert answer.side is Side.BUY or answer.quantity <= sellable
