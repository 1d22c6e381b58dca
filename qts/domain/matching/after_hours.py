"""Orders at the closing price (PLO), which wait apart from the limit orders and trade with each other only."""

from collections import deque
from collections.abc import Iterator

from qts.domain.matching.orders import BookOrder, Fill
from qts.domain.values import Side


class AfterHoursQueue:
    """Both sides in order of time. An order that was cancelled has nothing remaining and is passed over."""

    __slots__ = ("_buys", "_sells")

    def __init__(self) -> None:
        self._buys: deque[BookOrder] = deque()
        self._sells: deque[BookOrder] = deque()

    def add(self, order: BookOrder) -> None:
        (self._buys if order.side is Side.BUY else self._sells).append(order)

    def trade(self, price_vnd: int, aggressor: Side | None) -> Iterator[tuple[BookOrder, BookOrder, Fill]]:
        """Earliest buyer with earliest seller, until one side has nothing left."""
        while (buy := _first(self._buys)) is not None and (sell := _first(self._sells)) is not None:
            quantity = min(buy.remaining, sell.remaining)
            buy.remaining -= quantity
            sell.remaining -= quantity
            yield buy, sell, Fill(price_vnd, quantity, buy.order_id, sell.order_id, aggressor)


def _first(queue: deque[BookOrder]) -> BookOrder | None:
    while queue and not queue[0].remaining:
        queue.popleft()
    return queue[0] if queue else None
