"""How much can be bought, and a broker's statement beside our bookings."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import (
    Cause,
    FeeSchedule,
    StatementTrade,
    cash_needed_vnd,
    match_statement,
    max_purchase_quantity,
)
from qts.domain.values import Side

FEES = FeeSchedule()
MONDAY = date(2026, 11, 9)


def trade(quantity=100, fee_vnd=3_750, **other):
    known = {"side": Side.BUY, "price_vnd": 25_000, "symbol": "SSI", "tax_vnd": 0} | other
    return StatementTrade(day=MONDAY, quantity=quantity, fee_vnd=fee_vnd, **known)


@pytest.mark.parametrize(
    ("free_vnd", "lot", "quantity"),
    [
        (2_503_750, 1, 100),  # 100 x 25,000 and 3,750, to the dong
        (2_503_749, 1, 99),
        (5_007_499, 100, 100),
        (0, 1, 0),
        (-5, 1, 0),
    ],
)
def test_the_most_that_can_be_bought_at_25_000(free_vnd, lot, quantity):
    assert max_purchase_quantity(free_vnd=free_vnd, price_vnd=25_000, fees=FEES, lot=lot) == quantity


@given(free_vnd=st.integers(0, 10**12), price_vnd=st.integers(1, 10**6), lot=st.sampled_from((1, 100)))
def test_it_is_affordable_and_one_lot_more_is_not(free_vnd, price_vnd, lot):
    most = max_purchase_quantity(free_vnd=free_vnd, price_vnd=price_vnd, fees=FEES, lot=lot)
    assert most == 0 or cash_needed_vnd(quantity=most, price_vnd=price_vnd, fees=FEES) <= free_vnd
    assert cash_needed_vnd(quantity=most + lot, price_vnd=price_vnd, fees=FEES) > free_vnd


def test_nothing_is_bought_for_nothing():
    with pytest.raises(ValueError, match="at 0 VND"):
        max_purchase_quantity(free_vnd=1, price_vnd=0, fees=FEES)


@pytest.mark.parametrize(
    ("ours", "theirs", "causes"),
    [
        ([trade(60, 2_250), trade(40, 1_500)], [trade()], ()),  # two fills, one line
        ([], [trade()], (Cause.NOT_HERE,)),
        ([trade()], [], (Cause.NOT_THERE,)),
        ([trade(60, 2_250)], [trade()], (Cause.QUANTITY,)),
        ([trade(fee_vnd=3_749)], [trade()], (Cause.FEE,)),
        ([trade(side=Side.SELL, tax_vnd=2_500)], [trade(side=Side.SELL, tax_vnd=52_500)], (Cause.TAX,)),
        ([trade(fee_vnd=1, tax_vnd=1)], [trade()], (Cause.FEE, Cause.TAX)),
    ],
)
def test_a_line_beside_its_line(ours, theirs, causes):
    (line,) = match_statement(ours, theirs)
    assert line.causes == causes
    assert line.either.symbol == "SSI"


def test_sides_prices_and_symbols_are_lines_of_their_own():
    mine = [trade(), trade(side=Side.SELL), trade(price_vnd=25_050), trade(symbol="HPG")]
    assert [line.causes for line in match_statement(mine, reversed(mine))] == [(), (), (), ()]
