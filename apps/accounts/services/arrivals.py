"""Cash that arrives or leaves on its day, in one account whose lock the caller holds."""

from datetime import datetime

from apps.accounts.models import CashBalance, CashSettlement, LedgerEntry
from apps.accounts.services.ledger import Leg, post
from apps.accounts.services.lending import repay_advance, repay_loan

Ledger = LedgerEntry.Ledger
# written out: each change of an account asks it, and mostly for nothing
_DUE = """
    SELECT * FROM accounts_cashsettlement
    WHERE account_id = %s AND settled_at IS NULL AND due_at <= %s ORDER BY due_at, id
"""
_MOVED = [
    "settled_vnd",
    "receivable_vnd",
    "payable_vnd",
    "dividends_due_vnd",
    "advanced_vnd",
    "loan_vnd",
    "interest_due_vnd",
]


def settle_account(cash: CashBalance, now: datetime) -> int:
    """Post what has fallen due, how many; the caller announces the new cash. What comes in repays what is owed:
    an advance first, then interest, then the loan."""
    due = list(CashSettlement.objects.raw(_DUE, [cash.account_id, now]))
    for settlement in due:
        _settle(cash, settlement, now)
    if any(settlement.amount_vnd > 0 for settlement in due):
        repay_loan(cash, now)
    if due:
        cash.save(update_fields=_MOVED)
        CashSettlement.objects.filter(pk__in=[row.pk for row in due]).update(settled_at=now)
    return len(due)


def _settle(cash: CashBalance, settlement: CashSettlement, now: datetime) -> None:
    amount = settlement.amount_vnd
    cash.settled_vnd += amount
    if settlement.source == CashSettlement.Source.DIVIDEND:
        counterpart = Ledger.DIVIDENDS_DUE
        cash.dividends_due_vnd -= amount
    elif amount > 0:
        counterpart = Ledger.RECEIVABLE
        cash.receivable_vnd -= amount
    else:
        counterpart = Ledger.PAYABLE
        cash.payable_vnd += amount
    legs = [Leg(Ledger.CASH, amount), Leg(counterpart, -amount)]
    post(cash.account_id, LedgerEntry.Kind.SETTLEMENT, legs, reference=settlement.reference, now=now)
    if counterpart == Ledger.RECEIVABLE:
        repay_advance(cash, min(amount, cash.advanced_vnd), settlement.reference, now)
