"""One account at one moment, from its running totals. What has fallen due counts whether it was posted yet or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from apps.accounts.models import Reservation, ShareLot
from apps.accounts.selectors.types import AccountState, PositionState
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.portfolio import sellable_quantity
from qts.domain.values import Side

# every order asks for this, with the account's lock held: one statement, written out, costs a fifth of what the six of
# an object mapper did
_STATE = """
    SELECT account.is_active, cash.settled_vnd, cash.receivable_vnd, cash.payable_vnd, cash.reserved_vnd,
           cash.realised_pnl_vnd, due.coming, due.going, working.sums, unsettled.sums, held.rows,
           coalesce(cash.opened_day >= %(today)s, false),
           opening.cash_vnd, opening.realised_pnl_vnd, opening.quantities::json
    FROM accounts_cashbalance AS cash
    JOIN accounts_brokerageaccount AS account ON account.id = cash.account_id
    LEFT JOIN accounts_dailysnapshot AS opening
        ON opening.account_id = cash.account_id AND opening.trading_day = cash.opened_day
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_vnd) FILTER (WHERE amount_vnd > 0), 0)::bigint AS coming,
               coalesce(-sum(amount_vnd) FILTER (WHERE amount_vnd < 0), 0)::bigint AS going
        FROM accounts_cashsettlement
        WHERE account_id = cash.account_id AND settled_at IS NULL AND due_at <= %(now)s
    ) AS due
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(side, symbol, quantity, largest_vnd, orders)) AS sums
        FROM (
            SELECT side, symbol, sum(quantity)::bigint AS quantity, max(amount_vnd) AS largest_vnd, count(*) AS orders
            FROM accounts_reservation WHERE account_id = cash.account_id AND state = 'PENDING' GROUP BY side, symbol
        ) AS by_symbol
    ) AS working
    CROSS JOIN LATERAL (
        SELECT json_object_agg(symbol, quantity) AS sums
        FROM (
            SELECT symbol, sum(quantity)::bigint AS quantity
            FROM accounts_sharelot WHERE account_id = cash.account_id AND sellable_at > %(now)s GROUP BY symbol
        ) AS by_symbol
    ) AS unsettled
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(symbol, quantity, cost_total_vnd, realised_pnl_vnd)) AS rows
        FROM accounts_position WHERE account_id = cash.account_id
    ) AS held
    WHERE cash.account_id = %(account_id)s
"""


@dataclass(slots=True)
class _Working:
    """What the working orders of an account hold back."""

    orders: int = 0
    largest_order_vnd: int = 0
    sell_quantity: dict[str, int] = field(default_factory=dict)
    buy_quantity: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of `_STATE`. The opening figures are of the last day that has them; `has_opened`: that is today."""

    is_active: bool
    settled_vnd: int
    receivable_vnd: int
    payable_vnd: int
    reserved_vnd: int
    realised_pnl_vnd: int
    due_in_vnd: int
    due_out_vnd: int
    working: list[tuple[str, str, int, int, int]] | None
    unsettled: dict[str, int] | None
    held: list[tuple[str, int, int, int]] | None
    has_opened: bool
    opening_cash_vnd: int | None
    opening_pnl_vnd: int | None
    opening_quantities: dict[str, int] | None


def account_state(account_id: UUID, now: datetime) -> AccountState:
    """One statement, whatever the account holds. Raises TerminalError when there is no such account."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"account_id": account_id, "now": now, "today": to_vietnam(now).date()})
        found = cursor.fetchone()
    if found is None:
        raise TerminalError(f"there is no account {account_id}")
    row = _Row(*found)
    working = _working(row)
    positions = _positions(row, working)
    opening_cash_vnd, opening_pnl_vnd, opening_quantities = _opening(row, positions)
    return AccountState(
        account_id=account_id,
        is_active=row.is_active,
        cash_settled_vnd=row.settled_vnd + row.due_in_vnd - row.due_out_vnd,
        cash_pending_vnd=row.receivable_vnd - row.due_in_vnd,
        payable_vnd=row.payable_vnd - row.due_out_vnd,
        reserved_orders_vnd=row.reserved_vnd,
        open_order_count=working.orders,
        largest_order_vnd=working.largest_order_vnd,
        realised_pnl_vnd=row.realised_pnl_vnd,
        realised_today_vnd=row.realised_pnl_vnd - opening_pnl_vnd,
        opening_cash_vnd=opening_cash_vnd,
        opening_quantities=opening_quantities,
        positions=positions,
    )


def without_order(state: AccountState, order_id: UUID, now: datetime) -> AccountState:
    """The account as if one working order held nothing back; for asking what another one in its place may cost."""
    held = Reservation.objects.filter(order_id=order_id, state=Reservation.State.PENDING).first()
    if held is None:
        return state
    position = state.position(held.symbol)
    if held.side == Side.BUY:
        position = replace(position, pending_buy_quantity=position.pending_buy_quantity - held.quantity)
    else:
        promised = position.reserved_sell_quantity - held.quantity
        unsettled = unsettled_quantities(state.account_id, now, held.symbol).get(held.symbol, 0)
        sellable = sellable_quantity(quantity=position.quantity, unsettled=unsettled, reserved_quantity=promised)
        position = replace(position, reserved_sell_quantity=promised, sellable_quantity=sellable)
    return replace(
        state,
        reserved_orders_vnd=state.reserved_orders_vnd - held.amount_vnd,
        open_order_count=state.open_order_count - 1,
        positions=state.positions | {held.symbol: position},
    )


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


def _working(row: _Row) -> _Working:
    """Summed up by the database: an account may have many orders that work."""
    working = _Working()
    for side, symbol, quantity, largest_order_vnd, orders in row.working or ():
        quantities = working.buy_quantity if side == Side.BUY else working.sell_quantity
        quantities[symbol] = quantity
        working.largest_order_vnd = max(working.largest_order_vnd, largest_order_vnd)
        working.orders += orders
    return working


def _positions(row: _Row, working: _Working) -> dict[str, PositionState]:
    held = {symbol: figures for symbol, *figures in row.held or ()}
    unsettled = row.unsettled or {}
    return {
        symbol: _position(symbol, held.get(symbol, (0, 0, 0)), unsettled.get(symbol, 0), working)
        for symbol in sorted({*held, *working.buy_quantity})
    }


def _position(symbol: str, held: Sequence[int], unsettled: int, working: _Working) -> PositionState:
    quantity, cost_total_vnd, realised_pnl_vnd = held
    promised = working.sell_quantity.get(symbol, 0)
    return PositionState(
        symbol=symbol,
        quantity=quantity,
        sellable_quantity=sellable_quantity(quantity=quantity, unsettled=unsettled, reserved_quantity=promised),
        reserved_sell_quantity=promised,
        pending_buy_quantity=working.buy_quantity.get(symbol, 0),
        cost_total_vnd=cost_total_vnd,
        realised_pnl_vnd=realised_pnl_vnd,
    )


def _opening(row: _Row, positions: Mapping[str, PositionState]) -> tuple[int, int, Mapping[str, int]]:
    """Cash, profit and quantities as the day began. Before the day's first booking it began as it is now.

    Raises TerminalError when the day was opened and its snapshot is gone: then nobody can say how it began.
    """
    if row.has_opened:
        if row.opening_cash_vnd is None or row.opening_pnl_vnd is None or row.opening_quantities is None:
            raise TerminalError("the day was opened, and its snapshot is gone")
        return row.opening_cash_vnd, row.opening_pnl_vnd, row.opening_quantities
    cash_vnd = row.settled_vnd + row.receivable_vnd - row.payable_vnd
    held = {symbol: position.quantity for symbol, position in positions.items() if position.quantity}
    return cash_vnd, row.realised_pnl_vnd, held
