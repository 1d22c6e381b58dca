"""The book against a reference model too slow and too plain to be wrong, and what must hold of any book."""

from dataclasses import dataclass
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from qts.domain.market import Instrument, next_price_up, price_band, rule_book_on
from qts.domain.matching import BookOrder, OrderBook
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

RULES = rule_book_on(date(2026, 1, 5))

INSTRUMENT = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
REFERENCE_VND = 10_000  # the step changes at this price, so prices on both sides of it occur
BAND = price_band(RULES, Exchange.HOSE, InstrumentKind.STOCK, REFERENCE_VND)


def every_price() -> list[int]:
    prices = [BAND.floor_vnd]
    while prices[-1] < BAND.ceiling_vnd:
        prices.append(next_price_up(RULES, Exchange.HOSE, InstrumentKind.STOCK, prices[-1]))
    return prices


PRICES = every_price()
NEAR = [price for price in PRICES if 9_900 <= price <= 10_200]


@dataclass
class PlainOrder:
    order_id: int
    side: Side
    price_vnd: int
    remaining: int


class PlainBook:
    """Keeps a list in order of arrival and looks through all of it each time."""

    def __init__(self) -> None:
        self.orders: list[PlainOrder] = []

    def match(self, order: PlainOrder) -> list[tuple[int, int, int, int]]:
        sign = 1 if order.side is Side.BUY else -1
        opposite = [one for one in self.orders if one.side is not order.side]
        opposite = [one for one in opposite if sign * one.price_vnd <= sign * order.price_vnd]
        fills = []
        for one in sorted(opposite, key=lambda resting: sign * resting.price_vnd):
            quantity = min(order.remaining, one.remaining)
            if quantity:
                ids = (order.order_id, one.order_id) if sign == 1 else (one.order_id, order.order_id)
                fills.append((one.price_vnd, quantity, *ids))
            order.remaining -= quantity
            one.remaining -= quantity
        self.orders = [one for one in self.orders if one.remaining] + ([order] if order.remaining else [])
        return fills

    def cancel(self, order_id: int) -> int:
        gone = [one for one in self.orders if one.order_id == order_id]
        self.orders = [one for one in self.orders if one.order_id != order_id]
        return gone[0].remaining if gone else 0

    def clearing(self, nearest_to_vnd: int) -> tuple[int, int]:
        best = (0, 0, 0, 0)
        for price_vnd in PRICES:
            demand = sum(o.remaining for o in self.orders if o.side is Side.BUY and o.price_vnd >= price_vnd)
            supply = sum(o.remaining for o in self.orders if o.side is Side.SELL and o.price_vnd <= price_vnd)
            key = (min(demand, supply), -abs(demand - supply), -abs(price_vnd - nearest_to_vnd), price_vnd)
            best = max(best, key) if key[0] else best
        return best[3], best[0]


ORDERS = st.tuples(st.sampled_from(Side), st.sampled_from(NEAR), st.integers(1, 9))
CANCELS = st.integers(0, 40)


@settings(max_examples=200)
@given(st.lists(st.one_of(ORDERS, CANCELS), max_size=60))
def test_limit_orders_trade_as_in_the_plain_book(acts):
    book, plain = OrderBook(INSTRUMENT, BAND, RULES), PlainBook()
    for number, act in enumerate(acts):
        if isinstance(act, int):
            assert book.cancel(act) == plain.cancel(act)
            continue
        side, price_vnd, quantity = act
        execution = book.match(BookOrder(number, side, OrderType.LO, price_vnd, quantity))
        expected = plain.match(PlainOrder(number, side, price_vnd, quantity))
        assert [(f.price_vnd, f.quantity, f.buy_order_id, f.sell_order_id) for f in execution.fills] == expected
        assert sum(fill.quantity for fill in execution.fills) + execution.remaining == quantity
        bid, ask = book.best_bid(), book.best_ask()
        assert bid is None or ask is None or bid < ask
    assert sum(one.remaining for one in plain.orders) == resting_quantity(book)


def resting_quantity(book: OrderBook) -> int:
    return sum(level.quantity for side in Side for level in book.depth(side, 1_000))


@settings(max_examples=300)
@given(st.lists(ORDERS, max_size=30), st.sampled_from(PRICES))
def test_an_auction_clears_as_in_the_plain_book(orders, nearest_to_vnd):
    book, plain = OrderBook(INSTRUMENT, BAND, RULES), PlainBook()
    for number, (side, price_vnd, quantity) in enumerate(orders):
        book.collect(BookOrder(number, side, OrderType.LO, price_vnd, quantity))
        plain.orders.append(PlainOrder(number, side, price_vnd, quantity))
    before = resting_quantity(book)
    price_vnd, volume = plain.clearing(nearest_to_vnd)
    clearing = book.indicative(nearest_to_vnd)
    assert (clearing.price_vnd, clearing.volume) == (price_vnd, volume) if clearing else volume == 0
    fills = book.uncross(nearest_to_vnd)
    assert sum(fill.quantity for fill in fills) == volume
    assert {fill.price_vnd for fill in fills} <= {price_vnd}
    assert resting_quantity(book) == before - 2 * volume
    bid, ask = book.best_bid(), book.best_ask()
    assert bid is None or ask is None or bid < ask
    assert_priority_held(orders, fills, book)


def assert_priority_held(orders, fills, book):
    """Nobody with a better price, or the same price and an earlier entry, was left out while another was filled."""
    for side in Side:
        sign = 1 if side is Side.BUY else -1
        ids = [fill.buy_order_id if side is Side.BUY else fill.sell_order_id for fill in fills]
        assert ids == sorted(ids, key=lambda number: (-sign * orders[number][1], number))
        ranked = sorted(
            (n for n, order in enumerate(orders) if order[0] is side), key=lambda n: (-sign * orders[n][1], n)
        )
        unfilled = [n for n in ranked if n in book]
        assert unfilled == ranked[len(ranked) - len(unfilled) :]


@given(
    st.lists(ORDERS, max_size=30),
    st.sampled_from(Side),
    st.integers(1, 200),
    st.sampled_from([OrderType.MTL, OrderType.MAK, OrderType.MOK]),
)
def test_market_orders_conserve_quantity_and_keep_their_promise(orders, side, quantity, order_type):
    book = OrderBook(INSTRUMENT, BAND, RULES)
    for number, (order_side, price_vnd, order_quantity) in enumerate(orders):
        book.match(BookOrder(number, order_side, OrderType.LO, price_vnd, order_quantity))
    before = resting_quantity(book)
    available = sum(level.quantity for level in book.depth(side.opposite, 1_000))
    execution = book.match(BookOrder(999, side, order_type, 0, quantity))
    filled = sum(fill.quantity for fill in execution.fills)
    assert filled + execution.remaining == quantity
    assert resting_quantity(book) == before - filled + (execution.remaining if execution.rests else 0)
    if order_type is OrderType.MOK:
        assert filled == (quantity if available >= quantity else 0)
    else:
        assert filled == min(quantity, available)
    assert execution.rests == (order_type is OrderType.MTL and 0 < filled < quantity)
    bid, ask = book.best_bid(), book.best_ask()
    assert bid is None or ask is None or bid < ask
