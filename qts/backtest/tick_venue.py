"""What a match would have done for an order: as little as the rules of price and time allow.

- An order whose price crosses the last match when it arrives takes what is there: the next matches at its price or
  better fill it at their own price, worsened by slippage. What is left after the first of them rests.
- An order that rests fills at its own price. A match beyond its price has gone through all that stood there; one at its
  price first takes off the queue that stood before the order.
- Of what a match leaves for it the order gets its share, in whole lots.
- At a limit that the price is locked at nobody is on the other side.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from qts.backtest.account import Market, WorkingOrder
from qts.backtest.spec import PERCENT_WHOLE
from qts.backtest.venue import UnderTheRules, worse_by
from qts.domain.market import MINUTE_MS
from qts.domain.strategy import Bar
from qts.domain.values import Side


class _Offered(NamedTuple):
    quantity: int
    price_vnd: int


@dataclass(slots=True)
class _Minute:
    """What has traded of a symbol in a minute, and how much of it was ours."""

    number: int
    volume: int = 0
    ours: int = 0


class OnMatches(UnderTheRules):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._minutes: dict[str, _Minute] = {}
        self._credits: dict[tuple[str, Side], int] = {}  # hundredths of shares that matches have left for us

    def meet(self, market: Market, bar: Bar, day: int) -> None:
        """`bar` is a match; the market still knows the one before it."""
        minute = self._minute(market.symbol, bar.ts_start_ms)
        minute.volume += bar.volume
        if not market.orders:
            return
        for side in Side:
            waiting = [order for order in market.orders if order.side is side]
            if not waiting:
                self._credits.pop((market.symbol, side), None)
                continue
            present = [order for order in waiting if order.live_from_ms <= bar.ts_start_ms]
            minute.ours += self._meet_side(market, bar, present, day)
        self._account.drop(market, [order for order in market.orders if not order.left])

    def end_day(self, market: Market, day: int) -> int:
        self._credits.pop((market.symbol, Side.BUY), None)
        self._credits.pop((market.symbol, Side.SELL), None)
        self._weigh(self._minutes.get(market.symbol))
        return super().end_day(market, day)

    def _meet_side(self, market: Market, bar: Bar, orders: list[WorkingOrder], day: int) -> int:
        """What was filled. The orders of one side share what the match leaves; each is before those that came later."""
        offers = [(order, self._offered(market, order, bar)) for order in orders]
        most = max((offer.quantity for _, offer in offers), default=0)
        if not most:
            return 0
        key = (market.symbol, orders[0].side)
        left = self._credits.get(key, 0) + most * self._spec.participation_percent
        filled = 0
        for order, offer in offers:
            quantity = self._whole_lots(market, order, min(left // PERCENT_WHOLE, offer.quantity - filled))
            if quantity <= 0:
                continue
            left -= quantity * PERCENT_WHOLE
            filled += quantity
            self._account.book(
                market, order, quantity=quantity, price_vnd=offer.price_vnd, ts_ms=bar.ts_start_ms, day=day
            )
        self._credits[key] = left
        return filled

    def _offered(self, market: Market, order: WorkingOrder, bar: Bar) -> _Offered:
        """What of the match is there for the order, and at which price."""
        price_vnd, limit_vnd, is_purchase = bar.close_vnd, order.price_vnd, order.side is Side.BUY
        if order.queue_ahead is None:
            last_vnd = market.close_vnd
            order.is_crossing = limit_vnd > last_vnd if is_purchase else limit_vnd < last_vnd
            order.queue_ahead = 0 if order.is_crossing else self._spec.queue_quantity
        if price_vnd > limit_vnd if is_purchase else price_vnd < limit_vnd:
            order.is_crossing = False  # the market has gone away from it: it rests, the first at its price
            return _Offered(0, limit_vnd)
        if price_vnd == (market.band.ceiling_vnd if is_purchase else market.band.floor_vnd):
            self.locked_bars += 1
            return _Offered(0, limit_vnd)
        if order.is_crossing:
            order.is_crossing = False
            return _Offered(bar.volume, worse_by(self._spec, market, order, price_vnd))
        if price_vnd != limit_vnd:
            order.queue_ahead = 0
            return _Offered(bar.volume, limit_vnd)
        gone = min(order.queue_ahead, bar.volume)
        order.queue_ahead -= gone
        return _Offered(bar.volume - gone, limit_vnd)

    def _whole_lots(self, market: Market, order: WorkingOrder, quantity: int) -> int:
        lot = self.lot(market)
        return order.left if quantity >= order.left else quantity - quantity % lot

    def _minute(self, symbol: str, ts_ms: int) -> _Minute:
        found = self._minutes.get(symbol)
        if found is None or found.number != ts_ms // MINUTE_MS:
            self._weigh(found)
            found = self._minutes[symbol] = _Minute(ts_ms // MINUTE_MS)
        return found

    def _weigh(self, minute: _Minute | None) -> None:
        if minute is not None and minute.ours:
            share_percent = minute.ours * PERCENT_WHOLE / minute.volume
            self.largest_share_percent = max(self.largest_share_percent, share_percent)
