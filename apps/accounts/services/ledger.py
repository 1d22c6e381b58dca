"""Posting to the ledger, and telling the world what the account looks like afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from apps.accounts.models import CashBalance, FuturePosition, LedgerEntry, Position
from apps.accounts.selectors.state import reserved_sell_quantities, unsettled_quantities
from apps.eventlog.services import record, record_all
from qts.domain.events import CashChanged, PositionChanged
from qts.domain.market import to_vietnam
from qts.domain.portfolio import sellable_quantity
from qts.domain.values import Actor, ActorKind
from qts.web.many_rows import insert_rows

ACCOUNTS: Final = Actor(ActorKind.SYSTEM, "accounts")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting; debits positive. `quantity` counts shares or rights, `due_at` is when it arrives."""

    ledger: LedgerEntry.Ledger
    amount_vnd: int
    symbol: str = ""
    quantity: int = 0
    due_at: datetime | None = None


def post(account_id: UUID, kind: LedgerEntry.Kind, legs: Sequence[Leg], *, reference: str, now: datetime) -> None:
    """Write one balanced posting in one statement. Raises IntegrityError (by the database) when it does not balance."""
    insert_rows(entries_of(account_id, kind, legs, reference=reference, now=now))


def entries_of(
    account_id: UUID, kind: LedgerEntry.Kind, legs: Sequence[Leg], *, reference: str, now: datetime
) -> list[LedgerEntry]:
    """One posting that is not written yet. All of its entries have to be written in one statement."""
    posting_id, trading_day = uuid4(), to_vietnam(now).date()
    return [
        LedgerEntry(
            account_id=account_id,
            posting_id=posting_id,
            kind=kind,
            ledger=leg.ledger,
            symbol=leg.symbol,
            quantity=leg.quantity,
            amount_vnd=leg.amount_vnd,
            reference=reference,
            trading_day=trading_day,
            occurred_at=now,
            due_at=leg.due_at,
        )
        for leg in legs
        if leg.amount_vnd or leg.quantity
    ]


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
    announce_positions([position], now)


def announce_positions(positions: Sequence[Position], now: datetime) -> None:
    """Of one account, with three statements however many there are."""
    if not positions:
        return
    account_id, symbols = positions[0].account_id, [position.symbol for position in positions]
    unsettled = unsettled_quantities(account_id, now, symbols)
    promised = reserved_sell_quantities(account_id, symbols)
    events = []
    for position in positions:
        symbol = position.symbol
        sellable = sellable_quantity(
            quantity=position.quantity,
            unsettled=unsettled.get(symbol, 0),
            reserved_quantity=promised.get(symbol, 0),
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
        events.append(event)
    record_all(events, actor=ACCOUNTS, now=now)


def announce_contracts(position: FuturePosition, now: datetime) -> None:
    """Contracts short are below zero; `sellable_quantity` is what closes a long position."""
    event = PositionChanged(
        account_id=str(position.account_id),
        symbol=position.symbol,
        quantity=position.net,
        sellable_quantity=max(0, position.net),
        cost_total_vnd=position.cost_vnd,
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
