"""Holds on a security's foreign room, by foreign owners' purchases.

Since the exchanges' system of 2025-05-05 the room shrinks when a foreign purchase is entered and grows back at once
when what is left of it is cancelled or expires; a purchase larger than the room is refused.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from qts.domain.matching import Fill
from qts.domain.values import Side
from simulator.broker.accounts import Account, Owner
from simulator.broker.checks import Refusal
from simulator.broker.orders import ClientOrder
from simulator.exchange.exchange import StockExchange
from simulator.exchange.rooms import RoomGrowth
from simulator.exchange.security import Security


class ForeignHolds:
    """`ClientOrder.room_held` is what an order still holds."""

    def __init__(self, exchange: StockExchange, accounts: Mapping[str, Account]) -> None:
        self._exchange = exchange
        self._accounts = accounts

    def hold(self, order: ClientOrder, security: Security) -> Refusal | None:
        """For what is open of a purchase, less or more than before where it was amended; or why there is no room."""
        if not self._is_foreign(order) or order.side is not Side.BUY:
            return None
        more = order.open_quantity - order.room_held
        if more > 0 and not self._exchange.rooms.hold(security, more):
            room, limit = security.room_left, _limit(security)
            if order.open_quantity > limit:
                return Refusal("ORD034", f"Quantity {order.open_quantity} exceeds the foreign limit of {limit}")
            return Refusal("ORD036", f"Not enough current room: {room} left")
        if more < 0:
            self._exchange.rooms.free(security, -more)
        order.room_held = order.open_quantity
        return None

    def filled(self, order: ClientOrder, security: Security, fill: Fill) -> None:
        """The held room is used up by a purchase; a sale makes room."""
        if self._is_foreign(order):
            order.room_held = max(0, order.room_held - fill.quantity)
            self._exchange.rooms.trade(security, order.side, [fill])

    def free(self, order: ClientOrder) -> None:
        if order.room_held:
            self._exchange.rooms.free(self._exchange.securities[order.symbol], order.room_held)
            order.room_held = 0

    def used(self, orders: Iterable[ClientOrder]) -> tuple[Counter[str], Counter[str]]:
        """By symbol, of a day's orders: the room that they hold and have used up, and what they add to it tomorrow."""
        used: Counter[str] = Counter()
        due: Counter[str] = Counter()
        for order in filter(self._is_foreign, orders):
            used[order.symbol] += order.room_held
            if order.side is Side.BUY:
                used[order.symbol] += order.filled_quantity
            elif self._exchange.rooms.growth is RoomGrowth.AT_MATCH:
                used[order.symbol] -= order.filled_quantity
            else:
                due[order.symbol] += order.filled_quantity
        return used, due

    def _is_foreign(self, order: ClientOrder) -> bool:
        return self._accounts[order.account].owner is Owner.FOREIGN


def _limit(security: Security) -> int:
    """What foreigners may hold altogether."""
    return security.listing.listed_shares * security.listing.foreign_limit_percent // 100
