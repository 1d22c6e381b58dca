"""Which of the customers' orders stand in the exchange's books, and under which numbers."""

from qts.domain.matching import BookOrder, OrderBook
from simulator.broker.orders import ClientOrder
from simulator.exchange.security import Security


class StandingOrders:
    """Of one day. An order has a number from the moment it is sent until nothing more of it will trade."""

    def __init__(self) -> None:
        self._orders: dict[int, ClientOrder] = {}
        self._numbers: dict[str, int] = {}

    def add(self, order: ClientOrder, number: int) -> None:
        self._orders[number] = order
        self._numbers[order.order_id] = number

    def remove(self, order: ClientOrder) -> None:
        """Of one that is not there nothing changes."""
        number = self._numbers.pop(order.order_id, None)
        if number is not None:
            del self._orders[number]

    def find(self, number: int) -> ClientOrder | None:
        """None for somebody else's."""
        return self._orders.get(number)

    def number_of(self, order: ClientOrder) -> int:
        """0 where it has none."""
        return self._numbers.get(order.order_id, 0)

    def book_of(self, order: ClientOrder, security: Security) -> OrderBook | None:
        """Where it rests, if anywhere."""
        return security.book_holding(self.number_of(order))

    def resting(self, order: ClientOrder, security: Security) -> BookOrder | None:
        """As it stands in its book, if it does."""
        book = self.book_of(order, security)
        return book.get(self.number_of(order)) if book is not None else None
