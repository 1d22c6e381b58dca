"""Exact sums, nobody gets more than they can take, and nobody is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import fair_values_vnd, pro_rata, share_out

accounts = st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 50_000)), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),  # 3.33 each: the one that is left goes to the first
        (10, [5, 3, 2], [5, 3, 2]),
        (7, [1, 2, 4], [1, 2, 4]),
        (5, [6, 3, 1], [3, 2, 0]),  # 3.0, 1.5, 0.5: the second came before the third
        (1, [0, 0, 9], [0, 0, 1]),
        (0, [0, 0], [0, 0]),
    ],
)
def test_the_largest_remainder_takes_what_is_left(total, weights, parts):
    assert pro_rata(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0]), (1, []), (3, [2, -1])])
def test_what_cannot_be_shared_out(total, weights):
    with pytest.raises(ValueError, match="shared out"):
        pro_rata(total, weights)


@pytest.mark.parametrize(
    ("total", "weights", "most", "parts"),
    [
        (10_000, [60, 30, 10], [9_000, 9_000, 9_000], [6_000, 3_000, 1_000]),
        (1_000, [60, 30, 11], [9_000, 9_000, 9_000], [600, 300, 100]),  # 5.94, 2.97, 1.09 lots
        (10_000, [60, 30, 10], [2_000, 9_000, 9_000], [2_000, 6_000, 2_000]),  # 8,000 for the others, 3 to 1
        (10_000, [60, 30, 10], [2_050, 350, 99], [2_000, 300, 0]),  # whole lots only, and no more than they can take
        (10_000, [60, 0, 10], [1_000, 9_000, 1_000], [1_000, 0, 1_000]),  # no weight, no share
        (1_099, [1, 1], [9_000, 9_000], [500, 500]),  # the odd 99 are nobody's
        (0, [1, 1], [100, 100], [0, 0]),
    ],
)
def test_lots_by_weight_and_limit(total, weights, most, parts):
    assert share_out(total, weights, most, lot=100) == parts


@given(total=st.integers(0, 200_000), given=accounts, lot=st.sampled_from([1, 10, 100]))
def test_lots_add_up_and_respect_every_limit(total, given, lot):
    weights, most = [weight for weight, _ in given], [limit for _, limit in given]
    parts = share_out(total, weights, most, lot=lot)
    takeable = sum(limit // lot * lot for weight, limit in given if weight)
    assert sum(parts) == min(total // lot * lot, takeable)
    assert all(part % lot == 0 and 0 <= part <= limit for part, limit in zip(parts, most, strict=True))
    assert not any(part for part, weight in zip(parts, weights, strict=True) if not weight)


@given(total=st.integers(0, 200_000), weights=st.lists(st.integers(1, 10**12), min_size=1, max_size=12))
def test_without_a_limit_nobody_is_a_lot_away_from_their_share(total, weights):
    parts = share_out(total, weights, [10**9] * len(weights), lot=100)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total // 100 * 100 * weight) < 100 * sum(weights)


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 90_000)), min_size=1, max_size=8))
def test_at_the_average_price_all_pay_what_all_paid(fills):
    quantities = [quantity for quantity, _ in fills]
    values = [quantity * price for quantity, price in fills]
    fair = fair_values_vnd(quantities, values)
    assert sum(fair) == sum(values)
    whole = sum(quantities)
    for quantity, value in zip(quantities, fair, strict=True):
        assert quantity or not value
        assert not whole or abs(value * whole - sum(values) * quantity) < whole  # to less than a dong
