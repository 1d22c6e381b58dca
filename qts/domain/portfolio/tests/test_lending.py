"""Loans, advances and what they pay for, by hand: fee 0.15 %, interest 13 % and advances 12 % a year."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import (
    AdvanceTerms,
    Compared,
    FeeSchedule,
    Item,
    Likely,
    LoanTerms,
    MarginBooks,
    Means,
    Pledged,
    Proceeds,
    advanced_vnd_days,
    average_as_written_vnd,
    likely_causes,
    max_purchase_quantity,
    own_need_vnd,
    own_part_vnd,
)

FEES = FeeSchedule()
TERMS = LoanTerms(credit_limit_vnd=500_000_000)


def test_interest_of_a_night_is_rounded_down_each_night():
    # 100,000,000 x 13 % / 365 = 35,616.4
    assert TERMS.interest_of_night_vnd(100_000_000) == 35_616
    assert TERMS.interest_of_night_vnd(2_807) == 0


def test_an_advance_stands_on_what_arrives_first():
    # 5,000,000 of the 6,000,000 that come in a day are advanced already: 1,000,000 for a day, 2,000,000 for three
    proceeds = [Proceeds(4_000_000, 3), Proceeds(6_000_000, 1)]
    vnd_days = advanced_vnd_days(proceeds, advanced_vnd=5_000_000, amount_vnd=3_000_000)
    assert vnd_days == 7_000_000
    assert AdvanceTerms(fee_vnd_min=0).fee_vnd(vnd_days) == 2_301  # 7,000,000 x 12 % / 365
    assert AdvanceTerms().fee_vnd(vnd_days) == 10_000
    assert AdvanceTerms().fee_vnd(0) == 0
    with pytest.raises(ValueError, match="1 VND more"):
        advanced_vnd_days(proceeds, advanced_vnd=5_000_000, amount_vnd=5_000_001)


def test_own_means_cover_what_is_not_lent():
    assert own_part_vnd(1_001, 50) == 501  # rounded up
    # 100 x 20,000 = 2,000,000: half of it and the fee of 3,000
    assert own_need_vnd(quantity=100, price_vnd=20_000, loan_percent=50, fees=FEES) == 1_003_000


def books(**changes):
    given_books = {
        "cash_vnd": 100_000_000, "coming_vnd": 0, "owed_vnd": 0, "debt_vnd": 0, "held_vnd": 0, "held_cost_vnd": 0,
        "shares": (), "terms": TERMS,
    }  # fmt: skip
    return MarginBooks(**given_books | changes)


def test_excess_is_what_own_means_cover_beyond_their_part():
    # 5,000 at 20,000, half lent: 100,000,000 of value, 60,000,000 owed; equity 40,000,000, 50,000,000 are needed
    pledged = (Pledged(5_000, 20_000, 50),)
    deep = books(cash_vnd=0, owed_vnd=60_000_000, debt_vnd=60_000_000, shares=pledged)
    assert (deep.equity_vnd, deep.excess_vnd, deep.called_vnd) == (40_000_000, -10_000_000, 0)
    assert books(cash_vnd=0, owed_vnd=61_000_000, debt_vnd=61_000_000, shares=pledged).called_vnd == 1_000_000
    assert (deep.lendable_vnd, deep.spendable_vnd) == (440_000_000, 440_000_000)


def test_the_most_on_margin_and_its_credit_limit():
    # 10,000 + 30 of own means for a share at 20,000: 100,000,000 pay for 9,970 of them
    means = Means(own_vnd=100_000_000, spendable_vnd=600_000_000, loan_percent=50)
    assert max_purchase_quantity(free_vnd=0, price_vnd=20_000, fees=FEES, means=means) == 9_970
    assert max_purchase_quantity(free_vnd=0, price_vnd=20_000, fees=FEES, means=means, lot=100) == 9_900
    # cash and credit of 120,000,000 pay for 5,991 with their fee
    tight = Means(own_vnd=100_000_000, spendable_vnd=120_000_000, loan_percent=50)
    assert max_purchase_quantity(free_vnd=0, price_vnd=20_000, fees=FEES, means=tight) == 5_991
    foreign = Means.of_cash(100_000_000, room_left=250)
    assert max_purchase_quantity(free_vnd=0, price_vnd=20_000, fees=FEES, means=foreign, lot=100) == 200


@given(
    own=st.integers(0, 10**9),
    spendable=st.integers(0, 10**10),
    loan=st.integers(0, 50),
    price=st.integers(100, 200_000),
    lot=st.sampled_from([1, 100]),
)
def test_one_lot_more_is_never_paid_for(own, spendable, loan, price, lot):
    means = Means(own, spendable, loan)
    most = max_purchase_quantity(free_vnd=0, price_vnd=price, fees=FEES, means=means, lot=lot)
    assert most % lot == 0
    assert not most or means.pays(most, price, FEES)
    assert not means.pays(most + lot, price, FEES)


@pytest.mark.parametrize(
    ("found", "causes"),
    [
        ([(Item.CASH, "", 100, 90)], [Likely.COSTS]),
        ([(Item.CASH, "", 10_000_000, 0)], [Likely.CASH_EVENT]),
        ([(Item.CASH, "", 5, 0), (Item.COMING, "", 0, 5)], [Likely.SETTLEMENT] * 2),
        ([(Item.CASH, "", 10_000_000, 0), (Item.QUANTITY, "SSI", 0, 100)], [Likely.FILL] * 2),
        ([(Item.QUANTITY, "SSI", 100, 115)], [Likely.CORPORATE_ACTION]),
        ([(Item.UNLISTED, "SSI", 0, 15)], [Likely.CORPORATE_ACTION]),
        ([(Item.SELLABLE, "SSI", 100, 0)], [Likely.WORKING_ORDER]),
        ([(Item.INTEREST, "", 1, 2)], [Likely.INTEREST]),
        ([(Item.LOAN, "", 0, 9), (Item.QUANTITY, "SSI", 0, 1)], [Likely.FILL, Likely.CORPORATE_ACTION]),
        ([(Item.CARRIED, "F", 1, 2), (Item.CASH, "", 3, 4)], [Likely.SETTLEMENT_PRICE] * 2),
        ([(Item.CONTRACTS, "F", 1, 2), (Item.CARRIED, "F", 1, 2)], [Likely.FILL] * 2),
        ([(Item.EXCESS, "", 1, 2)], [Likely.TERMS]),
        ([(Item.ADVANCED, "", 1, 2)], [Likely.CASH_EVENT]),
    ],
)
def test_a_difference_has_its_likely_cause(found, causes):
    compared = [Compared(*one) for one in found]
    told = likely_causes(compared)
    assert [told[one] for one in compared] == causes


@pytest.mark.parametrize(
    ("cost_vnd", "net", "told_vnd", "written_vnd"),
    [
        (256_000_000, 2, 128_000_000, 128_000_000),
        (-384_300_000, -3, 0, 128_100_000),
        (384_100_000, 3, 128_033_000, 128_033_000),
        (384_100_000, 3, 128_034_000, 128_033_000),
        # halves go either way, and not further
        (5_000, 2, 2_000, 2_000),
        (5_000, 2, 3_000, 3_000),
        (5_000, 2, 4_000, 3_000),
    ],
)
def test_an_average_is_rounded_as_the_broker_writes_it(cost_vnd, net, told_vnd, written_vnd):
    assert average_as_written_vnd(cost_vnd, net, told_vnd) == written_vnd
