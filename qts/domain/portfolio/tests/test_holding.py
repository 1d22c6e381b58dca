import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import FeeSchedule, Holding

FEES = FeeSchedule()
trades = st.tuples(st.booleans(), st.integers(1, 10_000), st.integers(1, 500_000))


def test_purchases_add_value_and_fee_to_the_cost():
    holding = Holding().bought(quantity=100, value_vnd=2_500_000, fee_vnd=3_750)
    holding = holding.bought(quantity=200, value_vnd=5_200_000, fee_vnd=7_800)
    assert holding == Holding(quantity=300, cost_total_vnd=7_711_550, realised_pnl_vnd=0)
    assert holding.average_cost_vnd == 25_705  # 25,705.16, for display only


def test_a_sale_takes_out_the_average_cost_and_its_own_fee_and_tax():
    # cost 7,711,550 x 100 / 300 = 2,570,516.67, rounded down; 2,600,000 - 3,900 - 2,600 - 2,570,516
    sale = Holding(300, 7_711_550).sold(quantity=100, value_vnd=2_600_000, fee_vnd=3_900, tax_vnd=2_600)
    assert sale.cost_vnd == 2_570_516
    assert sale.realised_pnl_vnd == 22_984
    assert sale.holding == Holding(quantity=200, cost_total_vnd=5_141_034, realised_pnl_vnd=22_984)


def test_a_sale_at_a_loss_pays_the_tax_all_the_same():
    sale = Holding(100, 3_000_000).sold(quantity=100, value_vnd=2_000_000, fee_vnd=3_000, tax_vnd=2_000)
    assert sale.realised_pnl_vnd == -1_005_000
    assert sale.holding == Holding(0, 0, -1_005_000)


@pytest.mark.parametrize(("quantity", "value_vnd"), [(301, 1_000), (0, 1_000), (-100, 1_000), (100, 0)], ids=str)
def test_what_is_no_sale_is_refused(quantity, value_vnd):
    with pytest.raises(ValueError, match="not a sale"):
        Holding(300, 7_711_550).sold(quantity=quantity, value_vnd=value_vnd, fee_vnd=0, tax_vnd=0)


@pytest.mark.parametrize(("quantity", "value_vnd", "fee_vnd"), [(0, 1, 0), (-1, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_what_is_no_purchase_is_refused(quantity, value_vnd, fee_vnd):
    with pytest.raises(ValueError, match="not a purchase"):
        Holding().bought(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd)


@pytest.mark.parametrize(("quantity", "cost"), [(-1, 0), (1, -1)])
def test_a_cash_account_holds_nothing_short(quantity, cost):
    with pytest.raises(ValueError, match="short"):
        Holding(quantity, cost)


@given(st.lists(trades, max_size=40))
def test_no_dong_is_lost_between_cost_cash_and_result(steps):
    """Cash paid out, less cash taken in, is what the shares cost now less what was earned: always, to the dong."""
    holding, paid_out = Holding(), 0
    for is_purchase, quantity, price in steps:
        if is_purchase:
            value = quantity * price
            holding = holding.bought(quantity=quantity, value_vnd=value, fee_vnd=FEES.fee_vnd(value))
            paid_out += value + FEES.fee_vnd(value)
        elif holding.quantity:
            sold = min(quantity, holding.quantity)
            value = sold * price
            fee, tax = FEES.fee_vnd(value), FEES.sale_tax_vnd(value)
            holding = holding.sold(quantity=sold, value_vnd=value, fee_vnd=fee, tax_vnd=tax).holding
            paid_out -= value - fee - tax
        assert paid_out == holding.cost_total_vnd - holding.realised_pnl_vnd
    if holding.quantity == 0:
        assert holding.cost_total_vnd == 0
