"""What the broker lends: on shares (margin), and in advance of the proceeds of sales. Whole VND.

Own means must cover the part of each share's value that is not lent on, at least half of it by Decision 87/QD-UBCK of
the State Securities Commission; what they cover beyond that is excess, and buys again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from qts.domain.portfolio.fees import FeeSchedule

PERCENT = 100
BPS = 10_000
DAYS_OF_YEAR = 365
LOAN_PERCENT_MAX = 50


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """Of one account: how much is lent at most, and what a year of it costs in hundredths of a percent. Equity under
    `call_percent` of the shares' value is called for, under `forced_sale_percent` the broker sells."""

    credit_limit_vnd: int = 0
    interest_bps_a_year: int = 1_300
    call_percent: int = 40
    forced_sale_percent: int = 30

    def interest_of_night_vnd(self, debt_vnd: int) -> int:
        """Rounded down, night by night: so it does not matter how many nights are accrued at once."""
        return debt_vnd * self.interest_bps_a_year // (BPS * DAYS_OF_YEAR)


@dataclass(frozen=True, slots=True)
class AdvanceTerms:
    """Of an advance on sales: a year's rate, for each day until the proceeds arrive, and the least that is asked."""

    fee_bps_a_year: int = 1_200
    fee_vnd_min: int = 10_000

    def fee_vnd(self, vnd_days: int) -> int:
        """`vnd_days` is the sum of each part of the advance times its days; rounded down."""
        return max(self.fee_vnd_min, vnd_days * self.fee_bps_a_year // (BPS * DAYS_OF_YEAR)) if vnd_days else 0


class Proceeds(NamedTuple):
    """Net proceeds of sales that arrive in so many days."""

    amount_vnd: int
    days: int


def advanced_vnd_days(proceeds: Iterable[Proceeds], *, advanced_vnd: int, amount_vnd: int) -> int:
    """What an advance of `amount_vnd` stands on: the proceeds that arrive first, behind what is advanced already.

    Raises ValueError when they do not suffice.
    """
    skipped_vnd, left_vnd, vnd_days = advanced_vnd, amount_vnd, 0
    for one in sorted(proceeds, key=lambda one: one.days):
        free_vnd = max(0, one.amount_vnd - skipped_vnd)
        skipped_vnd = max(0, skipped_vnd - one.amount_vnd)
        taken_vnd = min(left_vnd, free_vnd)
        left_vnd -= taken_vnd
        vnd_days += taken_vnd * one.days
    if left_vnd:
        raise ValueError(f"{left_vnd:,} VND more than sales will bring")
    return vnd_days


def own_part_vnd(value_vnd: int, loan_percent: int) -> int:
    """What own means must cover; rounded up, so that a loan is never more than its share."""
    return -(-value_vnd * (PERCENT - loan_percent) // PERCENT)


def own_need_vnd(*, quantity: int, price_vnd: int, loan_percent: int, fees: FeeSchedule) -> int:
    """Own means that a purchase takes: its own part, and the whole fee."""
    value_vnd = quantity * price_vnd
    return own_part_vnd(value_vnd, loan_percent) + fees.fee_vnd(value_vnd)


@dataclass(frozen=True, slots=True)
class Pledged:
    """Shares of one symbol at their mark, and what of their value is lent on."""

    quantity: int
    mark_vnd: int
    loan_percent: int

    @property
    def value_vnd(self) -> int:
        return self.quantity * self.mark_vnd


@dataclass(frozen=True, slots=True)
class MarginBooks:
    """A margin account at live prices. `cash_vnd` is what is there after what is owed for purchases, `coming_vnd` the
    proceeds of sales on their way, `owed_vnd` loan, interest and advances together, of which `debt_vnd` is the loan.
    `held_vnd` is own means, `held_cost_vnd` all that open purchases may still take.
    """

    cash_vnd: int
    coming_vnd: int
    owed_vnd: int
    debt_vnd: int
    held_vnd: int
    held_cost_vnd: int
    shares: tuple[Pledged, ...]
    terms: LoanTerms

    @property
    def value_vnd(self) -> int:
        return sum(share.value_vnd for share in self.shares)

    @property
    def equity_vnd(self) -> int:
        return self.cash_vnd + self.coming_vnd + self.value_vnd - self.owed_vnd

    @property
    def excess_vnd(self) -> int:
        """Own means that are free; negative when they cover too little."""
        own_vnd = sum(own_part_vnd(share.value_vnd, share.loan_percent) for share in self.shares)
        return self.equity_vnd - own_vnd - self.held_vnd

    @property
    def lendable_vnd(self) -> int:
        return max(0, self.terms.credit_limit_vnd - self.debt_vnd)

    @property
    def spendable_vnd(self) -> int:
        """Cash and credit that no open purchase will take."""
        return max(0, self.cash_vnd) + self.lendable_vnd - self.held_cost_vnd

    @property
    def called_vnd(self) -> int:
        """What brings the equity back to the share of the value at which it is called for; 0 without a loan."""
        if not self.debt_vnd:
            return 0
        return max(0, self.value_vnd * self.terms.call_percent // PERCENT - self.equity_vnd)
