"""How resting orders are kept: by price level, each in order of time."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from qts.domain.matching.orders import BookOrder, Level
from qts.domain.values import OrderType


class PriceLevel:
    """Orders of one price in order of time, and the total of what they have open.

    A cancelled order stays in the queue with nothing remaining, until its turn comes or the level closes: finding it
    at once would take longer than passing over it later.
    """

    __slots__ = ("orders", "quantity")

    def __init__(self, order: BookOrder) -> None:
        self.orders = deque((order,))
        self.quantity = order.remaining

    def live(self) -> Iterator[BookOrder]:
        return (order for order in self.orders if order.remaining)


class HalfBook:
    """One side. A key is a price times `sign`, so keys ascend towards the best price, which is the last: cheap to take
    off. A level is there as long as something is open in it."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, PriceLevel] = {}

    def best(self) -> int | None:
        return self.keys[-1] * self.sign if self.keys else None

    def prices_best_first(self) -> Iterator[int]:
        return (key * self.sign for key in reversed(self.keys))

    def totals_best_first(self) -> list[Level]:
        return [Level(price_vnd, self.levels[price_vnd].quantity) for price_vnd in self.prices_best_first()]

    def orders_best_first(self) -> list[BookOrder]:
        return [order for price_vnd in self.prices_best_first() for order in self.levels[price_vnd].live()]

    def open_level(self, order: BookOrder) -> None:
        self.levels[order.price_vnd] = PriceLevel(order)
        insort(self.keys, order.price_vnd * self.sign)

    def close_level(self, price_vnd: int) -> None:
        del self.levels[price_vnd]
        del self.keys[bisect_left(self.keys, price_vnd * self.sign)]

    def add(self, order: BookOrder) -> None:
        level = self.levels.get(order.price_vnd)
        if level is None:
            self.open_level(order)
        else:
            level.orders.append(order)
            level.quantity += order.remaining

    def reduce(self, order: BookOrder, quantity: int) -> None:
        """Take `quantity` off a resting order."""
        level = self.levels[order.price_vnd]
        order.remaining -= quantity
        level.quantity -= quantity
        if not level.quantity:
            self.close_level(order.price_vnd)

    def drop(self, order_types: frozenset[OrderType]) -> None:
        """Take every order of these types off; the orders keep what they had open."""
        for price_vnd, level in list(self.levels.items()):
            level.orders = deque(order for order in level.live() if order.order_type not in order_types)
            level.quantity = sum(order.remaining for order in level.orders)
            if not level.quantity:
                self.close_level(price_vnd)
