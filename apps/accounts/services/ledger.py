"""Posting to the ledger, and telling the world what the account looks like afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from apps.accounts.models import CashBalance, DailySnapshot, LedgerEntry, Position
from apps.accounts.selectors.state import reserved_sell_quantity, unsettled_quantities
from apps.eventlog.services import record
from qts.domain.events import CashChanged, PositionChanged
from qts.domain.market import to_vietnam
from qts.domain.portfolio import sellable_quantity
from qts.domain.values import Actor, ActorKind

ACCOUNTS: Final = Actor(ActorKind.SYSTEM, "accounts")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting; debits positive. `quantity` counts shares on the securities ledger."""

    ledger: LedgerEntry.Ledger
    amount_vnd: int
    symbol: str = ""
    quantity: int = 0


def post(account_id: UUID, kind: LedgerEntry.Kind, legs: Sequence[Leg], *, reference: str, now: datetime) -> None:
    """Write one balanced posting in one statement. Raises IntegrityError (by the database) when it does not balance."""
    posting_id = uuid4()
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account_id=account_id,
            posting_id=posting_id,
            kind=kind,
            ledger=leg.ledger,
            symbol=leg.symbol,
            quantity=leg.quantity,
            amount_vnd=leg.amount_vnd,
            reference=reference,
            trading_day=to_vietnam(now).date(),
            occurred_at=now,
        )
        for leg in legs
        if leg.amount_vnd or leg.quantity
    )


def open_day(cash: CashBalance, now: datetime) -> None:
    """Take the day's opening picture before the first change of a trading day. The caller holds the account's lock."""
    today = to_vietnam(now).date()
    if cash.opened_day is not None and cash.opened_day >= today:
        return
    held = Position.objects.filter(account_id=cash.account_id, quantity__gt=0)
    DailySnapshot.objects.create(
        account_id=cash.account_id,
        trading_day=today,
        cash_vnd=cash.settled_vnd + cash.receivable_vnd - cash.payable_vnd,
        realised_pnl_vnd=cash.realised_pnl_vnd,
        quantities=dict(held.values_list("symbol", "quantity")),
    )
    cash.opened_day = today
    cash.save(update_fields=["opened_day"])


def announce_cash(cash: CashBalance, now: datetime) -> None:
    """The caller has posted everything that was due."""
    reserved = cash.reserved_vnd + cash.payable_vnd
    event = CashChanged(
        account_id=str(cash.account_id),
        cash_settled_vnd=cash.settled_vnd,
        cash_pending_vnd=cash.receivable_vnd,
        reserved_vnd=reserved,
        buying_power_vnd=cash.settled_vnd - reserved,
        ts_market_ms=market_ms(now),
    )
    record(event, actor=ACCOUNTS, now=now)


def announce_position(position: Position, now: datetime) -> None:
    account_id, symbol = position.account_id, position.symbol
    sellable = sellable_quantity(
        quantity=position.quantity,
        unsettled=unsettled_quantities(account_id, now, symbol).get(symbol, 0),
        reserved_quantity=reserved_sell_quantity(account_id, symbol),
    )
    event = PositionChanged(
        account_id=str(account_id),
        symbol=symbol,
        quantity=position.quantity,
        sellable_quantity=sellable,
        cost_total_vnd=position.cost_total_vnd,
        realised_pnl_vnd=position.realised_pnl_vnd,
        ts_market_ms=market_ms(now),
    )
    record(event, actor=ACCOUNTS, now=now)


def market_ms(now: datetime) -> int:
    """Milliseconds since the Unix epoch of a market moment."""
    return round(now.timestamp() * 1000)


def require_transaction(what: str) -> None:
    """Raises TransactionManagementError outside a transaction: locks and events would not hold together."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{what} outside a transaction")
