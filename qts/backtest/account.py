"""The account of a backtest: cash that arrives on T+2, shares that sell from the afternoon of T+2, exact fees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from qts.backtest.result import Fill
from qts.domain.market import Band, RuleBook
from qts.domain.portfolio import FeeSchedule, Holding, reservation_left_vnd
from qts.domain.values import Side

NEVER_MS: Final = 1 << 62


@dataclass(slots=True, eq=False)
class Stake:
    """What one strategy holds of one symbol, and the signed remainder of its orders there."""

    part: int
    symbol: str
    holding: Holding = field(default_factory=Holding)
    held: int = 0
    working: int = 0


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """`left` shares may still trade; `day` counts days since 1970 and is the one on which it was placed. It is in the
    market from `live_from_ms` on; on matches, `queue_ahead` stands before it at its price from then on."""

    stake: Stake
    side: Side
    price_vnd: int
    left: int
    signal: str
    reserved_vnd: int
    day: int
    live_from_ms: int = 0
    queue_ahead: int | None = None
    is_crossing: bool = False


@dataclass(slots=True)
class Market:
    """One symbol as it stands; `day` is the one that reference, band and `rules` are of; there are none where no
    market's rules hold."""

    symbol: str
    day: int = -1
    close_vnd: int = 0
    reference_vnd: int = 0
    band: Band = field(default_factory=lambda: Band(0, 0))
    rules: RuleBook | None = None
    held: int = 0
    orders: list[WorkingOrder] = field(default_factory=list)

    def working_quantity(self, side: Side) -> int:
        return sum(order.left for order in self.orders if order.side is side)


class Account:
    """`settles_ms` says when a trade of a day arrives: nobody lends until then. None: at once, as nowhere.

    `held_value_vnd` is what is held at each symbol's last price; whoever moves a last price moves it.
    """

    def __init__(self, cash_vnd: int, fees: FeeSchedule, settles_ms: Callable[[int], int] | None) -> None:
        self._fees, self._settles_ms = fees, settles_ms
        self.money_vnd = self._settled_vnd = cash_vnd
        self._reserved_vnd = 0
        self.held_value_vnd = 0
        self.order_count = 0
        self.next_arrival_ms = NEVER_MS
        self._arriving: list[tuple[int, str, int]] = []  # shares of a symbol, or cash where it is empty
        self._unsettled: dict[str, int] = {}
        self.fills: list[Fill] = []

    def equity_vnd(self) -> int:
        return self.money_vnd + self.held_value_vnd

    def buying_power_vnd(self) -> int:
        return self._settled_vnd - self._reserved_vnd

    def sellable(self, market: Market) -> int:
        unsettled = self._unsettled.get(market.symbol, 0)
        return max(0, market.held - unsettled - market.working_quantity(Side.SELL))

    def work(self, market: Market, order: WorkingOrder) -> None:
        market.orders.append(order)
        order.stake.working += order.left if order.side is Side.BUY else -order.left
        self._reserved_vnd += order.reserved_vnd
        self.order_count += 1

    def drop(self, market: Market, gone: Sequence[WorkingOrder]) -> int:
        """These orders work no more; how many had something left."""
        market.orders = [order for order in market.orders if order not in gone] if gone != market.orders else []
        for order in gone:
            order.stake.working -= order.left if order.side is Side.BUY else -order.left
            self._reserved_vnd -= order.reserved_vnd
        self.order_count -= len(gone)
        return sum(order.left > 0 for order in gone)

    def settle(self, now_ms: int) -> None:
        """What has arrived by then is there."""
        for at_ms, symbol, amount in self._arriving:
            if at_ms > now_ms:
                continue
            if symbol:
                self._unsettled[symbol] -= amount
            else:
                self._settled_vnd += amount
        self._arriving = [one for one in self._arriving if one[0] > now_ms]
        self.next_arrival_ms = min((one[0] for one in self._arriving), default=NEVER_MS)

    def book(self, market: Market, order: WorkingOrder, *, quantity: int, price_vnd: int, ts_ms: int, day: int) -> None:
        """Take a fill of an order in that is not dropped yet."""
        is_purchase, value_vnd = order.side is Side.BUY, quantity * price_vnd
        fee_vnd = self._fees.fee_vnd(value_vnd)
        tax_vnd = 0 if is_purchase else self._fees.sale_tax_vnd(value_vnd)
        stake, realised_vnd = order.stake, 0
        change = quantity if is_purchase else -quantity
        paid_vnd = fee_vnd + tax_vnd + (value_vnd if is_purchase else -value_vnd)
        if is_purchase:
            self._pay(order, quantity, paid_vnd)
            stake.holding = stake.holding.bought(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd)
        else:
            sale = stake.holding.sold(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd, tax_vnd=tax_vnd)
            stake.holding, realised_vnd = sale.holding, sale.realised_pnl_vnd
        order.left -= quantity
        stake.working -= change
        stake.held += change
        market.held += change
        self.money_vnd -= paid_vnd
        self.held_value_vnd += change * (market.close_vnd or price_vnd)
        self._await(market.symbol if is_purchase else "", quantity if is_purchase else -paid_vnd, day)
        self.fills.append(
            Fill(
                ts_ms, market.symbol, order.side, quantity, price_vnd, fee_vnd, tax_vnd, realised_vnd, order.signal,
                stake.part,
            )
        )  # fmt: skip

    def _pay(self, order: WorkingOrder, quantity: int, paid_vnd: int) -> None:
        self._settled_vnd -= paid_vnd
        before_vnd = order.reserved_vnd
        order.reserved_vnd = reservation_left_vnd(
            amount_vnd=before_vnd, quantity=order.left, filled_quantity=quantity, cost_vnd=paid_vnd
        )
        self._reserved_vnd += order.reserved_vnd - before_vnd

    def _await(self, symbol: str, amount: int, day: int) -> None:
        if self._settles_ms is None:
            self._settled_vnd += 0 if symbol else amount
            return
        at_ms = self._settles_ms(day)
        self._arriving.append((at_ms, symbol, amount))
        self.next_arrival_ms = min(self.next_arrival_ms, at_ms)
        if symbol:
            self._unsettled[symbol] = self._unsettled.get(symbol, 0) + amount
