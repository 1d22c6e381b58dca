"""Taking over an account that already trades elsewhere: its balances become the opening entries of our ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_cash
from apps.accounts.models import CashBalance, CashSettlement, LedgerEntry, Position, ShareLot
from apps.accounts.services.ledger import Leg, announce_cash, announce_position, open_day, post
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


def adopt_balances(
    *,
    account_id: UUID,
    cash_vnd: int,
    positions: Sequence[OpeningPosition],
    now: datetime,
    cash_on_its_way: Sequence[OpeningCash] = (),
) -> bool:
    """Post the opening balances once; False when the account has entries already, and then nothing changes.

    Raises TerminalError for a balance that a cash account cannot have.
    """
    _refuse_nonsense(cash_vnd, positions)
    with transaction.atomic():
        cash = lock_cash(account_id)
        if LedgerEntry.objects.filter(account_id=account_id).exists():
            return False
        _store_cash(cash, cash_vnd, cash_on_its_way, now)
        rows = [_store_position(account_id, position, now) for position in positions]
        legs = _legs(cash, positions)
        post(account_id, LedgerEntry.Kind.OPENING, legs, reference=OPENING, now=now)
        open_day(cash, now)
        for row in rows:
            announce_position(row, now)
        announce_cash(cash, now)
    return True


def _refuse_nonsense(cash_vnd: int, positions: Sequence[OpeningPosition]) -> None:
    if cash_vnd < 0:
        raise TerminalError(f"a cash account cannot be taken over with {cash_vnd} VND")
    for position in positions:
        on_the_way = sum(quantity for quantity, _ in position.arriving)
        if position.quantity <= 0 or position.cost_total_vnd < 0 or not 0 <= on_the_way <= position.quantity:
            raise TerminalError(f"{position.symbol} cannot be taken over: {position}")


def _store_cash(cash: CashBalance, cash_vnd: int, on_its_way: Sequence[OpeningCash], now: datetime) -> None:
    cash.settled_vnd = cash_vnd
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


def _legs(cash: CashBalance, positions: Sequence[OpeningPosition]) -> list[Leg]:
    legs = [
        Leg(Ledger.CASH, cash.settled_vnd),
        Leg(Ledger.RECEIVABLE, cash.receivable_vnd),
        Leg(Ledger.PAYABLE, -cash.payable_vnd),
        *(Leg(Ledger.SECURITIES, item.cost_total_vnd, item.symbol, item.quantity) for item in positions),
    ]
    return [*legs, Leg(Ledger.CAPITAL, -sum(leg.amount_vnd for leg in legs))]
