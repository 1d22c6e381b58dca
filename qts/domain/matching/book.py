"""A price-time priority order book of one instrument for one trading day.

In continuous trading `match` trades at the resting order's price. In a call auction `collect` only gathers and
`uncross` trades everything at one price. After hours `match_at`, or `collect_at` and `uncross_at`, trade at the closing
price. The book knows neither time nor sessions: its owner calls the right one, and checks ticks, lots and bands before.
Odd lots have a book of their own, which is a second one of these.

Source: the trading rules of HOSE and HNX as of the exchanges' common system (KRX) of 2025-05-05.
"""

from collections.abc import Iterable
from typing import Final

from qts.domain.market import Band, Instrument, RuleBook, next_price_down, next_price_up
from qts.domain.matching.after_hours import AfterHoursQueue
from qts.domain.matching.auction import Clearing, clearing_price
from qts.domain.matching.levels import HalfBook
from qts.domain.matching.orders import BookOrder, Execution, Fill, Level
from qts.domain.values import OrderType, Side

# An enum's member costs more to look up than to compare, so the hot path has these at hand.
_BUY: Final = Side.BUY
_LO: Final = OrderType.LO
_PLO: Final = OrderType.PLO
_AT_AUCTION: Final = frozenset({OrderType.ATO, OrderType.ATC})


class OrderBook:
    """See the module. Order ids are unique within the book. The book keeps the orders it is given and counts their
    `remaining` down; of a filled or cancelled one nothing remains."""

    def __init__(self, instrument: Instrument, band: Band, rules: RuleBook) -> None:
        self.instrument = instrument
        self.rules = rules
        self.band = band
        self._bids = HalfBook(1)
        self._asks = HalfBook(-1)
        self._after_hours = AfterHoursQueue()
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
        half, standing_vnd = self._half(side), self._standing_price(side)
        found: list[Level] = []
        for price_vnd in half.prices_best_first():
            if len(found) == levels:
                break
            limited = half.levels[price_vnd].quantity
            if price_vnd == standing_vnd:
                limited -= self._at_auction(side, price_vnd)
            if limited:
                found.append(Level(price_vnd, limited))
        return found

    def price_count(self, side: Side) -> int:
        """How many prices something stands at."""
        return len(self._half(side).keys)

    def quantity_at(self, side: Side, price_vnd: int) -> int:
        """All that stands at one price."""
        level = self._half(side).levels.get(price_vnd)
        return level.quantity if level is not None else 0

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
        if order.order_type is not _LO:
            return self._match_market(order)
        resting, price_vnd = self._resting, order.price_vnd
        if order.remaining <= 0 or order.order_id in resting:
            raise _unfit(order)
        if order.side is _BUY:
            own, opposite, worst_key = self._bids, self._asks, -price_vnd
        else:
            own, opposite, worst_key = self._asks, self._bids, price_vnd
        keys = opposite.keys
        if keys and keys[-1] >= worst_key:
            fills = self._take(order, opposite, worst_key)
            if not order.remaining:
                return Execution(fills, 0, False)
        else:
            fills = []
        remaining = order.remaining
        try:
            level = own.levels[price_vnd]
        except KeyError:
            own.open_level(order)
        else:
            level.orders.append(order)
            level.quantity += remaining
        resting[order.order_id] = order
        return Execution(fills, remaining, True)

    def _match_market(self, order: BookOrder) -> Execution:
        self._check_new(order)
        opposite = self._half(order.side.opposite)
        match order.order_type:
            case OrderType.MTL:
                fills = self._take_any(order, opposite)
                if not (fills and order.remaining):
                    return Execution(fills, order.remaining, rests=False)
                order.order_type = OrderType.LO
                order.price_vnd = self._step(order.side, fills[-1].price_vnd)
                self._add(order)
                return Execution(fills, order.remaining, rests=True)
            case OrderType.MAK:
                return Execution(self._take_any(order, opposite), order.remaining, rests=False)
            case OrderType.MOK:
                available = sum(level.quantity for level in opposite.levels.values())
                fills = self._take_any(order, opposite) if available >= order.remaining else []
                return Execution(fills, order.remaining, rests=False)
            case _:
                raise ValueError(f"{order.order_type} is not an order of continuous trading")

    def _take_any(self, order: BookOrder, opposite: HalfBook) -> list[Fill]:
        return self._take(order, opposite, opposite.keys[0]) if opposite.keys else []

    def _take(self, order: BookOrder, opposite: HalfBook, worst_key: int) -> list[Fill]:
        """Trade against the best levels as long as their keys are no lower than `worst_key`."""
        fills: list[Fill] = []
        keys = opposite.keys
        wanted, order_id, side = order.remaining, order.order_id, order.side
        while wanted and keys and keys[-1] >= worst_key:
            price_vnd = keys[-1] * opposite.sign
            level = opposite.levels[price_vnd]
            queue, level_wanted = level.orders, wanted
            while wanted and queue:
                first = queue[0]
                quantity = first.remaining
                if quantity > wanted:
                    first.remaining = quantity - wanted
                    quantity = wanted
                else:
                    queue.popleft()
                    if not quantity:  # was cancelled
                        continue
                    first.remaining = 0
                    del self._resting[first.order_id]
                wanted -= quantity
                if side is _BUY:
                    fills.append(Fill(price_vnd, quantity, order_id, first.order_id, side))
                else:
                    fills.append(Fill(price_vnd, quantity, first.order_id, order_id, side))
            level.quantity -= level_wanted - wanted
            if not level.quantity:
                del opposite.levels[price_vnd]
                keys.pop()
        order.remaining = wanted
        return fills

    def _step(self, side: Side, price_vnd: int) -> int:
        """One step more eager than the price, within the band."""
        exchange, kind = self.instrument.exchange, self.instrument.kind
        if side is Side.BUY:
            return min(next_price_up(self.rules, exchange, kind, price_vnd), self.band.ceiling_vnd)
        return max(next_price_down(self.rules, exchange, kind, price_vnd), self.band.floor_vnd)

    # --- call auction ---------------------------------------------------------------------------------------------

    def collect(self, order: BookOrder) -> None:
        """Gather an order for the auction. ATO and ATC stand at the ceiling (buy) or floor (sell), then by time.
        Raises ValueError for other types than these and LO."""
        self._check_new(order)
        if order.order_type in _AT_AUCTION:
            order.price_vnd = self._standing_price(order.side)
        elif order.order_type is not OrderType.LO:
            raise ValueError(f"{order.order_type} is not an order of an auction")
        self._add(order)

    def indicative(self, nearest_to_vnd: int) -> Clearing | None:
        """Where the auction would clear now; `nearest_to_vnd` is the last price, or the reference before any trade."""
        return clearing_price(
            self._bids.totals_best_first(),
            self._asks.totals_best_first(),
            nearest_to_vnd=nearest_to_vnd,
            instrument=self.instrument,
            rules=self.rules,
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
            self._reduce(buy, quantity)
            self._reduce(sell, quantity)
            if left and not buy.remaining:
                buy = next(buys)
            if left and not sell.remaining:
                sell = next(sells)
        return fills

    # --- after hours ----------------------------------------------------------------------------------------------

    def match_at(self, order: BookOrder, price_vnd: int) -> Execution:
        """Trade a PLO at the closing price with those that wait opposite, in order of time; its remainder waits.
        Raises ValueError for other types, and when there is no closing price."""
        _check_closing_price(price_vnd)
        self.collect_at(order)
        return Execution(self._trade_at(price_vnd, order.side), order.remaining, rests=order.remaining > 0)

    def collect_at(self, order: BookOrder) -> None:
        """Gather a PLO until `uncross_at`. Raises ValueError for other types."""
        self._check_new(order)
        if order.order_type is not _PLO:
            raise ValueError(f"{order.order_type} is not an order of after-hours trading")
        self._after_hours.add(order)
        self._resting[order.order_id] = order

    def uncross_at(self, price_vnd: int) -> list[Fill]:
        """Trade the gathered PLOs at the closing price, in order of time. Raises ValueError without such a price."""
        _check_closing_price(price_vnd)
        return self._trade_at(price_vnd, None)

    def _trade_at(self, price_vnd: int, aggressor: Side | None) -> list[Fill]:
        fills = []
        for buy, sell, fill in self._after_hours.trade(price_vnd, aggressor):
            fills.append(fill)
            for order in (buy, sell):
                if not order.remaining:
                    del self._resting[order.order_id]
        return fills

    # --- changes to resting orders --------------------------------------------------------------------------------

    def cancel(self, order_id: int) -> int:
        """Take the order off the book; the quantity that was still open, 0 when it does not rest there."""
        order = self._resting.get(order_id)
        if order is None:
            return 0
        open_quantity = order.remaining
        self._reduce(order, open_quantity)
        return open_quantity

    def amend(
        self, order_id: int, *, price_vnd: int | None = None, remaining: int | None = None, collecting: bool = False
    ) -> Execution:
        """Change price or open quantity of a resting limit order, never both.

        Less quantity keeps the place in time; more quantity or another price goes to the end of its new level, and may
        trade at once, unless the book is `collecting` for an auction. Raises KeyError for an order that does not rest,
        ValueError for one without a limit and for a change that is none.
        """
        order = self._resting[order_id]
        if order.order_type is not OrderType.LO:
            raise ValueError(f"an order of type {order.order_type} cannot be amended")
        if (price_vnd is None) == (remaining is None):
            raise ValueError("an amendment changes either the price or the quantity")
        if remaining is not None and 0 < remaining < order.remaining:
            self._reduce(order, order.remaining - remaining)
            return Execution([], order.remaining, rests=True)
        new_price_vnd = order.price_vnd if price_vnd is None else price_vnd
        new_remaining = order.remaining if remaining is None else remaining
        if new_remaining <= 0 or (new_price_vnd, new_remaining) == (order.price_vnd, order.remaining):
            raise ValueError("an amendment must leave an order that is different")
        self._reduce(order, order.remaining)
        amended = BookOrder(order_id, order.side, OrderType.LO, new_price_vnd, new_remaining)
        if not collecting:
            return self.match(amended)
        self.collect(amended)
        return Execution([], new_remaining, rests=True)

    def expire(self, order_types: Iterable[OrderType] | None = None) -> list[BookOrder]:
        """Take off every resting order of these types, or of all: ATO and ATC after their auction, all at day's end.
        These orders keep what they had open."""
        wanted = frozenset(OrderType if order_types is None else order_types)
        expired = [order for order in self._resting.values() if order.order_type in wanted]
        if not expired:
            return expired
        for order in expired:
            del self._resting[order.order_id]
        self._bids.drop(wanted)
        self._asks.drop(wanted)
        if _PLO in wanted:
            self._after_hours = AfterHoursQueue()
        return expired

    # --- inside ---------------------------------------------------------------------------------------------------

    def _half(self, side: Side) -> HalfBook:
        return self._bids if side is _BUY else self._asks

    def _standing_price(self, side: Side) -> int:
        return self.band.ceiling_vnd if side is Side.BUY else self.band.floor_vnd

    def _at_auction(self, side: Side, price_vnd: int) -> int:
        if price_vnd != self._standing_price(side):
            return 0
        level = self._half(side).levels.get(price_vnd)
        if level is None:
            return 0
        return sum(order.remaining for order in level.orders if order.order_type in _AT_AUCTION)

    def _check_new(self, order: BookOrder) -> None:
        if order.remaining <= 0 or order.order_id in self._resting:
            raise _unfit(order)

    def _add(self, order: BookOrder) -> None:
        self._half(order.side).add(order)
        self._resting[order.order_id] = order

    def _reduce(self, order: BookOrder, quantity: int) -> None:
        """Take `quantity` off a resting order, and the order off the book when nothing remains."""
        if order.order_type is _PLO:
            order.remaining -= quantity
        else:
            (self._bids if order.side is _BUY else self._asks).reduce(order, quantity)
        if not order.remaining:
            del self._resting[order.order_id]


def _unfit(order: BookOrder) -> ValueError:
    if order.remaining <= 0:
        return ValueError(f"order {order.order_id} has no quantity")
    return ValueError(f"order {order.order_id} is in the book already")


def _check_closing_price(price_vnd: int) -> None:
    if price_vnd <= 0:
        raise ValueError("there is no after-hours trading without a closing price")
