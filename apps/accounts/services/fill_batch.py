"""What the fills of one account and one trading day do to its books: worked out in memory, then each table is written
once. The caller holds the account's lock."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from apps.accounts.locks import lock_pending_reservations, lock_positions
from apps.accounts.models import CashBalance, CashSettlement, LedgerEntry, Position, Reservation, ShareLot, TradeBooking
from apps.accounts.selectors.terms import fee_schedule
from apps.accounts.services.action_booking import untaxed_bonus_here
from apps.accounts.services.ledger import Leg, announce_cash, announce_positions, entries_of
from apps.accounts.services.lending import draw_loan
from apps.accounts.services.reservations import hold, left_of
from apps.marketdata.selectors import rule_history, trading_calendar
from qts.adapters.ssi.symbols import kind_by_form
from qts.domain.portfolio import Holding, bonus_sale_tax_vnd, settles_at
from qts.domain.values import InstrumentKind, Side
from qts.web.many_rows import insert_rows, put_rows

Ledger = LedgerEntry.Ledger
POSITION_MOVED = ("quantity", "cost_total_vnd", "realised_pnl_vnd", "untaxed_bonus_quantity")
RESERVATION_MOVED = ("quantity", "amount_vnd", "state", "closed_at")
MOVED = ["settled_vnd", "receivable_vnd", "payable_vnd", "reserved_vnd", "loan_vnd", "realised_pnl_vnd"]


class FillBatch:
    """`take` books one fill after the other, `store` writes them down."""

    def __init__(self, cash: CashBalance, trades: Sequence[TradeBooking]) -> None:
        self._cash = cash
        self._account_id: UUID = cash.account_id
        self._trading_day: date = trades[0].trading_day
        self._fees = fee_schedule()
        self._positions = lock_positions(self._account_id, {trade.symbol for trade in trades})
        self._reservations = lock_pending_reservations({trade.order_id for trade in trades})
        self._touched: dict[str, Position] = {}
        self._used: dict[UUID, Reservation] = {}
        self._trades: list[TradeBooking] = []
        self._lots: list[ShareLot] = []
        self._settlements: list[CashSettlement] = []
        self._entries: list[LedgerEntry] = []

    def take(self, trade: TradeBooking) -> str:
        """Why it cannot be a fill, and then nothing has changed; "" when it counts."""
        if kind_by_form(trade.symbol) is InstrumentKind.FUTURE:
            return f"fill {trade.fill_id} is of {trade.symbol}, the account holds no futures"
        position = self._positions.get(trade.symbol) or Position(account_id=self._account_id, symbol=trade.symbol)
        if trade.side == Side.SELL and trade.quantity > position.quantity:
            return f"fill {trade.fill_id} sells {trade.quantity} {trade.symbol}, the books hold {position.quantity}"
        self._positions[trade.symbol] = self._touched[trade.symbol] = position
        if trade.side == Side.BUY:
            self._buy(trade, position)
        else:
            self._sell(trade, position)
        self._trades.append(trade)
        return ""

    def store(self, now: datetime) -> None:
        """Nothing when every fill was refused."""
        if not self._trades:
            return
        for rows in (self._trades, self._lots, self._settlements, self._entries):
            insert_rows(rows)
        put_rows(list(self._touched.values()), unique=["account_id", "symbol"], changed=POSITION_MOVED)
        put_rows(list(self._used.values()), unique=["order_id"], changed=RESERVATION_MOVED)
        self._cash.save(update_fields=MOVED)
        announce_positions(list(self._touched.values()), now)
        announce_cash(self._cash, now)

    @cached_property
    def _due_at(self) -> datetime:
        return settles_at(rule_history(), self._trading_day, trading_calendar())

    def _buy(self, trade: TradeBooking, position: Position) -> None:
        value = trade.quantity * trade.price_vnd
        trade.fee_vnd = self._fees.fee_vnd(value)
        cost = value + trade.fee_vnd
        draw_loan(self._cash, cost, trade.fill_id, trade.booked_at)
        _keep(position, _holding(position).bought(quantity=trade.quantity, value_vnd=value, fee_vnd=trade.fee_vnd))
        self._lots.append(
            ShareLot(
                account_id=self._account_id,
                symbol=trade.symbol,
                quantity=trade.quantity,
                trading_day=self._trading_day,
                sellable_at=self._due_at,
                reference=trade.fill_id,
            )
        )
        self._await_cash(trade, -cost)
        legs = [
            Leg(Ledger.SECURITIES, cost, trade.symbol, trade.quantity, self._due_at),
            Leg(Ledger.PAYABLE, -cost, due_at=self._due_at),
        ]
        self._post(trade, LedgerEntry.Kind.PURCHASE, legs)
        self._cash.payable_vnd += cost
        self._cash.reserved_vnd -= self._consume_reservation(trade, cost_vnd=cost)

    def _sell(self, trade: TradeBooking, position: Position) -> None:
        value = trade.quantity * trade.price_vnd
        untaxed = untaxed_bonus_here(position, trade.booked_at)
        bonus_tax = bonus_sale_tax_vnd(
            sold_quantity=trade.quantity, untaxed_quantity=untaxed, price_vnd=trade.price_vnd
        )
        trade.fee_vnd, trade.tax_vnd = self._fees.fee_vnd(value), self._fees.sale_tax_vnd(value) + bonus_tax
        position.untaxed_bonus_quantity -= min(trade.quantity, untaxed)
        sale = _holding(position).sold(
            quantity=trade.quantity, value_vnd=value, fee_vnd=trade.fee_vnd, tax_vnd=trade.tax_vnd
        )
        trade.cost_vnd, trade.realised_pnl_vnd = sale.cost_vnd, sale.realised_pnl_vnd
        _keep(position, sale.holding)
        net = value - trade.fee_vnd - trade.tax_vnd
        self._await_cash(trade, net)
        legs = [
            Leg(Ledger.RECEIVABLE, net, due_at=self._due_at),
            Leg(Ledger.FEES, trade.fee_vnd, trade.symbol),
            Leg(Ledger.TAXES, trade.tax_vnd, trade.symbol),
            Leg(Ledger.SECURITIES, -sale.cost_vnd, trade.symbol, -trade.quantity),
            Leg(Ledger.TRADING_RESULT, sale.cost_vnd - value, trade.symbol),
        ]
        self._post(trade, LedgerEntry.Kind.SALE, legs)
        self._cash.receivable_vnd += net
        self._cash.realised_pnl_vnd += sale.realised_pnl_vnd
        self._consume_reservation(trade, cost_vnd=0)

    def _post(self, trade: TradeBooking, kind: LedgerEntry.Kind, legs: Sequence[Leg]) -> None:
        self._entries += entries_of(self._account_id, kind, legs, reference=trade.fill_id, now=trade.booked_at)

    def _await_cash(self, trade: TradeBooking, amount_vnd: int) -> None:
        """Cash of the trade on its way; a sale whose fee and tax take all of it brings none."""
        if amount_vnd:
            self._settlements.append(
                CashSettlement(
                    account_id=self._account_id,
                    amount_vnd=amount_vnd,
                    trading_day=self._trading_day,
                    due_at=self._due_at,
                    reference=trade.fill_id,
                )
            )

    def _consume_reservation(self, trade: TradeBooking, *, cost_vnd: int) -> int:
        """Cash that the fill frees from its order's reservation; 0 when nothing is held any more."""
        reservation = self._reservations.get(trade.order_id)
        if reservation is None or reservation.state != Reservation.State.PENDING:
            return 0
        filled = min(trade.quantity, reservation.quantity)
        left = left_of(reservation, reservation.quantity - filled, cost_vnd=cost_vnd)
        freed = reservation.amount_vnd - left
        hold(
            reservation,
            quantity=reservation.quantity - filled,
            amount_vnd=left,
            closed=Reservation.State.POSTED,
            now=trade.booked_at,
        )
        self._used[trade.order_id] = reservation
        return freed


def _holding(position: Position) -> Holding:
    return Holding(position.quantity, position.cost_total_vnd, position.realised_pnl_vnd)


def _keep(position: Position, holding: Holding) -> None:
    position.quantity = holding.quantity
    position.cost_total_vnd = holding.cost_total_vnd
    position.realised_pnl_vnd = holding.realised_pnl_vnd
