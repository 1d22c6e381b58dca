"""Futures by hand: a point is 100,000 VND, initial margin 17 %, fee 5,000 a contract and side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import ContractHolding, Deposit, FutureTerms, OpenContracts
from qts.domain.values import Side

TERMS = FutureTerms()
POINT = 100_000


def test_a_day_in_futures():
    """Buy 2 at 1,280.0 and 1 at 1,283.0, sell 1 at 1,286.0, settle at 1,284.5.

    Cost 2 x 128,000,000 + 128,300,000 = 384,300,000, a third of it is 128,100,000: the sale gains 500,000. Two are left
    at 256,200,000; at 128,450,000 each they float 700,000. The evening pays 1,200,000.
    """
    held, gain = ContractHolding().traded(Side.BUY, 2, 128_000_000)
    assert (held, gain) == (ContractHolding(2, 256_000_000, 0), 0)
    held, gain = held.traded(Side.BUY, 1, 128_300_000)
    held, gain = held.traded(Side.SELL, 1, 128_600_000)
    assert (held, gain) == (ContractHolding(2, 256_200_000, 500_000), 500_000)
    assert held.floating_vnd(128_450_000) == 700_000
    assert held.marked(128_450_000) == (ContractHolding(2, 256_900_000, 0), 1_200_000)


def test_a_sale_of_more_than_is_held_turns_the_position_round():
    """Long 1 at 1,280; sell 3 at 1,282: one closes with 200,000, two are short at 256,400,000."""
    held, gain = ContractHolding(1, 128_000_000, 0).traded(Side.SELL, 3, 128_200_000)
    assert (held, gain) == (ContractHolding(-2, -256_400_000, 200_000), 200_000)
    assert held.marked(128_500_000)[1] == 200_000 - 600_000  # 300,000 against each of the two, and the gain


def test_fee_tax_and_margin_of_one_contract():
    """1,280 points: margin 17 % of 128,000,000; tax 0.1 % of it, halved."""
    assert TERMS.initial_margin_vnd(128_000_000) == 21_760_000
    assert TERMS.maintenance_margin_vnd(128_000_000) == 17_920_000
    assert TERMS.tax_vnd(128_000_000) == 10_880
    assert TERMS.fees_vnd(3) == 15_000
    assert TERMS.initial_margin_vnd(1) == 1  # rounded up


def deposit(cash_vnd, net=0, *, bids=0, offers=0, price_vnd=128_000_000, cost_vnd=None):
    held = ContractHolding(net, net * price_vnd if cost_vnd is None else cost_vnd, 0)
    return Deposit(cash_vnd, {"F": OpenContracts(held, price_vnd, bids, offers)}, TERMS)


@pytest.mark.parametrize(
    ("given_deposit", "side", "most"),
    [
        # one contract binds 21,760,000 and costs 5,000 and 10,880: 21,775,880; 100,000,000 pay for four
        (deposit(100_000_000), Side.BUY, 4),
        (deposit(100_000_000), Side.SELL, 4),
        # two long bind 43,520,000: 56,480,000 pay for two more; selling four turns it round and binds as much
        (deposit(100_000_000, net=2), Side.BUY, 2),
        (deposit(100_000_000, net=2), Side.SELL, 6),
        # what closes passes even where nothing is free
        (deposit(0, net=3), Side.SELL, 6),
        (deposit(0, net=3), Side.BUY, 0),
        # working orders count as if they were filled
        (deposit(100_000_000, bids=3), Side.BUY, 1),
    ],
)
def test_the_most_that_may_be_ordered(given_deposit, side, most):
    assert given_deposit.max_quantity("F", side) == most
    assert given_deposit.needed_vnd("F", side, most) <= max(0, given_deposit.free_vnd)
    assert given_deposit.needed_vnd("F", side, most + 1) > given_deposit.free_vnd


def test_equity_under_the_maintenance_margin_is_called_for():
    """Two long at 1,280, now at 1,240: 8,000,000 lost. 44,000,000 less that is over 34,720,000, and enough."""
    held = {"net": 2, "cost_vnd": 256_000_000, "price_vnd": 124_000_000}
    assert deposit(44_000_000, **held).called_vnd == 0
    assert deposit(42_000_000, **held).called_vnd == 42_160_000 - 34_000_000  # up to the initial margin


def test_one_investor_holds_no_more_than_the_clearing_house_lets_him():
    rich = deposit(10**15, net=4_990)
    assert rich.max_quantity("F", Side.BUY) == 10
    assert not rich.exceeds_limit("F", Side.BUY, 10)
    assert rich.exceeds_limit("F", Side.BUY, 11)
    assert not rich.exceeds_limit("F", Side.SELL, 4_990)


trades = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(1_000, 2_000)), min_size=1)


@given(trades, st.lists(st.integers(1_000, 2_000), min_size=1, max_size=3))
def test_variation_is_what_was_received_less_what_was_paid(done, settlements):
    """However the trades close each other, and however often they are marked: cash and value balance to the dong."""
    held, paid_vnd, received_vnd = ContractHolding(), 0, 0
    for number, (side, quantity, points) in enumerate(done):
        held, _ = held.traded(side, quantity, points * POINT)
        paid_vnd += quantity * points * POINT * (1 if side is Side.BUY else -1)
        if number < len(settlements):
            held, variation_vnd = held.marked(settlements[number] * POINT)
            received_vnd += variation_vnd
    held, variation_vnd = held.marked(1_500 * POINT)
    assert received_vnd + variation_vnd == held.net * 1_500 * POINT - paid_vnd
    assert held.cost_vnd == held.net * 1_500 * POINT


@given(st.integers(-20, 20), st.integers(0, 9), st.integers(0, 9), st.integers(0, 10**9), st.sampled_from(Side))
def test_one_more_than_the_most_is_never_paid_for(net, bids, offers, cash_vnd, side):
    one = deposit(cash_vnd, net, bids=bids, offers=offers)
    most = one.max_quantity("F", side)
    assert not most or one.needed_vnd("F", side, most) <= max(0, one.free_vnd)
    assert one.needed_vnd("F", side, most + 1) > one.free_vnd


@pytest.mark.parametrize("wrong", [(0, 1, 0), (1, 0, 0), (-1, 1, 0)])
def test_what_no_position_can_be_is_refused(wrong):
    with pytest.raises(ValueError, match="carried"):
        ContractHolding(*wrong)
    with pytest.raises(ValueError, match="not a trade"):
        ContractHolding().traded(Side.BUY, 0, 1)
    with pytest.raises(ValueError, match="maintenance"):
        FutureTerms(initial_margin_percent=10)
