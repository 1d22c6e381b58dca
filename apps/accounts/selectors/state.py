"""One account at one moment, from its running totals. What has fallen due counts whether it was posted yet or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from apps.accounts.models import CashBalance, CashSettlement, DailySnapshot, Position, Reservation, ShareLot
from apps.accounts.selectors.types import AccountState, PositionState
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.portfolio import sellable_quantity
from qts.domain.values import Side


@dataclass(slots=True)
class _Working:
    """What the working orders of an account hold back."""

    orders: int = 0
    largest_order_vnd: int = 0
    sell_quantity: dict[str, int] = field(default_factory=dict)
    buy_quantity: dict[str, int] = field(default_factory=dict)


def account_state(account_id: UUID, now: datetime) -> AccountState:
    """Six short queries, whatever the account holds. Raises TerminalError when there is no such account."""
    cash = CashBalance.objects.select_related("account").filter(account_id=account_id).first()
    if cash is None:
        raise TerminalError(f"there is no account {account_id}")
    due_in, due_out = due_cash(account_id, now)
    working = _working(account_id)
    positions = _positions(account_id, unsettled_quantities(account_id, now), working)
    opening = _opening(cash, positions, to_vietnam(now).date())
    return AccountState(
        account_id=account_id,
        is_active=cash.account.is_active,
        cash_settled_vnd=cash.settled_vnd + due_in - due_out,
        cash_pending_vnd=cash.receivable_vnd - due_in,
        payable_vnd=cash.payable_vnd - due_out,
        reserved_orders_vnd=cash.reserved_vnd,
        open_order_count=working.orders,
        largest_order_vnd=working.largest_order_vnd,
        realised_pnl_vnd=cash.realised_pnl_vnd,
        realised_today_vnd=cash.realised_pnl_vnd - opening.realised_pnl_vnd,
        opening_cash_vnd=opening.cash_vnd,
        opening_quantities=opening.quantities,
        positions=positions,
    )


def due_cash(account_id: UUID, now: datetime) -> tuple[int, int]:
    """Cash that has fallen due without being posted: what comes in and what goes out, both positive."""
    due = CashSettlement.objects.filter(account_id=account_id, settled_at=None, due_at__lte=now)
    sums = due.aggregate(
        coming=Sum("amount_vnd", filter=Q(amount_vnd__gt=0)), going=Sum("amount_vnd", filter=Q(amount_vnd__lt=0))
    )
    return int(sums["coming"] or 0), -int(sums["going"] or 0)


def unsettled_quantities(account_id: UUID, now: datetime, symbol: str = "") -> dict[str, int]:
    """Shares by symbol that were bought and may not be sold yet."""
    lots = ShareLot.objects.filter(account_id=account_id, sellable_at__gt=now)
    if symbol:
        lots = lots.filter(symbol=symbol)
    return dict(lots.order_by().values_list("symbol").annotate(Sum("quantity")))


def reserved_sell_quantity(account_id: UUID, symbol: str) -> int:
    """Shares of one symbol that are promised to working sales."""
    rows = Reservation.objects.filter(
        account_id=account_id, symbol=symbol, side=Side.SELL, state=Reservation.State.PENDING
    )
    return int(rows.aggregate(total=Sum("quantity"))["total"] or 0)


def _working(account_id: UUID) -> _Working:
    """Summed up by the database: every order asks, and an account may have many that work."""
    pending = Reservation.objects.filter(account_id=account_id, state=Reservation.State.PENDING).order_by()
    sums = pending.values_list("side", "symbol").annotate(Sum("quantity"), Max("amount_vnd"), Count("order_id"))
    working = _Working()
    for side, symbol, quantity, largest_order_vnd, orders in sums:
        quantities = working.buy_quantity if side == Side.BUY else working.sell_quantity
        quantities[symbol] = int(quantity)
        working.largest_order_vnd = max(working.largest_order_vnd, largest_order_vnd)
        working.orders += orders
    return working


def _positions(account_id: UUID, unsettled: Mapping[str, int], working: _Working) -> dict[str, PositionState]:
    rows = {row.symbol: row for row in Position.objects.filter(account_id=account_id).order_by()}
    return {
        symbol: _position_state(rows.get(symbol) or Position(symbol=symbol), unsettled, working)
        for symbol in sorted({*rows, *working.buy_quantity})
    }


def _position_state(row: Position, unsettled: Mapping[str, int], working: _Working) -> PositionState:
    promised = working.sell_quantity.get(row.symbol, 0)
    return PositionState(
        symbol=row.symbol,
        quantity=row.quantity,
        sellable_quantity=sellable_quantity(
            quantity=row.quantity, unsettled=unsettled.get(row.symbol, 0), reserved_quantity=promised
        ),
        reserved_sell_quantity=promised,
        pending_buy_quantity=working.buy_quantity.get(row.symbol, 0),
        cost_total_vnd=row.cost_total_vnd,
        realised_pnl_vnd=row.realised_pnl_vnd,
    )


def _opening(cash: CashBalance, positions: Mapping[str, PositionState], today: date) -> DailySnapshot:
    """How the day began. Without a snapshot of today nothing has been booked today: it began as it is now."""
    if cash.opened_day is not None and cash.opened_day >= today:
        return DailySnapshot.objects.get(account_id=cash.account_id, trading_day=cash.opened_day)
    return DailySnapshot(
        cash_vnd=cash.settled_vnd + cash.receivable_vnd - cash.payable_vnd,
        realised_pnl_vnd=cash.realised_pnl_vnd,
        quantities={symbol: position.quantity for symbol, position in positions.items() if position.quantity},
    )
