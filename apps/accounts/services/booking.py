"""One fill into the books: ledger, position, T+2, reservation."""

from datetime import datetime
from uuid import UUID

from apps.accounts.locks import lock_cash, lock_pending_reservation, lock_position
from apps.accounts.models import CashBalance, CashSettlement, LedgerEntry, Position, Reservation, ShareLot, TradeBooking
from apps.accounts.selectors.fees import fee_schedule
from apps.accounts.services.ledger import Leg, announce_cash, announce_position, open_day, post, require_transaction
from apps.accounts.services.reservations import keep
from apps.accounts.services.settlement import settle_account
from apps.marketdata.selectors import trading_calendar
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.portfolio import Holding, reservation_left_vnd, settles_at
from qts.domain.values import Side

Ledger = LedgerEntry.Ledger


def book_fill(
    *,
    account_id: UUID,
    order_id: UUID,
    fill_id: str,
    symbol: str,
    side: Side,
    quantity: int,
    price_vnd: int,
    now: datetime,
) -> None:
    """Book one fill at market time `now`; a fill id that is booked already changes nothing.

    A fill is a fact: it is booked even without a reservation, when the order was placed elsewhere or its cancel came
    too late. Raises TerminalError, with nothing booked, when it cannot be one: no quantity or price, more sold than
    held, or an id that was booked with other content.
    """
    require_transaction("booking a fill")
    if quantity <= 0 or price_vnd <= 0:
        raise TerminalError(f"fill {fill_id} of {quantity} shares at {price_vnd} VND is none")
    trade = TradeBooking(
        fill_id=fill_id,
        account_id=account_id,
        order_id=order_id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        price_vnd=price_vnd,
        trading_day=to_vietnam(now).date(),
        booked_at=now,
    )
    cash = lock_cash(account_id)
    if _is_booked(trade):
        return
    open_day(cash, now)
    settle_account(cash, now)
    position = lock_position(account_id, symbol)
    if side is Side.SELL and quantity > position.quantity:
        raise TerminalError(f"fill {fill_id} sells {quantity} {symbol}, the books hold {position.quantity}")
    if side is Side.BUY:
        _book_purchase(trade, cash, position)
    else:
        _book_sale(trade, cash, position)
    cash.save(update_fields=["receivable_vnd", "payable_vnd", "reserved_vnd", "realised_pnl_vnd"])
    announce_position(position, now)
    announce_cash(cash, now)


def _is_booked(trade: TradeBooking) -> bool:
    known = TradeBooking.objects.filter(fill_id=trade.fill_id).first()
    if known is None:
        return False
    for name in ("account_id", "order_id", "symbol", "side", "quantity", "price_vnd"):
        if getattr(known, name) != getattr(trade, name):
            raise TerminalError(f"fill {trade.fill_id} is booked already with another {name}")
    return True


def _book_purchase(trade: TradeBooking, cash: CashBalance, position: Position) -> None:
    value = trade.quantity * trade.price_vnd
    trade.fee_vnd = fee_schedule().fee_vnd(value)
    cost = value + trade.fee_vnd
    bought = _holding(position).bought(quantity=trade.quantity, value_vnd=value, fee_vnd=trade.fee_vnd)
    trade.save(force_insert=True)
    _store(position, bought)
    due_at = settles_at(trade.trading_day, trading_calendar())
    ShareLot.objects.create(
        account_id=trade.account_id,
        symbol=trade.symbol,
        quantity=trade.quantity,
        trading_day=trade.trading_day,
        sellable_at=due_at,
        reference=trade.fill_id,
    )
    _await_cash(trade, -cost, due_at)
    legs = [Leg(Ledger.SECURITIES, cost, trade.symbol, trade.quantity), Leg(Ledger.PAYABLE, -cost)]
    post(trade.account_id, LedgerEntry.Kind.PURCHASE, legs, reference=trade.fill_id, now=trade.booked_at)
    cash.payable_vnd += cost
    cash.reserved_vnd -= _consume_reservation(trade, cost_vnd=cost)


def _book_sale(trade: TradeBooking, cash: CashBalance, position: Position) -> None:
    value = trade.quantity * trade.price_vnd
    fees = fee_schedule()
    trade.fee_vnd, trade.tax_vnd = fees.fee_vnd(value), fees.sale_tax_vnd(value)
    sale = _holding(position).sold(
        quantity=trade.quantity, value_vnd=value, fee_vnd=trade.fee_vnd, tax_vnd=trade.tax_vnd
    )
    trade.cost_vnd, trade.realised_pnl_vnd = sale.cost_vnd, sale.realised_pnl_vnd
    trade.save(force_insert=True)
    _store(position, sale.holding)
    net = value - trade.fee_vnd - trade.tax_vnd
    _await_cash(trade, net, settles_at(trade.trading_day, trading_calendar()))
    legs = [
        Leg(Ledger.RECEIVABLE, net),
        Leg(Ledger.FEES, trade.fee_vnd),
        Leg(Ledger.TAXES, trade.tax_vnd),
        Leg(Ledger.SECURITIES, -sale.cost_vnd, trade.symbol, -trade.quantity),
        Leg(Ledger.TRADING_RESULT, sale.cost_vnd - value),
    ]
    post(trade.account_id, LedgerEntry.Kind.SALE, legs, reference=trade.fill_id, now=trade.booked_at)
    cash.receivable_vnd += net
    cash.realised_pnl_vnd += sale.realised_pnl_vnd
    _consume_reservation(trade, cost_vnd=0)


def _holding(position: Position) -> Holding:
    return Holding(position.quantity, position.cost_total_vnd, position.realised_pnl_vnd)


def _store(position: Position, holding: Holding) -> None:
    position.quantity = holding.quantity
    position.cost_total_vnd = holding.cost_total_vnd
    position.realised_pnl_vnd = holding.realised_pnl_vnd
    position.save()


def _await_cash(trade: TradeBooking, amount_vnd: int, due_at: datetime) -> None:
    """Cash of the trade on its way; a sale whose fee and tax take all of it brings none."""
    if amount_vnd:
        CashSettlement.objects.create(
            account_id=trade.account_id,
            amount_vnd=amount_vnd,
            trading_day=trade.trading_day,
            due_at=due_at,
            reference=trade.fill_id,
        )


def _consume_reservation(trade: TradeBooking, *, cost_vnd: int) -> int:
    """Cash that the fill frees from its order's reservation; 0 when there is none."""
    reservation = lock_pending_reservation(trade.order_id)
    if reservation is None:
        return 0
    filled = min(trade.quantity, reservation.quantity)
    left = reservation_left_vnd(
        amount_vnd=reservation.amount_vnd, quantity=reservation.quantity, filled_quantity=filled, cost_vnd=cost_vnd
    )
    freed = reservation.amount_vnd - left
    keep(
        reservation,
        quantity=reservation.quantity - filled,
        amount_vnd=left,
        closed=Reservation.State.POSTED,
        now=trade.booked_at,
    )
    return freed
