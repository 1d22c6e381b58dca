"""Every row lock of the books. Order: account, order, position, reservation.

The account's row is the mutex of everything that belongs to it. FOR NO KEY UPDATE lets others insert rows that point at
the account (memberships, orders of its history) while somebody holds it.
"""

from collections.abc import Collection
from uuid import UUID

from apps.accounts.models import (
    BrokerageAccount,
    CashBalance,
    CashRequest,
    CorporateAction,
    FuturePosition,
    Position,
    Reservation,
    RightsHolding,
)
from qts.domain.errors import TerminalError

# written out, as every order and every report about one takes it: the mapper needs longer than the database
_ACCOUNT = "SELECT * FROM accounts_brokerageaccount WHERE id = %s FOR NO KEY UPDATE"
_CASH = """
    SELECT cash.*, account.kind AS account_kind FROM accounts_cashbalance AS cash
    JOIN accounts_brokerageaccount AS account ON account.id = cash.account_id
    WHERE cash.account_id = %s FOR NO KEY UPDATE OF cash, account
"""
_PENDING_RESERVATION = "SELECT * FROM accounts_reservation WHERE order_id = %s AND state = 'PENDING' FOR NO KEY UPDATE"


def lock_account(account_id: UUID) -> BrokerageAccount | None:
    """The account, locked until the transaction ends; None when there is no such account."""
    return next(iter(BrokerageAccount.objects.raw(_ACCOUNT, [account_id])), None)


def lock_cash(account_id: UUID) -> CashBalance:
    """Account and cash balance in one statement. Raises TerminalError when there is no such account."""
    cash = next(iter(CashBalance.objects.raw(_CASH, [account_id])), None)
    if cash is None:
        raise TerminalError(f"there is no account {account_id}")
    return cash


def lock_position(account_id: UUID, symbol: str) -> Position:
    """The position, or a new one of no shares that is not saved yet. The caller holds the account's lock."""
    found = Position.objects.select_for_update(no_key=True).filter(account_id=account_id, symbol=symbol).first()
    return found or Position(account_id=account_id, symbol=symbol)


def lock_contracts(account_id: UUID, symbol: str) -> FuturePosition:
    """As `lock_position`, of a future."""
    rows = FuturePosition.objects.select_for_update(no_key=True)
    found = rows.filter(account_id=account_id, symbol=symbol).first()
    return found or FuturePosition(account_id=account_id, symbol=symbol)


def lock_positions(account_id: UUID, symbols: Collection[str]) -> dict[str, Position]:
    """Those that there are, by symbol. The caller holds the account's lock."""
    rows = Position.objects.select_for_update(no_key=True).filter(account_id=account_id, symbol__in=symbols)
    return {row.symbol: row for row in rows.order_by("symbol")}


def lock_pending_reservations(order_ids: Collection[UUID]) -> dict[UUID, Reservation]:
    """Those that still hold something, by order. The caller holds the account's lock."""
    rows = Reservation.objects.select_for_update(no_key=True).filter(
        order_id__in=order_ids, state=Reservation.State.PENDING
    )
    return {row.order_id: row for row in rows.order_by("order_id")}


def lock_pending_reservation(order_id: UUID) -> Reservation | None:
    """The reservation while it still holds something. The caller holds the account's lock."""
    return next(iter(Reservation.objects.raw(_PENDING_RESERVATION, [order_id])), None)


def lock_cash_request(request_id: UUID) -> CashRequest | None:
    return CashRequest.objects.select_for_update(no_key=True).filter(id=request_id).first()


def lock_corporate_action(action_id: UUID) -> CorporateAction | None:
    return CorporateAction.objects.select_for_update(no_key=True).filter(id=action_id).first()


def lock_rights(account_id: UUID, action_id: UUID) -> RightsHolding | None:
    """With its action. The caller holds the account's lock."""
    rows = RightsHolding.objects.select_for_update(no_key=True, of=("self",)).select_related("action")
    return rows.filter(account_id=account_id, action_id=action_id).first()
