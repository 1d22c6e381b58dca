"""What the broker lends, into the books: drawn, accrued night by night, repaid. The caller holds the account's lock,
saves the totals and announces them.
"""

from datetime import date, datetime

from apps.accounts.models import CashBalance, LedgerEntry
from apps.accounts.selectors.terms import loan_terms
from apps.accounts.services.ledger import Leg, post

Ledger = LedgerEntry.Ledger
Kind = LedgerEntry.Kind
LOAN = "loan"


def draw_loan(cash: CashBalance, cost_vnd: int, reference: str, now: datetime) -> None:
    """A margin account borrows what its cash does not pay of a purchase, at the match, as the broker lends it."""
    missing_vnd = cost_vnd - (cash.settled_vnd - cash.payable_vnd)
    if cash.account_kind != "MARGIN" or missing_vnd <= 0:
        return
    lent_vnd = min(missing_vnd, cost_vnd)
    legs = [Leg(Ledger.CASH, lent_vnd), Leg(Ledger.LOAN, -lent_vnd)]
    post(cash.account_id, Kind.LOAN, legs, reference=reference, now=now)
    cash.settled_vnd += lent_vnd
    cash.loan_vnd += lent_vnd


def repay_loan(cash: CashBalance, now: datetime, reference: str = LOAN) -> None:
    """With all cash that is there: interest first, then the loan."""
    interest_vnd = min(cash.interest_due_vnd, max(0, cash.settled_vnd - cash.payable_vnd))
    loan_vnd = min(cash.loan_vnd, max(0, cash.settled_vnd - cash.payable_vnd - interest_vnd))
    if not interest_vnd and not loan_vnd:
        return
    legs = [
        Leg(Ledger.CASH, -interest_vnd - loan_vnd),
        Leg(Ledger.INTEREST_DUE, interest_vnd),
        Leg(Ledger.LOAN, loan_vnd),
    ]
    post(cash.account_id, Kind.REPAYMENT, legs, reference=reference, now=now)
    cash.settled_vnd -= interest_vnd + loan_vnd
    cash.interest_due_vnd -= interest_vnd
    cash.loan_vnd -= loan_vnd


def repay_advance(cash: CashBalance, amount_vnd: int, reference: str, now: datetime) -> None:
    """What the broker lent on sales is taken out of the first of them that arrive."""
    if amount_vnd:
        cash.settled_vnd -= amount_vnd
        cash.advanced_vnd -= amount_vnd
        legs = [Leg(Ledger.ADVANCED, amount_vnd), Leg(Ledger.CASH, -amount_vnd)]
        post(cash.account_id, Kind.REPAYMENT, legs, reference=reference, now=now)


def accrue_night(cash: CashBalance, night_of: date, now: datetime) -> None:
    """The interest of the night that follows a day, on the loan as it was then."""
    interest_vnd = loan_terms(cash.account_id, night_of).interest_of_night_vnd(cash.loan_vnd)
    if interest_vnd:
        legs = [Leg(Ledger.INTEREST, interest_vnd), Leg(Ledger.INTEREST_DUE, -interest_vnd)]
        post(cash.account_id, Kind.ACCRUAL, legs, reference=f"night of {night_of.isoformat()}", now=now)
        cash.interest_due_vnd += interest_vnd
