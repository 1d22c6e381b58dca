"""A price-time priority order book of one instrument for one trading day (vietnam-market-rules, sections 3 and 7).

In continuous trading `match` trades at the resting order's price. In a call auction `collect` only gathers and
`uncross` trades everything at one price. The book knows neither time nor sessions: its owner calls the right one, and
checks ticks, lots and bands before.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from qts.domain.market import Band, Instrument, next_price_down, next_price_up
from qts.domain.matching.auction import Clearing, clearing_price
from qts.domain.matching.orders import BookOrder, Execution, Fill, Level
from qts.domain.values import OrderType, Side

_AT_AUCTION = frozenset({OrderType.ATO, OrderType.ATC})


class _PriceLevel:
    """Orders of one price in order of time, with their total."""

    __slots__ = ("orders", "quantity")

    def __init__(self) -> None:
        self.orders: dict[int, BookOrder] = {}
        self.quantity = 0


class _HalfBook:
    """One side. Keys ascend towards the best price, so the best is the last: cheap to take off."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, _PriceLevel] = {}

    def best(self) -> int | None:
        return self.keys[-1] * self.sign if self.keys else None

    def add(self, order: BookOrder) -> None:
        level = self.levels.get(order.price_vnd)
        if level is None:
            level = self.levels[order.price_vnd] = _PriceLevel()
            insort(self.keys, order.price_vnd * self.sign)
        level.orders[order.order_id] = order
        level.quantity += order.remaining

    def reduce(self, order: BookOrder, quantity: int) -> None:
        """Take `quantity` off a resting order, and the order off the book when nothing remains."""
        level = self.levels[order.price_vnd]
        order.remaining -= quantity
        level.quantity -= quantity
        if order.remaining:
            return
        del level.orders[order.order_id]
        if not level.orders:
            del self.levels[order.price_vnd]
            del self.keys[bisect_left(self.keys, order.price_vnd * self.sign)]

    def best_first(self) -> Iterator[tuple[int, _PriceLevel]]:
        for key in reversed(self.keys):
            price_vnd = key * self.sign
            yield price_vnd, self.levels[price_vnd]

    def orders_best_first(self) -> list[BookOrder]:
        return [order for _, level in self.best_first() for order in level.orders.values()]


class OrderBook:
    """See the module. Order ids are unique within the book."""

    def __init__(self, instrument: Instrument, band: Band) -> None:
        self.instrument = instrument
        self.band = band
        self._bids = _HalfBook(1)
        self._asks = _HalfBook(-1)
        self._resting: dict[int, BookOrder] = {}

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._resting

    def __len__(self) -> int:
        return len(self._resting)

    def get(self, order_id: int) -> BookOrder | None:
        return self._resting.get(order_id)

    def best_bid(self) -> int | None:
        return self._bids.best()

    def best_ask(self) -> int | None:
        return self._asks.best()

    def depth(self, side: Side, levels: int) -> list[Level]:
        """The best price levels with a limit; what stands there at the auction price is `at_auction_quantity`."""
        found: list[Level] = []
        for price_vnd, level in self._half(side).best_first():
            if len(found) == levels:
                break
            limited = level.quantity - self._at_auction(side, price_vnd)
            if limited:
                found.append(Level(price_vnd, limited))
        return found

    def at_auction_quantity(self, side: Side) -> int:
        """What is offered at whatever the auction's price will be."""
        return self._at_auction(side, self._standing_price(side))

    # --- continuous trading ---------------------------------------------------------------------------------------

    def match(self, order: BookOrder) -> Execution:
        """Trade an incoming order against the book; a limit order's remainder rests.

        MTL takes level by level and rests one step beyond the last match, or is cancelled when nothing stands
        opposite; MAK cancels its remainder; MOK trades whole or not at all.
        Raises ValueError for types that do not belong to continuous trading.
        """
        self._check_new(order)
        opposite = self._half(order.side.opposite)
        match order.order_type:
            case OrderType.LO:
                fills = self._take(order, opposite, limit_vnd=order.price_vnd)
                return self._rest(order, fills)
            case OrderType.MTL:
                fills = self._take(order, opposite, limit_vnd=None)
                if not fills:
                    return Execution(fills, order.remaining, rests=False)
                order.order_type = OrderType.LO
                order.price_vnd = self._beyond(order.side, fills[-1].price_vnd)
                return self._rest(order, fills)
            case OrderType.MAK:
                return Execution(self._take(order, opposite, limit_vnd=None), order.remaining, rests=False)
            case OrderType.MOK:
                available = sum(level.quantity for level in opposite.levels.values())
                fills = self._take(order, opposite, limit_vnd=None) if available >= order.remaining else []
                return Execution(fills, order.remaining, rests=False)
            case _:
                raise ValueError(f"{order.order_type} is not an order of continuous trading")

    def _take(self, order: BookOrder, opposite: _HalfBook, limit_vnd: int | None) -> list[Fill]:
        fills: list[Fill] = []
        is_buy = order.side is Side.BUY
        while order.remaining and (best_vnd := opposite.best()) is not None:
            if limit_vnd is not None and (best_vnd > limit_vnd if is_buy else best_vnd < limit_vnd):
                break
            resting = next(iter(opposite.levels[best_vnd].orders.values()))
            quantity = min(order.remaining, resting.remaining)
            order.remaining -= quantity
            self._reduce(opposite, resting, quantity)
            buy_id, sell_id = (order.order_id, resting.order_id) if is_buy else (resting.order_id, order.order_id)
            fills.append(Fill(best_vnd, quantity, buy_id, sell_id, order.side))
        return fills

    def _rest(self, order: BookOrder, fills: list[Fill]) -> Execution:
        if order.remaining:
            self._add(order)
        return Execution(fills, order.remaining, rests=order.remaining > 0)

    def _beyond(self, side: Side, price_vnd: int) -> int:
        exchange, kind = self.instrument.exchange, self.instrument.kind
        if side is Side.BUY:
            return min(next_price_up(exchange, kind, price_vnd), self.band.ceiling_vnd)
        return max(next_price_down(exchange, kind, price_vnd), self.band.floor_vnd)

    # --- call auction ---------------------------------------------------------------------------------------------

    def collect(self, order: BookOrder) -> None:
        """Gather an order for the auction. ATO and ATC stand at the ceiling (buy) or floor (sell), then by time, as
        announced for the exchange system of 2025-05-05. Raises ValueError for other types than these and LO."""
        self._check_new(order)
        if order.order_type in _AT_AUCTION:
            order.price_vnd = self._standing_price(order.side)
        elif order.order_type is not OrderType.LO:
            raise ValueError(f"{order.order_type} is not an order of an auction")
        self._add(order)

    def indicative(self, nearest_to_vnd: int) -> Clearing | None:
        """Where the auction would clear now; `nearest_to_vnd` is the last price, or the reference before any trade."""
        return clearing_price(
            [Level(price_vnd, level.quantity) for price_vnd, level in self._bids.best_first()],
            [Level(price_vnd, level.quantity) for price_vnd, level in self._asks.best_first()],
            nearest_to_vnd=nearest_to_vnd,
            instrument=self.instrument,
            band=self.band,
        )

    def uncross(self, nearest_to_vnd: int) -> list[Fill]:
        """Trade all that can match at the clearing price, by price and then time. The book is not crossed after it."""
        clearing = self.indicative(nearest_to_vnd)
        if clearing is None:
            return []
        fills: list[Fill] = []
        left = clearing.volume
        buys, sells = iter(self._bids.orders_best_first()), iter(self._asks.orders_best_first())
        buy, sell = next(buys), next(sells)
        while left:
            quantity = min(left, buy.remaining, sell.remaining)
            fills.append(Fill(clearing.price_vnd, quantity, buy.order_id, sell.order_id, None))
            left -= quantity
            self._reduce(self._bids, buy, quantity)
            self._reduce(self._asks, sell, quantity)
            if left and not buy.remaining:
                buy = next(buys)
            if left and not sell.remaining:
                sell = next(sells)
        return fills

    def expire(self, order_types: Iterable[OrderType] | None = None) -> list[BookOrder]:
        """Take off every resting order of these types, or of all: ATO and ATC after their auction, all at day's end."""
        wanted = frozenset(OrderType if order_types is None else order_types)
        expired = [order for order in self._resting.values() if order.order_type in wanted]
        for order in expired:
            self._remove(order)
        return expired

    # --- changes to resting orders --------------------------------------------------------------------------------

    def cancel(self, order_id: int) -> int:
        """Take the order off the book; the quantity that was still open, 0 when it does not rest there."""
        order = self._resting.get(order_id)
        return self._remove(order) if order is not None else 0

    def amend(self, order_id: int, *, price_vnd: int | None = None, remaining: int | None = None) -> Execution:
        """Change price or open quantity of a resting limit order, never both, as in continuous trading.

        Less quantity keeps the place in time; more quantity or another price goes to the end of its new level, and may
        trade at once. Raises KeyError for an order that does not rest, ValueError for a change that is none.
        """
        order = self._resting[order_id]
        if (price_vnd is None) == (remaining is None):
            raise ValueError("an amendment changes either the price or the quantity")
        if remaining is not None and 0 < remaining < order.remaining:
            self._reduce(self._half(order.side), order, order.remaining - remaining)
            return Execution([], order.remaining, rests=True)
        new_price_vnd = order.price_vnd if price_vnd is None else price_vnd
        new_remaining = order.remaining if remaining is None else remaining
        if new_remaining <= 0 or (new_price_vnd, new_remaining) == (order.price_vnd, order.remaining):
            raise ValueError("an amendment must leave an order that is different")
        self._remove(order)
        return self.match(BookOrder(order_id, order.side, OrderType.LO, new_price_vnd, new_remaining))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _half(self, side: Side) -> _HalfBook:
        return self._bids if side is Side.BUY else self._asks

    def _standing_price(self, side: Side) -> int:
        return self.band.ceiling_vnd if side is Side.BUY else self.band.floor_vnd

    def _at_auction(self, side: Side, price_vnd: int) -> int:
        level = self._half(side).levels.get(price_vnd)
        if level is None or price_vnd != self._standing_price(side):
            return 0
        return sum(order.remaining for order in level.orders.values() if order.order_type in _AT_AUCTION)

    def _check_new(self, order: BookOrder) -> None:
        if order.order_id in self._resting:
            raise ValueError(f"order {order.order_id} is in the book already")
        if order.remaining <= 0:
            raise ValueError(f"order {order.order_id} has no quantity")

    def _add(self, order: BookOrder) -> None:
        self._half(order.side).add(order)
        self._resting[order.order_id] = order

    def _reduce(self, half: _HalfBook, order: BookOrder, quantity: int) -> None:
        half.reduce(order, quantity)
        if not order.remaining:
            del self._resting[order.order_id]

    def _remove(self, order: BookOrder) -> int:
        """The open quantity taken off; the caller's order keeps it."""
        open_quantity = order.remaining
        self._reduce(self._half(order.side), order, open_quantity)
        order.remaining = open_quantity
        return open_quantity
