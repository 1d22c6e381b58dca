import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qts.domain.portfolio import (
    FeeSchedule,
    bounding_price_vnd,
    cash_needed_vnd,
    floor_share,
    reservation_left_vnd,
)
from qts.domain.values import OrderType

FEES = FeeSchedule(fee_rate_bps=15, sale_tax_rate_bps=10)
prices = st.integers(1, 500_000)
quantities = st.one_of(st.integers(1, 10), st.integers(1, 500_000))


@pytest.mark.parametrize(
    ("value_vnd", "fee_vnd", "tax_vnd"),
    [
        # 300 shares at 25,050: 7,515,000 x 0.15 % = 11,272.5 and x 0.1 % = 7,515; half a dong is not charged
        (7_515_000, 11_272, 7_515),
        (2_000_000_000, 3_000_000, 2_000_000),
        (666, 0, 0),  # 0.999 of a dong is none
        (667, 1, 0),  # 1.0005
        (0, 0, 0),
    ],
)
def test_fee_and_tax_are_whole_dong_rounded_down(value_vnd, fee_vnd, tax_vnd):
    assert FEES.fee_vnd(value_vnd) == fee_vnd
    assert FEES.sale_tax_vnd(value_vnd) == tax_vnd


@pytest.mark.parametrize(("fee", "tax"), [(-1, 10), (10_001, 10), (15, -1), (15, 10_001)])
def test_a_rate_outside_of_the_whole_is_refused(fee, tax):
    with pytest.raises(ValueError, match="rate"):
        FeeSchedule(fee_rate_bps=fee, sale_tax_rate_bps=tax)


@pytest.mark.parametrize(("amount", "part", "whole"), [(-1, 1, 2), (1, -1, 2), (1, 3, 2), (1, 0, 0)])
def test_a_share_of_nothing_sensible_is_refused(amount, part, whole):
    with pytest.raises(ValueError, match="share"):
        floor_share(amount, part, whole)


@pytest.mark.parametrize(
    ("order_type", "price_vnd", "bound_vnd"),
    [
        (OrderType.LO, 25_050, 25_050),
        (OrderType.ATO, None, 27_000),
        (OrderType.ATC, None, 27_000),
        (OrderType.MTL, None, 27_000),
        (OrderType.PLO, None, 27_000),
    ],
)
def test_an_order_without_a_limit_can_cost_the_ceiling(order_type, price_vnd, bound_vnd):
    assert bounding_price_vnd(order_type=order_type, price_vnd=price_vnd, ceiling_vnd=27_000) == bound_vnd


def test_a_purchase_holds_back_value_and_fee():
    assert cash_needed_vnd(quantity=300, price_vnd=25_050, fees=FEES) == 7_515_000 + 11_272


def test_a_partial_fill_below_the_limit_keeps_what_the_rest_may_cost():
    # 1,000 at 10,000 hold back 10,015,000; 400 filled at 9,900 cost 3,960,000 + 5,940
    left = reservation_left_vnd(amount_vnd=10_015_000, quantity=1_000, filled_quantity=400, cost_vnd=3_965_940)
    assert left == 6_009_000 == cash_needed_vnd(quantity=600, price_vnd=10_000, fees=FEES)


def test_the_last_fill_leaves_nothing_held_back():
    assert reservation_left_vnd(amount_vnd=6_009_000, quantity=600, filled_quantity=600, cost_vnd=5_000_000) == 0


def test_a_fill_dearer_than_reserved_leaves_nothing_rather_than_less_than_nothing():
    assert reservation_left_vnd(amount_vnd=1_000, quantity=10, filled_quantity=5, cost_vnd=5_000) == 0


@example(price=334, parts=[(2, 0), (1, 0)])  # 668 + 1 of 1,003: two thirds of what is held back are one dong short
@given(price=prices, parts=st.lists(st.tuples(quantities, st.integers(0, 100)), min_size=1, max_size=20))
def test_fills_never_take_free_cash_nor_starve_the_rest(price, parts):
    """However an order is cut into fills at its limit or better, each is paid from its own reservation."""
    total = sum(quantity for quantity, _ in parts)
    reserved, open_quantity = cash_needed_vnd(quantity=total, price_vnd=price, fees=FEES), total
    for quantity, discount_percent in parts:
        fill_price = max(1, price * (100 - discount_percent) // 100)
        cost = cash_needed_vnd(quantity=quantity, price_vnd=fill_price, fees=FEES)
        left = reservation_left_vnd(
            amount_vnd=reserved, quantity=open_quantity, filled_quantity=quantity, cost_vnd=cost
        )
        open_quantity -= quantity
        assert reserved - left >= cost
        assert left >= (cash_needed_vnd(quantity=open_quantity, price_vnd=price, fees=FEES) if open_quantity else 0)
        reserved = left
    assert reserved == 0


@given(values=st.lists(st.integers(0, 10**12), max_size=30))
def test_fees_of_the_parts_are_never_more_than_the_fee_of_the_whole(values):
    assert sum(map(FEES.fee_vnd, values)) <= FEES.fee_vnd(sum(values))
