"""Prices from before a right came off, made comparable with those after it.

The exchange's theoretical price of the ex-date is (close before - cash + paid for new shares) / (shares after for one
before); what it is of the close before is the factor for every earlier price. Volumes stay as they were traded.
"""

from collections.abc import Sequence
from fractions import Fraction

from qts.domain.portfolio.corporate_actions import ActionKind, ActionTerms


def ex_date_factor(terms: Sequence[ActionTerms], close_before_vnd: int) -> Fraction:
    """For prices before a day on which all these rights come off together. Raises ValueError where a dividend is not
    less than the price, and for terms that make no sense."""
    cash_vnd, added, paid_vnd, split = 0, Fraction(0), Fraction(0), Fraction(1)
    for one in terms:
        if one.problem:
            raise ValueError(one.problem)
        ratio = Fraction(one.new_shares, one.old_shares)
        if one.kind is ActionKind.CASH_DIVIDEND:
            cash_vnd += one.cash_per_share_vnd
        elif one.kind is ActionKind.SPLIT:
            split *= ratio
        else:
            added += ratio
            paid_vnd += ratio * one.subscription_price_vnd
    if cash_vnd >= close_before_vnd:
        raise ValueError(f"a dividend of {cash_vnd} VND comes off a price of {close_before_vnd} VND")
    return (close_before_vnd - cash_vnd + paid_vnd) / (1 + added) / split / close_before_vnd


def adjusted_vnd(price_vnd: int, factor: Fraction) -> int:
    """To whole VND, halves upwards."""
    return (2 * price_vnd * factor.numerator + factor.denominator) // (2 * factor.denominator)
