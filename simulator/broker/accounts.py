"""What a customer has at the broker: whole VND, whole shares, whole contracts. Changes are booked in `bookkeeping`."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

from qts.domain.portfolio import FeeSchedule, Holding, cash_needed_vnd
from qts.domain.values import Side
from simulator.broker.orders import ClientOrder


class AccountKind(StrEnum):
    """The value is the last digit of the account's number."""

    CASH = "1"
    MARGIN = "6"
    DERIVATIVES = "8"


class Owner(StrEnum):
    """Foreigners buy within a security's foreign room, and not on margin."""

    DOMESTIC = "DOMESTIC"
    FOREIGN = "FOREIGN"


class ShareLot(msgspec.Struct):
    """Bought shares on their way; times in milliseconds of market time."""

    symbol: str
    quantity: int
    trade_day: date
    arrives_ms: int


class CashLot(msgspec.Struct):
    """Sale proceeds on their way: `amount_vnd` is what is left after fee and tax."""

    amount_vnd: int
    trade_day: date
    arrives_ms: int
    fee_vnd: int = 0
    tax_vnd: int = 0
    order_id: str = ""


class Dividend(msgspec.Struct):
    """Cash that came off shares and is not paid yet, before tax."""

    entitlement_id: str
    symbol: str
    quantity: int
    amount_vnd: int
    tax_vnd: int
    ex_date: date
    arrives_ms: int


class NewShares(msgspec.Struct):
    """Shares by a bonus, or subscribed for and paid (`cost_vnd`): they are not in the account before they arrive."""

    entitlement_id: str
    symbol: str
    quantity: int
    cost_vnd: int
    ex_date: date
    arrives_ms: int


class SubscriptionRight(msgspec.Struct):
    """To `left` new shares of `entitled`, at a price, until the end of a day."""

    entitlement_id: str
    symbol: str
    held: int
    entitled: int
    left: int
    price_vnd: int
    ex_date: date
    until: date
    listed_ms: int


class Advance(msgspec.Struct):
    """Lent on proceeds that have not arrived; `fee_vnd` was taken at once."""

    transaction_id: str
    at_ms: int
    amount_vnd: int
    fee_vnd: int


class ContractPosition(msgspec.Struct):
    """Contracts of one future. `cost_vnd` is signed like `net`: what the open contracts were bought (sold) for since
    the last mark to market; `realised_vnd` is today's gain on closed ones, not in the cash yet."""

    net: int = 0
    cost_vnd: int = 0
    realised_vnd: int = 0
    bought: int = 0
    bought_value_vnd: int = 0
    sold: int = 0
    sold_value_vnd: int = 0

    def trade(self, side: Side, quantity: int, value_vnd: int) -> None:
        """Close what stands on the other side first, at its average cost; the rest opens."""
        signed = quantity if side is Side.BUY else -quantity
        if side is Side.BUY:
            self.bought += quantity
            self.bought_value_vnd += value_vnd
        else:
            self.sold += quantity
            self.sold_value_vnd += value_vnd
        closing = min(quantity, abs(self.net)) if self.net * signed < 0 else 0
        signed_value_vnd = value_vnd if signed > 0 else -value_vnd
        if closing:
            closed_cost_vnd = self.cost_vnd * closing // abs(self.net)
            closed_value_vnd = signed_value_vnd * closing // quantity
            self.cost_vnd -= closed_cost_vnd
            self.realised_vnd -= closed_cost_vnd + closed_value_vnd
            signed_value_vnd -= closed_value_vnd
        self.net += signed
        self.cost_vnd += signed_value_vnd

    def floating_vnd(self, price_vnd: int) -> int:
        return self.net * price_vnd - self.cost_vnd

    def mark(self, settlement_vnd: int) -> int:
        """What the clearing house pays (takes when negative) for the day; the position then costs that price."""
        variation_vnd = self.floating_vnd(settlement_vnd) + self.realised_vnd
        self.cost_vnd = self.net * settlement_vnd
        self.realised_vnd = 0
        return variation_vnd

    def begin_day(self) -> None:
        self.bought = self.bought_value_vnd = self.sold = self.sold_value_vnd = 0


class Account(msgspec.Struct):
    """`today` counts matched values of the trading day; holds of open orders are derived from the orders.

    `cash_vnd` of a derivatives account may become negative by a variation; any other account's never does.
    """

    number: str
    customer_id: str
    cash_vnd: int
    holdings: dict[str, Holding]
    share_lots: list[ShareLot] = []
    cash_lots: list[CashLot] = []
    bought_today_vnd: int = 0
    sold_today_vnd: int = 0
    sold_today: dict[str, int] = {}
    kind: AccountKind = AccountKind.CASH
    owner: Owner = Owner.DOMESTIC
    is_locked: bool = False
    debt_vnd: int = 0
    interest_vnd: int = 0  # on the debt, accrued and not paid
    contracts: dict[str, ContractPosition] = {}
    fees_today_vnd: int = 0
    taxes_today_vnd: int = 0
    dividends: list[Dividend] = []
    new_shares: list[NewShares] = []
    bonus_untaxed: dict[str, int] = {}  # by symbol: arrived by a bonus, and taxed when sold
    rights: list[SubscriptionRight] = []
    advanced_vnd: int = 0
    advances: list[Advance] = []

    def begin_day(self) -> None:
        self.bought_today_vnd = self.sold_today_vnd = self.fees_today_vnd = self.taxes_today_vnd = 0
        self.sold_today = {}
        for position in self.contracts.values():
            position.begin_day()
        self.contracts = {symbol: position for symbol, position in self.contracts.items() if position.net}

    def held_cash_vnd(self, open_orders: Iterable[ClientOrder], ceilings_vnd: dict[str, int], fees: FeeSchedule) -> int:
        """What open purchases of shares may still cost, fee included, each at its limit or the ceiling."""
        return sum(
            cash_needed_vnd(quantity=order.open_quantity, price_vnd=dearest_vnd(order, ceilings_vnd), fees=fees)
            for order in open_orders
            if order.side is Side.BUY and order.open_quantity and order.symbol in ceilings_vnd
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

    def coming_shares(self, symbol: str) -> int:
        """By bonus and subscription, not here yet."""
        return sum(one.quantity for one in self.new_shares if one.symbol == symbol)

    def receivable_vnd(self, trade_day: date | None = None) -> int:
        """Proceeds that have not arrived, of that day's sales or of all."""
        return sum(lot.amount_vnd for lot in self.cash_lots if trade_day in (None, lot.trade_day))


def dearest_vnd(order: ClientOrder, ceilings_vnd: dict[str, int]) -> int:
    """The dearest price a purchase can trade at: its limit (of an MTL, by resting), or the ceiling."""
    return order.price_vnd or ceilings_vnd[order.symbol]
