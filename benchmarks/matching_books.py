"""Order books under the same flow: the system's own, the bare floor, and packages of other people.

Runs by itself, with nothing but the standard library and the domain, so that a package can be measured beside the
others inside an environment that holds nothing but it: `python -m benchmarks.matching_books PEER EVENTS REPEATS`.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from benchmarks.bare_matching import BareBook
from qts.domain.market import Band, Instrument, built_in_history
from qts.domain.matching import BookOrder, OrderBook
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side


class Event(NamedTuple):
    """A limit order, or, with no quantity, the cancellation of the order of that number."""

    number: int
    is_buy: bool
    price_vnd: int
    quantity: int


class Book(Protocol):
    """What is measured."""

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None: ...
    def cancel(self, number: int) -> None: ...
    def totals(self) -> tuple[int, int]:
        """Matched volume and notional, each match counted once."""
        ...


def flow(count: int, seed: int = 11) -> list[Event]:
    """Around a price that wanders: three quarters limit orders, mostly passive; one quarter cancels, mostly recent."""
    random_ = random.Random(seed)
    middle, number = 2_500.0, 0
    events: list[Event] = []
    for _ in range(count):
        middle += random_.randint(-1, 1) / 4
        if number and random_.random() < 0.25:
            events.append(Event(int((number - 1) * (1 - random_.random() ** 3)), False, 0, 0))
            continue
        is_buy, offset = random_.random() < 0.5, random_.randint(-10, 3)
        price = int(middle) + (offset if is_buy else -offset)
        events.append(Event(number, is_buy, price, 100 * random_.randint(1, 10)))
        number += 1
    return events


class OwnBook:
    """`OrderBook` as the simulator uses it: an order object in, an execution with fills out."""

    def __init__(self) -> None:
        self.volume = 0
        self.notional_vnd = 0
        self._book = OrderBook(
            Instrument("X", Exchange.HNX, InstrumentKind.ETF), Band(1_000_000, 1), built_in_history().newest
        )

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None:
        side = Side.BUY if is_buy else Side.SELL
        for fill in self._book.match(BookOrder(number, side, OrderType.LO, price_vnd, quantity)).fills:
            self.volume += fill.quantity
            self.notional_vnd += fill.quantity * fill.price_vnd

    def cancel(self, number: int) -> None:
        self._book.cancel(number)

    def totals(self) -> tuple[int, int]:
        return self.volume, self.notional_vnd


class OrderlyChaosBook:
    # packages are imported by name: none of them is installed where QTS is
    def __init__(self) -> None:
        package = import_module("orderly_chaos")
        self.volume = 0
        self.notional_vnd = 0
        self._book = package.LimitOrderBook(on_trade=self._traded)
        self._buy, self._sell = package.Side.BUY, package.Side.SELL

    def _traded(self, trade: Any) -> None:
        self.volume += trade.quantity
        self.notional_vnd += trade.quantity * trade.price

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None:
        self._book.limit(self._buy if is_buy else self._sell, number + 1, quantity, price_vnd)

    def cancel(self, number: int) -> None:
        try:
            self._book.cancel(number + 1)
        except KeyError:  # it raises for an order that was filled
            return

    def totals(self) -> tuple[int, int]:
        return self.volume, self.notional_vnd


class LightMatchingBook:
    def __init__(self) -> None:
        package = import_module("lightmatchingengine.lightmatchingengine")
        self.volume = 0
        self.notional_vnd = 0
        self._engine = package.LightMatchingEngine()
        self._buy, self._sell = package.Side.BUY, package.Side.SELL
        self._orders: dict[int, Any] = {}

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None:
        side = self._buy if is_buy else self._sell
        self._orders[number], trades = self._engine.add_order("X", price_vnd, quantity, side)
        for trade in trades:
            if trade.trade_side == side:  # it reports both sides
                self.volume += trade.trade_qty
                self.notional_vnd += trade.trade_qty * trade.trade_price

    def cancel(self, number: int) -> None:
        order = self._orders[number]
        if order.leaves_qty:
            self._engine.cancel_order(order.order_id, "X")

    def totals(self) -> tuple[int, int]:
        return self.volume, self.notional_vnd


class CythonBook:
    """It hands no trades back but keeps them, so they are counted at the end, outside the measured time."""

    def __init__(self) -> None:
        package = import_module("cython_orderbook")
        self._book = package.OrderBook()
        self._order, self._side = package.Order, package.OrderSide
        self._ids: dict[int, Any] = {}

    def _trades(self) -> list[Any]:
        return next(found for name in ("trade_log", "trades") if (found := getattr(self._book, name, None)) is not None)

    def totals(self) -> tuple[int, int]:
        trades = self._trades()
        return sum(one.quantity_filled for one in trades), sum(one.quantity_filled * one.price for one in trades)

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None:
        side = self._side.BID if is_buy else self._side.ASK
        order = self._order(side=side, price=price_vnd, original_quantity=quantity)
        self._ids[number] = order.order_id
        self._book.add_limit_order(order)

    def cancel(self, number: int) -> None:
        try:
            self._book.cancel_order(self._ids[number])
        except (KeyError, ValueError):  # it raises for an order that was filled
            return


OWN: dict[str, Callable[[], Book]] = {"own": OwnBook, "bare": BareBook}
PEERS: dict[str, Callable[[], Book]] = {
    "orderly-chaos": OrderlyChaosBook,
    "cython-orderbook": CythonBook,
    "lightmatchingengine": LightMatchingBook,
}


def rates(events: list[Event], books: dict[str, Callable[[], Book]], repeats: int) -> dict[str, list[float]]:
    """Events a second of each book, the books taking turns. Raises ValueError when two do not trade the same."""
    found: dict[str, list[float]] = {name: [] for name in books}
    for _ in range(repeats):
        traded = {}
        for name, make in books.items():
            book = make()
            gc.collect()
            found[name].append(len(events) / _seconds(events, book))
            traded[name] = book.totals()
        if len(set(traded.values())) != 1:
            raise ValueError(f"volume and notional are not the same: {traded}")
    return found


def _seconds(events: list[Event], book: Book) -> float:
    submit, cancel = book.submit, book.cancel
    start = time.process_time()
    for number, is_buy, price_vnd, quantity in events:
        if quantity:
            submit(number, is_buy, price_vnd, quantity)
        else:
            cancel(number)
    return time.process_time() - start


def main(peer: str, events: str, repeats: str) -> None:
    found = rates(flow(int(events)), OWN | {peer: PEERS[peer]}, int(repeats))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
