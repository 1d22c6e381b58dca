"""Taking over an account that already trades elsewhere: its balances become the opening entries of our ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_cash
from apps.accounts.models import (
    BrokerageAccount,
    CashBalance,
    CashSettlement,
    FuturePosition,
    LedgerEntry,
    Position,
    ShareLot,
)
from apps.accounts.services.contract_booking import bind_margin, not_before
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import Leg, announce_cash, announce_position, post
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam

Ledger = LedgerEntry.Ledger
OPENING = "opening"


@dataclass(frozen=True, slots=True)
class OpeningPosition:
    """Shares of one symbol as the broker shows them. `arriving` are (quantity, sellable from) of those on their way."""

    symbol: str
    quantity: int
    cost_total_vnd: int
    arriving: tuple[tuple[int, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class OpeningCash:
    """Cash on its way at the time of the take-over: positive comes in, negative is owed."""

    amount_vnd: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OpeningLoan:
    """What the broker has lent at the time of the take-over: on shares, its accrued interest, and on sales."""

    loan_vnd: int = 0
    interest_vnd: int = 0
    advanced_vnd: int = 0


NO_LOAN: Final = OpeningLoan()


@dataclass(frozen=True, slots=True)
class OpeningContracts:
    """Open futures of one month, short below zero, and what they are carried at, with the same sign."""

    symbol: str
    net: int
    cost_vnd: int


def adopt_balances(
    *,
    account_id: UUID,
    cash_vnd: int,
    positions: Sequence[OpeningPosition],
    now: datetime,
    cash_on_its_way: Sequence[OpeningCash] = (),
    loan: OpeningLoan = NO_LOAN,
    contracts: Sequence[OpeningContracts] = (),
) -> bool:
    """Post the opening balances once; False when the account has entries already, and then nothing changes.

    Raises TerminalError for a balance that a cash account cannot have.
    """
    with transaction.atomic():
        cash = lock_cash(account_id)
        _refuse_nonsense(cash, cash_vnd, positions, loan, contracts)
        if LedgerEntry.objects.filter(account_id=account_id).exists():
            return False
        _store_cash(cash, cash_vnd, cash_on_its_way, loan, now)
        rows = [_store_position(account_id, position, now) for position in positions]
        legs = _legs(cash, positions, cash_on_its_way, contracts)
        post(account_id, LedgerEntry.Kind.OPENING, legs, reference=OPENING, now=now)
        if contracts:
            _store_contracts(cash, contracts, now)
        open_day(cash, now)
        for row in rows:
            announce_position(row, now)
        announce_cash(cash, now)
    return True


def _refuse_nonsense(
    cash: CashBalance,
    cash_vnd: int,
    positions: Sequence[OpeningPosition],
    loan: OpeningLoan,
    contracts: Sequence[OpeningContracts],
) -> None:
    """A variation may have taken more than a derivatives account had; no other account owes cash."""
    if cash_vnd < 0 and not contracts:
        raise TerminalError(f"a cash account cannot be taken over with {cash_vnd} VND")
    if min(loan.loan_vnd, loan.interest_vnd, loan.advanced_vnd) < 0:
        raise TerminalError(f"nobody owes less than nothing: {loan}")
    if contracts and cash.account_kind != BrokerageAccount.Kind.DERIVATIVES:
        raise TerminalError(f"a {cash.account_kind.lower()} account holds no futures: {contracts[0]}")
    symbols = Counter([*(held.symbol for held in positions), *(held.symbol for held in contracts)])
    if twice := [symbol for symbol, times in symbols.items() if times > 1]:
        raise TerminalError(f"told twice: {', '.join(twice)}")
    for held in contracts:
        if held.net == 0 or held.net * held.cost_vnd <= 0:
            raise TerminalError(f"{held.symbol} cannot be taken over: {held}")
    for position in positions:
        on_the_way = sum(quantity for quantity, _ in position.arriving)
        if position.quantity <= 0 or position.cost_total_vnd < 0 or not 0 <= on_the_way <= position.quantity:
            raise TerminalError(f"{position.symbol} cannot be taken over: {position}")


def _store_contracts(cash: CashBalance, contracts: Sequence[OpeningContracts], now: datetime) -> None:
    """The margin that they bind moves to its bucket; their price is of the last evening."""
    rows = [
        FuturePosition(account_id=cash.account_id, symbol=held.symbol, net=held.net, cost_vnd=held.cost_vnd)
        for held in contracts
    ]
    for row in rows:
        not_before(row, to_vietnam(now).date())
    FuturePosition.objects.bulk_create(rows)
    bind_margin(cash, OPENING, now)
    cash.save(update_fields=["settled_vnd", "margin_vnd"])


def _store_cash(
    cash: CashBalance, cash_vnd: int, on_its_way: Sequence[OpeningCash], loan: OpeningLoan, now: datetime
) -> None:
    cash.settled_vnd = cash_vnd
    cash.loan_vnd, cash.interest_due_vnd, cash.advanced_vnd = loan.loan_vnd, loan.interest_vnd, loan.advanced_vnd
    cash.receivable_vnd = sum(item.amount_vnd for item in on_its_way if item.amount_vnd > 0)
    cash.payable_vnd = -sum(item.amount_vnd for item in on_its_way if item.amount_vnd < 0)
    cash.save()
    CashSettlement.objects.bulk_create(
        CashSettlement(
            account_id=cash.account_id,
            amount_vnd=item.amount_vnd,
            trading_day=to_vietnam(now).date(),
            due_at=item.due_at,
            reference=OPENING,
        )
        for item in on_its_way
    )


def _store_position(account_id: UUID, position: OpeningPosition, now: datetime) -> Position:
    ShareLot.objects.bulk_create(
        ShareLot(
            account_id=account_id,
            symbol=position.symbol,
            quantity=quantity,
            trading_day=to_vietnam(now).date(),
            sellable_at=sellable_at,
            reference=OPENING,
        )
        for quantity, sellable_at in position.arriving
    )
    return Position.objects.create(
        account_id=account_id,
        symbol=position.symbol,
        quantity=position.quantity,
        cost_total_vnd=position.cost_total_vnd,
    )


def _legs(
    cash: CashBalance,
    positions: Sequence[OpeningPosition],
    cash_on_its_way: Sequence[OpeningCash],
    contracts: Sequence[OpeningContracts],
) -> list[Leg]:
    legs = [
        Leg(Ledger.CASH, cash.settled_vnd),
        Leg(Ledger.LOAN, -cash.loan_vnd),
        Leg(Ledger.INTEREST_DUE, -cash.interest_due_vnd),
        Leg(Ledger.ADVANCED, -cash.advanced_vnd),
    ]
    for one in contracts:
        legs += [
            Leg(Ledger.CONTRACTS, one.cost_vnd, one.symbol, one.net),
            Leg(Ledger.NOTIONAL, -one.cost_vnd, one.symbol),
        ]
    for coming in cash_on_its_way:
        ledger = Ledger.RECEIVABLE if coming.amount_vnd > 0 else Ledger.PAYABLE
        legs.append(Leg(ledger, coming.amount_vnd, due_at=coming.due_at))
    for held in positions:
        arrived = held.quantity - sum(quantity for quantity, _ in held.arriving)
        legs.append(Leg(Ledger.SECURITIES, held.cost_total_vnd, held.symbol, arrived))
        legs += [Leg(Ledger.SECURITIES, 0, held.symbol, quantity, due_at) for quantity, due_at in held.arriving]
    return [*legs, Leg(Ledger.CAPITAL, -sum(leg.amount_vnd for leg in legs))]
