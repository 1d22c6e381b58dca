"""The running totals made again from the entries, and the nightly look at whether they are the same."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.accounts.locks import lock_cash
from apps.accounts.models import (
    BrokerageAccount,
    CashBalance,
    FuturePosition,
    LedgerCheck,
    LedgerEntry,
    Position,
)
from apps.accounts.selectors.books import ledger_differences, rebuilt_books
from apps.accounts.selectors.types import Difference
from apps.accounts.services.ledger import ACCOUNTS, market_ms
from apps.eventlog.services import record
from qts.domain.events import LedgerDiffers
from qts.domain.portfolio import RebuiltBooks

log = structlog.get_logger(__name__)

Ledger = LedgerEntry.Ledger
TOLD_MAX: Final = 5


def check_all_books(now: datetime) -> int:
    """Compare each account's totals with its entries and note the answer; how many accounts differ."""
    account_ids = BrokerageAccount.objects.order_by("id").values_list("id", flat=True)
    return sum(bool(check_books(account_id, now)) for account_id in account_ids)


def check_books(account_id: UUID, now: datetime) -> list[Difference]:
    """Nothing is corrected here: a difference is an alert for a person."""
    with transaction.atomic():
        lock_cash(account_id)
        books = rebuilt_books(account_id)
        differences = ledger_differences(account_id, books=books, now=now)
        LedgerCheck.objects.create(
            account_id=account_id,
            checked_at=now,
            entry_count=books.line_count,
            differences=[{"what": item.what, "ours": item.ours, "theirs": item.theirs} for item in differences],
        )
        if differences:
            told = tuple(item.what for item in differences[:TOLD_MAX])
            event = LedgerDiffers(
                account_id=str(account_id), difference_count=len(differences), what=told, ts_market_ms=market_ms(now)
            )
            record(event, actor=ACCOUNTS, now=now)
            log.error("accounts.ledger_differs", account_id=str(account_id), what=told)
    return differences


def rebuild_totals(account_id: UUID, now: datetime) -> list[Difference]:
    """Put the totals to what the entries say; what differed before. Reservations are no entries and stay."""
    with transaction.atomic():
        cash = lock_cash(account_id)
        books = rebuilt_books(account_id)
        before = ledger_differences(account_id, books=books, now=now)
        if before:
            _store_cash(cash, books)
            _store_positions(account_id, books)
            _store_contracts(account_id, books)
    return before


def _store_cash(cash: CashBalance, books: RebuiltBooks) -> None:
    balances = books.balances_vnd
    cash.settled_vnd = balances[Ledger.CASH]
    cash.receivable_vnd = balances[Ledger.RECEIVABLE]
    cash.payable_vnd = -balances[Ledger.PAYABLE]
    cash.dividends_due_vnd = balances[Ledger.DIVIDENDS_DUE]
    cash.advanced_vnd = -balances[Ledger.ADVANCED]
    cash.loan_vnd = -balances[Ledger.LOAN]
    cash.interest_due_vnd = -balances[Ledger.INTEREST_DUE]
    cash.margin_vnd = balances[Ledger.FUTURES_MARGIN]
    cash.variation_due_vnd = balances[Ledger.VARIATION_DUE]
    cash.realised_pnl_vnd = books.realised_pnl_vnd
    cash.save()


def _store_positions(account_id: UUID, books: RebuiltBooks) -> None:
    kept = {row.symbol: row for row in Position.objects.select_for_update().filter(account_id=account_id)}
    for symbol in sorted({*kept, *_symbols(books)} - books.contracts.keys()):
        row = kept.get(symbol) or Position(account_id=account_id, symbol=symbol)
        row.quantity, row.cost_total_vnd = books.shares[symbol], books.costs_vnd[symbol]
        row.realised_pnl_vnd = books.results_vnd[symbol]
        row.save()


def _store_contracts(account_id: UUID, books: RebuiltBooks) -> None:
    kept = {row.symbol: row for row in FuturePosition.objects.select_for_update().filter(account_id=account_id)}
    for symbol in sorted({*kept, *books.contracts}):
        row = kept.get(symbol) or FuturePosition(account_id=account_id, symbol=symbol)
        row.net, row.cost_vnd = books.contracts[symbol], books.carried_vnd[symbol]
        row.due_vnd, row.realised_pnl_vnd = books.variation_vnd[symbol], books.results_vnd[symbol]
        row.save()


def _symbols(books: RebuiltBooks) -> Iterator[str]:
    return (symbol for symbol in {*books.shares, *books.results_vnd} if symbol)
