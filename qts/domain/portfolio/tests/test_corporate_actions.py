"""Entitlements and their taxes, to the dong and the share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import ActionKind, ActionTerms, Entitlement, bonus_sale_tax_vnd, entitlement

CASES = [
    # 333 x 1,501 = 499,833; 5 % = 24,991.65, rounded down
    (ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1_501), 333, Entitlement(499_833, 24_991)),
    # 333 x 15 / 100 = 49.95
    (ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=15, old_shares=100), 333, Entitlement(shares=49)),
    (ActionTerms(ActionKind.BONUS, new_shares=1, old_shares=1), 333, Entitlement(shares=333)),
    # 333 x 3 / 2 = 499.5 in the place of 333
    (ActionTerms(ActionKind.SPLIT, new_shares=3, old_shares=2), 333, Entitlement(shares=166)),
    # 333 / 10 = 33.3 in the place of 333
    (ActionTerms(ActionKind.SPLIT, new_shares=1, old_shares=10), 333, Entitlement(shares=-300)),
    (ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=4, subscription_price_vnd=1), 333, Entitlement(rights=83)),
]


@pytest.mark.parametrize(("terms", "quantity", "got"), CASES, ids=[str(terms.kind) for terms, _, _ in CASES])
def test_what_a_holder_gets(terms, quantity, got):
    assert entitlement(terms, quantity) == got
    assert entitlement(terms, 0) == Entitlement()


@given(quantity=st.integers(0, 10**9), new=st.integers(1, 1_000), old=st.integers(1, 1_000))
def test_nobody_gets_more_than_the_ratio_and_less_by_a_share_at_most(quantity, new, old):
    got = entitlement(ActionTerms(ActionKind.BONUS, new_shares=new, old_shares=old), quantity).shares
    assert got * old <= quantity * new < (got + 1) * old


def test_terms_without_sense_give_nothing():
    with pytest.raises(ValueError, match="more than 0 VND"):
        entitlement(ActionTerms(ActionKind.CASH_DIVIDEND), 100)
    with pytest.raises(ValueError, match="nobody holds"):
        entitlement(ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1), -1)


@pytest.mark.parametrize(
    ("sold", "untaxed", "price_vnd", "tax_vnd"),
    [
        (100, 0, 20_000, 0),
        (100, 40, 20_000, 20_000),  # 40 x par 10,000 x 5 %
        (30, 40, 20_000, 15_000),
        (1, 1, 9_999, 499),  # 499.95: the price is below par
    ],
)
def test_tax_on_shares_that_were_a_dividend(sold, untaxed, price_vnd, tax_vnd):
    assert bonus_sale_tax_vnd(sold_quantity=sold, untaxed_quantity=untaxed, price_vnd=price_vnd) == tax_vnd
