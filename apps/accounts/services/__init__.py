"""Changing the books. `reserve` to `book_fill` run inside the caller's transaction, the others in their own."""

from apps.accounts.services.accounts import grant_membership, open_account
from apps.accounts.services.booking import book_fill
from apps.accounts.services.broker_log_in import (
    LOG_IN_SENTENCES,
    LogInAnswer,
    enter_broker_code,
    request_broker_code,
)
from apps.accounts.services.opening import OpeningCash, OpeningPosition, adopt_balances
from apps.accounts.services.reconciliation import compare_with_broker, reconcile_with_broker, record_comparison
from apps.accounts.services.reservations import amend_reservation, release_reservation, reserve, shrink_reservation
from apps.accounts.services.seeding import DEMO_OWNERS, seed_demo_accounts
from apps.accounts.services.settlement import run_settle_slice, settle_due

__all__ = [
    "DEMO_OWNERS",
    "LOG_IN_SENTENCES",
    "LogInAnswer",
    "OpeningCash",
    "OpeningPosition",
    "adopt_balances",
    "amend_reservation",
    "book_fill",
    "compare_with_broker",
    "enter_broker_code",
    "grant_membership",
    "open_account",
    "reconcile_with_broker",
    "record_comparison",
    "release_reservation",
    "request_broker_code",
    "reserve",
    "run_settle_slice",
    "seed_demo_accounts",
    "settle_due",
    "shrink_reservation",
]
