"""Changing the books. `reserve` to `book_fill` run inside the caller's transaction, the others in their own."""

from apps.accounts.services.accounts import (
    MemberProblem,
    MemberRefused,
    change_member,
    grant_membership,
    open_account,
)
from apps.accounts.services.booking import FillToBook, RefusedFill, book_fill, book_fills
from apps.accounts.services.broker import take_over
from apps.accounts.services.broker_log_in import (
    LOG_IN_SENTENCES,
    LogInAnswer,
    enter_broker_code,
    request_broker_code,
)
from apps.accounts.services.cash_events import CashEventProblem, CashEventRefused, record_cash_event
from apps.accounts.services.cash_requests import confirm_cash_event, propose_cash_event, reject_cash_event
from apps.accounts.services.corporate_actions import (
    ActionNotice,
    ActionProblem,
    ActionRefused,
    confirm_action,
    propose_action,
    reject_action,
    subscribe_rights,
)
from apps.accounts.services.future_settlement import (
    SettlementPrice,
    load_settlement_prices,
    record_settlement_price,
    settlement_problem,
    take_settlement_prices,
)
from apps.accounts.services.groups import drop_group, save_group
from apps.accounts.services.notes import write_note
from apps.accounts.services.opening import OpeningCash, OpeningContracts, OpeningLoan, OpeningPosition, adopt_balances
from apps.accounts.services.rebuilding import check_all_books, check_books, rebuild_totals
from apps.accounts.services.reconciliation import compare_with_broker, reconcile_with_broker, record_comparison
from apps.accounts.services.reservations import amend_reservation, release_reservation, reserve, shrink_reservation
from apps.accounts.services.screens import change_watchlist, create_watchlist, delete_watchlist, save_layout
from apps.accounts.services.seeding import DEMO_OWNERS, seed_demo_accounts
from apps.accounts.services.settlement import run_settle_slice, settle_due
from apps.accounts.services.values import take_value_snapshots

__all__ = [
    "DEMO_OWNERS",
    "LOG_IN_SENTENCES",
    "ActionNotice",
    "ActionProblem",
    "ActionRefused",
    "CashEventProblem",
    "CashEventRefused",
    "FillToBook",
    "LogInAnswer",
    "MemberProblem",
    "MemberRefused",
    "OpeningCash",
    "OpeningContracts",
    "OpeningLoan",
    "OpeningPosition",
    "RefusedFill",
    "SettlementPrice",
    "adopt_balances",
    "amend_reservation",
    "book_fill",
    "book_fills",
    "change_member",
    "change_watchlist",
    "check_all_books",
    "check_books",
    "compare_with_broker",
    "confirm_action",
    "confirm_cash_event",
    "create_watchlist",
    "delete_watchlist",
    "drop_group",
    "enter_broker_code",
    "grant_membership",
    "load_settlement_prices",
    "open_account",
    "propose_action",
    "propose_cash_event",
    "rebuild_totals",
    "reconcile_with_broker",
    "record_cash_event",
    "record_comparison",
    "record_settlement_price",
    "reject_action",
    "reject_cash_event",
    "release_reservation",
    "request_broker_code",
    "reserve",
    "run_settle_slice",
    "save_group",
    "save_layout",
    "seed_demo_accounts",
    "settle_due",
    "settlement_problem",
    "shrink_reservation",
    "subscribe_rights",
    "take_over",
    "take_settlement_prices",
    "take_value_snapshots",
    "write_note",
]
