"""From 'I want to hold this many' to one order, or to the reason why there is none."""

from dataclasses import dataclass

from qts.domain.strategy.interface import Act, PlaceOrder
from qts.domain.values import OrderType, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """`held` and `working` are the strategy's own (signed working remainder); `sellable` is the whole account's."""

    held: int
    working: int
    sellable: int
    round_lot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopOfBook:
    """Best prices in VND; 0 where the side is empty."""

    bid_vnd: int
    ask_vnd: int
    last_vnd: int


@dataclass(frozen=True, slots=True)
class Proposal:
    side: Side
    quantity: int
    order_type: OrderType
    price_vnd: int | None


@dataclass(frozen=True, slots=True)
class NoOrder:
    reason: str


def propose(intent: Act, holding: Holding, top: TopOfBook) -> Proposal | NoOrder:
    """A limit order at the opposite best price for the difference, whole lots only, no more than can be sold.

    The price crosses the spread on purpose: a strategy that waits in the queue says so with PlaceOrder.
    """
    if isinstance(intent, PlaceOrder):
        return Proposal(intent.side, intent.quantity, intent.order_type, intent.price_vnd)
    difference = intent.quantity - (holding.held + holding.working)
    if difference == 0:
        return NoOrder("already holding or working towards the target")
    side = Side.BUY if difference > 0 else Side.SELL
    wanted = abs(difference) if side is Side.BUY else min(abs(difference), holding.sellable)
    quantity = wanted - wanted % holding.round_lot
    if quantity == 0:
        return NoOrder(_too_little(side, abs(difference), holding))
    price_vnd = (top.ask_vnd if side is Side.BUY else top.bid_vnd) or top.last_vnd
    if price_vnd <= 0:
        return NoOrder("no price in the market yet")
    return Proposal(side, quantity, OrderType.LO, price_vnd)


def _too_little(side: Side, wanted: int, holding: Holding) -> str:
    if side is Side.SELL and holding.sellable < wanted:
        return f"only {holding.sellable} of {wanted} can be sold today (shares bought settle on T+2)"
    return f"{wanted} is less than a round lot of {holding.round_lot}"
