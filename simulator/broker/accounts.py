"""A customer's cash account at the broker: whole VND and whole shares, settled on T+2.

The value and fee of a purchase leave the cash at the match. The proceeds of a sale, and bought shares, arrive at 13:00
of the second trading day after it.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from qts.domain.market import TradingCalendar, sellable_at
from qts.domain.portfolio import FeeSchedule, Holding, bounding_price_vnd, cash_needed_vnd
from qts.domain.values import Side
from simulator.broker.orders import ClientOrder

FEES: Final = FeeSchedule()


class ShareLot(msgspec.Struct):
    """Bought shares on their way; times in milliseconds of market time."""

    symbol: str
    quantity: int
    trade_day: date
    arrives_ms: int


class CashLot(msgspec.Struct):
    """Sale proceeds on their way, after fee and tax."""

    amount_vnd: int
    trade_day: date
    arrives_ms: int


class Account(msgspec.Struct):
    """`today` counts matched values of the trading day; holds of open orders are derived from the orders."""

    number: str
    customer_id: str
    cash_vnd: int
    holdings: dict[str, Holding]
    share_lots: list[ShareLot] = []
    cash_lots: list[CashLot] = []
    bought_today_vnd: int = 0
    sold_today_vnd: int = 0
    sold_today: dict[str, int] = {}

    def settle(self, now_ms: int) -> bool:
        """Take in what has arrived; whether anything had."""
        arrived = [lot for lot in self.cash_lots if lot.arrives_ms <= now_ms]
        self.cash_vnd += sum(lot.amount_vnd for lot in arrived)
        self.cash_lots = [lot for lot in self.cash_lots if lot.arrives_ms > now_ms]
        share_count = len(self.share_lots)
        self.share_lots = [lot for lot in self.share_lots if lot.arrives_ms > now_ms]
        return bool(arrived) or len(self.share_lots) != share_count

    def begin_day(self) -> None:
        self.bought_today_vnd = self.sold_today_vnd = 0
        self.sold_today = {}

    def book_fill(self, order: ClientOrder, quantity: int, price_vnd: int, calendar: TradingCalendar) -> None:
        value_vnd = quantity * price_vnd
        fee_vnd = FEES.fee_vnd(value_vnd)
        arrives_ms = int(sellable_at(order.day, calendar).timestamp() * 1000)
        holding = self.holdings.get(order.symbol, Holding())
        if order.side is Side.BUY:
            self.cash_vnd -= value_vnd + fee_vnd
            self.holdings[order.symbol] = holding.bought(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd)
            self.share_lots.append(ShareLot(order.symbol, quantity, order.day, arrives_ms))
            self.bought_today_vnd += value_vnd
            return
        tax_vnd = FEES.sale_tax_vnd(value_vnd)
        sale = holding.sold(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd, tax_vnd=tax_vnd)
        self.holdings[order.symbol] = sale.holding
        self.cash_lots.append(CashLot(value_vnd - fee_vnd - tax_vnd, order.day, arrives_ms))
        self.sold_today_vnd += value_vnd
        self.sold_today[order.symbol] = self.sold_today.get(order.symbol, 0) + quantity

    def held_cash_vnd(self, open_orders: Iterable[ClientOrder], ceilings_vnd: dict[str, int]) -> int:
        """What open purchases may still cost, fee included, each at its limit or the ceiling."""
        return sum(
            cash_needed_vnd(
                quantity=order.open_quantity,
                price_vnd=bounding_price_vnd(
                    order_type=order.order_type,
                    price_vnd=order.price_vnd,
                    ceiling_vnd=ceilings_vnd[order.symbol],
                ),
                fees=FEES,
            )
            for order in open_orders
            if order.side is Side.BUY and order.open_quantity
        )

    def sellable_quantity(self, symbol: str, open_orders: Iterable[ClientOrder]) -> int:
        """Held, arrived and not already offered."""
        held = self.holdings.get(symbol, Holding()).quantity
        on_the_way = sum(lot.quantity for lot in self.share_lots if lot.symbol == symbol)
        offered = sum(
            order.open_quantity for order in open_orders if order.side is Side.SELL and order.symbol == symbol
        )
        return max(0, held - on_the_way - offered)

    def bought_quantity(self, symbol: str, trade_day: date) -> int:
        return sum(lot.quantity for lot in self.share_lots if lot.symbol == symbol and lot.trade_day == trade_day)

    def receivable_vnd(self, trade_day: date) -> int:
        """Proceeds of that day's sales that have not arrived."""
        return sum(lot.amount_vnd for lot in self.cash_lots if lot.trade_day == trade_day)
