"""Holding cash or shares back for an order: reserve, then post by fills or void.

Called inside the caller's transaction; each function locks the account first.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.accounts.locks import lock_cash, lock_pending_reservation, lock_position
from apps.accounts.models import BrokerageAccount, CashBalance, Reservation
from apps.accounts.selectors.terms import fee_schedule
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import announce_cash, announce_position, require_transaction
from qts.domain.errors import TerminalError
from qts.domain.portfolio import cash_needed_vnd, reservation_left_vnd
from qts.domain.values import Side

State = Reservation.State
# written out, as every order comes here
_RESERVE = """
    WITH held AS (
        INSERT INTO accounts_reservation (order_id, account_id, symbol, side, quantity, amount_vnd, price_vnd, state,
                                          created_at)
        VALUES (%(order_id)s, %(account_id)s, %(symbol)s, %(side)s, %(quantity)s, %(amount_vnd)s, %(price_vnd)s,
                'PENDING', %(created_at)s)
    )
    UPDATE accounts_cashbalance SET reserved_vnd = reserved_vnd + %(amount_vnd)s::bigint
    WHERE account_id = %(account_id)s AND %(amount_vnd)s::bigint > 0
"""
_WHOSE_PENDING = "SELECT account_id FROM accounts_reservation WHERE order_id = %s AND state = 'PENDING'"


def reserve(
    *,
    account_id: UUID,
    order_id: UUID,
    symbol: str,
    side: Side,
    quantity: int,
    amount_vnd: int,
    now: datetime,
    price_vnd: int = 0,
) -> None:
    """Hold back `amount_vnd` for a purchase, or `quantity` shares for a sale (its amount is 0).

    `price_vnd` is the dearest price that a purchase can trade at: what is held after part of it traded is then to the
    dong what the broker holds. Contracts of a derivatives account bind margin, worked out from them, and no amount.
    The gate has already compared all of it with what is free. Raises TerminalError for a reservation that makes no
    sense.
    """
    require_transaction("a reservation")
    cash = lock_cash(account_id)
    _refuse_nonsense(cash, order_id, side, quantity, amount_vnd)
    open_day(cash, now)
    settle_account(cash, now)
    held: dict[str, Any] = {
        "order_id": order_id,
        "account_id": account_id,
        "symbol": symbol,
        "side": str(side),
        "quantity": quantity,
        "amount_vnd": amount_vnd,
        "price_vnd": price_vnd,
        "created_at": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, held)
    cash.reserved_vnd += amount_vnd
    _announce(cash, symbol, side, now)


def shrink_reservation(*, order_id: UUID, quantity: int, now: datetime) -> None:
    """Only `quantity` shares of the order may still trade: keep what they can cost."""
    require_transaction("a reservation")
    if (found := _lock(order_id)) is None:
        return
    cash, reservation = found
    if not 0 <= quantity <= reservation.quantity:
        raise TerminalError(f"order {order_id} has {reservation.quantity} shares left, not {quantity} or more")
    left_vnd = left_of(reservation, quantity)
    freed = reservation.amount_vnd - left_vnd
    keep(reservation, quantity=quantity, amount_vnd=left_vnd, closed=State.VOIDED, now=now)
    _give_back(cash, freed)
    _announce(cash, reservation.symbol, Side(reservation.side), now)


def release_reservation(*, order_id: UUID, now: datetime) -> None:
    """Give back all that is left, at the end of an order; a second call finds nothing."""
    shrink_reservation(order_id=order_id, quantity=0, now=now)


def amend_reservation(*, order_id: UUID, quantity: int, amount_vnd: int, now: datetime, price_vnd: int = 0) -> None:
    """Hold so much for a working order from now on, more or less than before; one that was used up opens again.

    The gate has compared what is more with what is free, or the broker has it already. Raises TerminalError for a
    reservation that makes no sense, and for an order that never had one.
    """
    require_transaction("a reservation")
    reservation = Reservation.objects.filter(order_id=order_id).first()
    if reservation is None:
        raise TerminalError(f"order {order_id} has no reservation to amend")
    cash = lock_cash(reservation.account_id)
    _refuse_nonsense(cash, order_id, Side(reservation.side), quantity, amount_vnd)
    reservation.refresh_from_db()
    reservation.price_vnd = price_vnd
    freed = reservation.amount_vnd - amount_vnd
    reservation.state, reservation.closed_at = State.PENDING, None
    keep(reservation, quantity=quantity, amount_vnd=amount_vnd, closed=State.VOIDED, now=now)
    _give_back(cash, freed)
    _announce(cash, reservation.symbol, Side(reservation.side), now)


def keep(reservation: Reservation, *, quantity: int, amount_vnd: int, closed: Reservation.State, now: datetime) -> None:
    """What is still held; nothing left closes the reservation. The caller changes the account's total."""
    hold(reservation, quantity=quantity, amount_vnd=amount_vnd, closed=closed, now=now)
    reservation.save(update_fields=["quantity", "amount_vnd", "price_vnd", "state", "closed_at"])


def hold(reservation: Reservation, *, quantity: int, amount_vnd: int, closed: Reservation.State, now: datetime) -> None:
    """As `keep`, not saved yet."""
    reservation.quantity = quantity
    reservation.amount_vnd = amount_vnd
    if quantity == 0:
        reservation.state = closed
        reservation.closed_at = now


def left_of(reservation: Reservation, quantity: int, *, cost_vnd: int = 0) -> int:
    """The cash that `quantity` shares of an order still need, after a fill that cost `cost_vnd`: value and fee at the
    dearest price they can trade at, as the broker holds it. Where that price is not known, their share of the amount,
    rounded up. Never more than is left."""
    if quantity == 0:
        return 0
    amount_vnd = reservation.amount_vnd
    if reservation.price_vnd and reservation.side == Side.BUY:
        needed_vnd = cash_needed_vnd(quantity=quantity, price_vnd=reservation.price_vnd, fees=fee_schedule())
        return max(0, min(needed_vnd, amount_vnd - cost_vnd))
    filled = reservation.quantity - quantity
    return reservation_left_vnd(
        amount_vnd=amount_vnd, quantity=reservation.quantity, filled_quantity=filled, cost_vnd=cost_vnd
    )


def _refuse_nonsense(cash: CashBalance, order_id: UUID, side: Side, quantity: int, amount_vnd: int) -> None:
    """Shares are bought with cash, and nothing else takes any."""
    takes_cash = side is Side.BUY and cash.account_kind != BrokerageAccount.Kind.DERIVATIVES
    if quantity <= 0 or (amount_vnd <= 0) is takes_cash or amount_vnd < 0:
        raise TerminalError(f"order {order_id} cannot reserve {amount_vnd} VND for {quantity} shares")


def _lock(order_id: UUID) -> tuple[CashBalance, Reservation] | None:
    with connection.cursor() as cursor:  # most reports about an order find nothing held back any more
        cursor.execute(_WHOSE_PENDING, [order_id])
        found = cursor.fetchone()
    if found is None:
        return None
    cash = lock_cash(found[0])
    reservation = lock_pending_reservation(order_id)
    return (cash, reservation) if reservation else None


def _give_back(cash: CashBalance, amount_vnd: int) -> None:
    if amount_vnd:
        cash.reserved_vnd -= amount_vnd
        cash.save(update_fields=["reserved_vnd"])


def _announce(cash: CashBalance, symbol: str, side: Side, now: datetime) -> None:
    if side is Side.BUY or cash.account_kind == BrokerageAccount.Kind.DERIVATIVES:
        announce_cash(cash, now)
    else:
        announce_position(lock_position(cash.account_id, symbol), now)
