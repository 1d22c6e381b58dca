"""A market too slow and too plain to be wrong: one list in order of arrival, searched through for every question.

Written from the exchanges' rules, not from the order book, whose judge it is.
"""

from dataclasses import dataclass

from qts.domain.values import OrderType, Side

NaiveFill = tuple[int, int, int, int]  # price, quantity, buyer, seller


@dataclass
class NaiveOrder:
    order_id: int
    is_buy: bool
    order_type: str
    price_vnd: int
    remaining: int

    def better_or_equal(self, price_vnd: int) -> bool:
        """Whether this resting order would trade at `price_vnd` or a price that is worse for itself."""
        return self.price_vnd >= price_vnd if self.is_buy else self.price_vnd <= price_vnd


class NaiveMarket:
    """`prices` is every valid price from the floor to the ceiling, ascending."""

    def __init__(self, prices: list[int]) -> None:
        self.prices = prices
        self.orders: list[NaiveOrder] = []

    def side(self, is_buy: bool) -> list[NaiveOrder]:
        """Who goes first: the better price; the earlier of two at one price, which a stable sort leaves first."""
        mine = [order for order in self.orders if order.is_buy == is_buy]
        return sorted(mine, key=lambda order: -order.price_vnd if is_buy else order.price_vnd)

    def match(self, order: NaiveOrder) -> list[NaiveFill]:
        opposite = self.side(not order.is_buy)
        if order.order_type == "LO":
            opposite = [one for one in opposite if one.better_or_equal(order.price_vnd)]
        if order.order_type == "MOK" and sum(one.remaining for one in opposite) < order.remaining:
            return []
        fills = self._trade(order, opposite)
        if order.remaining and (order.order_type == "LO" or (order.order_type == "MTL" and fills)):
            if order.order_type == "MTL":
                order.price_vnd = self._beyond(fills[-1][0], 1 if order.is_buy else -1)
                order.order_type = "LO"
            self.orders.append(order)
        return fills

    def _trade(self, order: NaiveOrder, opposite: list[NaiveOrder]) -> list[NaiveFill]:
        fills = []
        for one in opposite:
            quantity = min(order.remaining, one.remaining)
            if quantity:
                order.remaining -= quantity
                one.remaining -= quantity
                ids = (order.order_id, one.order_id) if order.is_buy else (one.order_id, order.order_id)
                fills.append((one.price_vnd, quantity, *ids))
        self.orders = [one for one in self.orders if one.remaining]
        return fills

    def _beyond(self, price_vnd: int, steps: int) -> int:
        index = self.prices.index(price_vnd) + steps
        return self.prices[min(max(index, 0), len(self.prices) - 1)]

    def collect(self, order: NaiveOrder) -> None:
        if order.order_type in ("ATO", "ATC"):
            order.price_vnd = self.prices[-1] if order.is_buy else self.prices[0]
        self.orders.append(order)

    def cancel(self, order_id: int) -> int:
        gone = sum(order.remaining for order in self.orders if order.order_id == order_id)
        self.orders = [order for order in self.orders if order.order_id != order_id]
        return gone

    def amend(self, order_id: int, price_vnd: int | None, remaining: int | None, collecting: bool) -> list[NaiveFill]:
        order = next(one for one in self.orders if one.order_id == order_id)
        if remaining is not None and remaining < order.remaining:
            order.remaining = remaining
            return []
        self.orders.remove(order)
        order.price_vnd = price_vnd or order.price_vnd
        order.remaining = remaining or order.remaining
        if collecting:
            self.orders.append(order)
            return []
        return self.match(order)

    def clearing(self, nearest_to_vnd: int) -> tuple[int, int]:
        """Price and volume of the auction, by trying every price there is; (0, 0) when nothing can match."""
        ranked = []
        for price_vnd in self.prices:
            demand = sum(o.remaining for o in self.orders if o.is_buy and o.price_vnd >= price_vnd)
            supply = sum(o.remaining for o in self.orders if not o.is_buy and o.price_vnd <= price_vnd)
            ranked.append((min(demand, supply), -abs(demand - supply), -abs(price_vnd - nearest_to_vnd), price_vnd))
        volume, _, _, price_vnd = max(ranked)
        return (price_vnd, volume) if volume else (0, 0)

    def uncross(self, nearest_to_vnd: int) -> list[NaiveFill]:
        """Share by share, so that nothing clever can go wrong; neighbours of the same pair are then put together."""
        price_vnd, volume = self.clearing(nearest_to_vnd)
        fills: list[NaiveFill] = []
        for _ in range(volume):
            buy = next(order for order in self.side(True) if order.remaining)
            sell = next(order for order in self.side(False) if order.remaining)
            buy.remaining -= 1
            sell.remaining -= 1
            ids = (buy.order_id, sell.order_id)
            if fills and fills[-1][2:] == ids:
                fills[-1] = (price_vnd, fills[-1][1] + 1, *ids)
            else:
                fills.append((price_vnd, 1, *ids))
        self.orders = [order for order in self.orders if order.remaining]
        return fills

    def expire(self, order_types: set[str]) -> list[tuple[int, int]]:
        gone = [(order.order_id, order.remaining) for order in self.orders if order.order_type in order_types]
        self.orders = [order for order in self.orders if order.order_type not in order_types]
        return sorted(gone)

    def depth(self, side: Side) -> list[tuple[int, int]]:
        totals: dict[int, int] = {}
        for order in self.side(side is Side.BUY):
            if order.order_type == OrderType.LO:
                totals[order.price_vnd] = totals.get(order.price_vnd, 0) + order.remaining
        return list(totals.items())
