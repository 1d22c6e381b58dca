"""What foreigners may still buy of each security.

Since the exchanges' system of 2025-05-05 the room shrinks when a foreign purchase is entered and grows back when it is
cancelled. When it grows after a sale is less clear, so that is a setting.
"""

from collections.abc import Iterable
from enum import StrEnum

from qts.domain.matching import Fill
from qts.domain.values import Side
from simulator.exchange.listening import Listener
from simulator.exchange.security import Security


class RoomGrowth(StrEnum):
    """When a foreigner's sale makes room again."""

    AT_MATCH = "match"
    NEXT_DAY = "next-day"


class ForeignRooms:
    """Works on `Security.room_left`. A security without listed shares, such as a future, has no limit."""

    def __init__(self, listeners: list[Listener], growth: RoomGrowth = RoomGrowth.AT_MATCH) -> None:
        self._listeners = listeners
        self.growth = growth
        self._sold_today: dict[str, int] = {}

    def hold(self, security: Security, quantity: int) -> bool:
        """A foreign buy order was entered: the room shrinks. False, and nothing is held, where the room is smaller."""
        if security.listing.listed_shares:
            if quantity > security.room_left:
                return False
            security.room_left -= quantity
        self._tell(security)
        return True

    def free(self, security: Security, quantity: int) -> None:
        """What was left of a foreign buy order is cancelled or has expired: its room grows back at once."""
        self._grow(security, quantity)
        self._tell(security)

    def trade(self, security: Security, side: Side, fills: Iterable[Fill]) -> None:
        """Count a foreigner's matches; the room of a purchase was held when its order was entered."""
        for fill in fills:
            security.count_foreigner(side, fill)
            if side is Side.SELL:
                self._sold(security, fill.quantity)
        self._tell(security)

    def _sold(self, security: Security, quantity: int) -> None:
        if self.growth is RoomGrowth.AT_MATCH:
            self._grow(security, quantity)
        else:
            self._sold_today[security.symbol] = self._sold_today.get(security.symbol, 0) + quantity

    def _grow(self, security: Security, quantity: int) -> None:
        if security.listing.listed_shares:
            security.room_left += quantity

    def _tell(self, security: Security) -> None:
        for listener in self._listeners:
            listener.room_changed(security)

    def due(self, security: Security) -> int:
        """What today's sales will add to the room tomorrow."""
        return self._sold_today.get(security.symbol, 0)

    def take_up(self, security: Security, *, left: int, due: int) -> None:
        """As another process left it."""
        if security.listing.listed_shares:
            security.room_left = left
            self._sold_today[security.symbol] = due

    def begin_day(self, security: Security) -> None:
        self._grow(security, self._sold_today.pop(security.symbol, 0))
