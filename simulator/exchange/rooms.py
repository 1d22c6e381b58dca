"""What foreigners may still buy of each security.

Since the exchanges' system of 2025-05-05 the room shrinks when a foreign purchase is entered and grows back when it is
cancelled. When it grows after a sale is less clear, so that is a setting.
"""

from enum import StrEnum

from simulator.exchange.security import Security


class RoomGrowth(StrEnum):
    """When a foreigner's sale makes room again."""

    AT_MATCH = "match"
    NEXT_DAY = "next-day"


class ForeignRooms:
    """Works on `Security.room_left`. A security without listed shares, such as a future, has no limit."""

    def __init__(self, growth: RoomGrowth = RoomGrowth.AT_MATCH) -> None:
        self.growth = growth
        self._sold_today: dict[str, int] = {}

    def left(self, security: Security) -> int:
        return security.room_left

    def hold(self, security: Security, quantity: int) -> bool:
        if not security.listing.listed_shares:
            return True
        if quantity > security.room_left:
            return False
        security.room_left -= quantity
        return True

    def free(self, security: Security, quantity: int) -> None:
        if security.listing.listed_shares:
            security.room_left += quantity

    def sold(self, security: Security, quantity: int) -> None:
        if self.growth is RoomGrowth.AT_MATCH:
            self.free(security, quantity)
        else:
            self._sold_today[security.symbol] = self._sold_today.get(security.symbol, 0) + quantity

    def due(self, security: Security) -> int:
        """What today's sales will add to the room tomorrow."""
        return self._sold_today.get(security.symbol, 0)

    def take_up(self, security: Security, *, left: int, due: int) -> None:
        """As another process left it."""
        if security.listing.listed_shares:
            security.room_left = left
            self._sold_today[security.symbol] = due

    def begin_day(self, security: Security) -> None:
        self.free(security, self._sold_today.pop(security.symbol, 0))
