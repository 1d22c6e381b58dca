"""The account of a backtest: cash that arrives on T+2, shares that sell from the afternoon of T+2, exact fees."""

from dataclasses import dataclass, field
from datetime import datetime

from qts.domain.market import TradingCalendar
from qts.domain.portfolio import FeeSchedule, Holding, reservation_left_vnd, settles_at
from qts.domain.values import Side


@dataclass(slots=True)
class WorkingOrder:
    """A limit order of today; `left` shares may still trade."""

    symbol: str
    side: Side
    price_vnd: int
    left: int
    signal: str
    reserved_vnd: int


@dataclass(slots=True)
class Account:
    """Sold shares' cash buys again only once it has settled: nobody lends it here."""

    cash_vnd: int
    fees: FeeSchedule
    calendar: TradingCalendar
    holdings: dict[str, Holding] = field(default_factory=dict)
    working: dict[str, list[WorkingOrder]] = field(default_factory=dict)
    _arriving_shares: list[tuple[datetime, str, int]] = field(default_factory=list)
    _arriving_cash: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def open_order_count(self) -> int:
        return sum(map(len, self.working.values()))

    @property
    def unsettled_cash_vnd(self) -> int:
        return sum(amount_vnd for _, amount_vnd in self._arriving_cash)

    def buying_power_vnd(self) -> int:
        reserved = sum(order.reserved_vnd for orders in self.working.values() for order in orders)
        return self.cash_vnd - reserved

    def held(self, symbol: str) -> int:
        found = self.holdings.get(symbol)
        return found.quantity if found else 0

    def working_quantity(self, symbol: str, side: Side) -> int:
        return sum(order.left for order in self.working.get(symbol, ()) if order.side is side)

    def sellable(self, symbol: str) -> int:
        unsettled = sum(quantity for _, name, quantity in self._arriving_shares if name == symbol)
        return max(0, self.held(symbol) - unsettled - self.working_quantity(symbol, Side.SELL))

    def settle(self, now: datetime) -> None:
        """What has arrived by `now` is there."""
        self.cash_vnd += sum(amount_vnd for at, amount_vnd in self._arriving_cash if at <= now)
        self._arriving_cash = [one for one in self._arriving_cash if one[0] > now]
        self._arriving_shares = [one for one in self._arriving_shares if one[0] > now]

    def book(self, order: WorkingOrder, quantity: int, price_vnd: int, at: datetime) -> tuple[int, int, int]:
        """Take a fill of a working order in; its (fee, tax, realised profit) in VND."""
        value_vnd = quantity * price_vnd
        fee_vnd = self.fees.fee_vnd(value_vnd)
        if order.side is Side.BUY:
            order.reserved_vnd = reservation_left_vnd(
                amount_vnd=order.reserved_vnd,
                quantity=order.left,
                filled_quantity=quantity,
                cost_vnd=value_vnd + fee_vnd,
            )
        order.left -= quantity
        held, arrives_at = self.holdings.get(order.symbol, Holding()), settles_at(at.date(), self.calendar)
        if order.side is Side.BUY:
            self.cash_vnd -= value_vnd + fee_vnd
            self.holdings[order.symbol] = held.bought(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd)
            self._arriving_shares.append((arrives_at, order.symbol, quantity))
            return fee_vnd, 0, 0
        tax_vnd = self.fees.sale_tax_vnd(value_vnd)
        sale = held.sold(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd, tax_vnd=tax_vnd)
        self.holdings[order.symbol] = sale.holding
        self._arriving_cash.append((arrives_at, value_vnd - fee_vnd - tax_vnd))
        return fee_vnd, tax_vnd, sale.realised_pnl_vnd

    def drop_done(self, symbol: str) -> None:
        self.working[symbol] = [order for order in self.working.get(symbol, ()) if order.left]

    def expire(self) -> int:
        """The day is over: no order works on; how many ended unfilled."""
        ended = self.open_order_count
        self.working.clear()
        return ended
