"""Reference prices: what the next day's band is measured from.

Source: the trading rules of HOSE and HNX: the last close on HOSE and HNX, on UPCOM the average of continuous trading
in round lots, the settlement price for futures; adjusted on the day from which a right no longer comes with the share.
"""

from fractions import Fraction
from typing import Final

from qts.domain.market.rule_book import RuleBook
from qts.domain.market.rule_terms import ReferenceBasis
from qts.domain.market.ticks import tick_size_vnd
from qts.domain.values import Exchange, InstrumentKind

NONE: Final = Fraction(0)


def reference_basis(rules: RuleBook, exchange: Exchange) -> ReferenceBasis:
    return rules.boards[exchange].reference


def average_reference_vnd(
    rules: RuleBook, exchange: Exchange, kind: InstrumentKind, *, value_vnd: int, quantity: int, before_vnd: int
) -> int:
    """The volume-weighted average price, to the nearest step; `before_vnd`, the old reference, when nothing traded.

    Both totals count round-lot matches of continuous trading only.
    """
    if quantity <= 0:
        return before_vnd
    return round_to_tick(rules, exchange, kind, Fraction(value_vnd, quantity))


def reference_price_after_rights(
    rules: RuleBook,
    exchange: Exchange,
    kind: InstrumentKind,
    close_vnd: int,
    *,
    cash_dividend_vnd: int = 0,
    rights_ratio: Fraction = NONE,
    subscription_price_vnd: int = 0,
    bonus_ratio: Fraction = NONE,
) -> int:
    """(close + subscription price x rights ratio - cash dividend) / (1 + rights ratio + bonus ratio), to the step.

    Ratios are new shares for each old one; `bonus_ratio` stands for stock dividends too. Raises ValueError when the
    dividend eats the price up.
    """
    worth = close_vnd + subscription_price_vnd * rights_ratio - cash_dividend_vnd
    adjusted_vnd = round_to_tick(rules, exchange, kind, worth / (1 + rights_ratio + bonus_ratio))
    if adjusted_vnd <= 0:
        raise ValueError(f"a close of {close_vnd} leaves no price after a dividend of {cash_dividend_vnd}")
    return adjusted_vnd


def round_to_tick(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: Fraction) -> int:
    """The nearest multiple of the step valid at the price; exactly between two, the higher."""
    step = tick_size_vnd(rules, exchange, kind, int(price_vnd))
    return int(price_vnd / step + Fraction(1, 2)) * step
