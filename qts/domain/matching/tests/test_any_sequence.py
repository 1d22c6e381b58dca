"""Whatever happens to a book, in whatever order: it does as the naive market does, and loses or makes no share."""

import random
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.domain.market import Instrument, next_price_up, price_band, rule_book_on
from qts.domain.matching import BookOrder, Fill, OrderBook
from qts.domain.matching.tests.naive_market import NaiveFill, NaiveMarket, NaiveOrder
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

RULES = rule_book_on(date(2026, 1, 5))

INSTRUMENT = Instrument("PVS", Exchange.HNX, InstrumentKind.STOCK)
BAND = price_band(RULES, Exchange.HNX, InstrumentKind.STOCK, 5_000)  # 4,500 to 5,500 in steps of 100: eleven prices
PRICES = list(range(BAND.floor_vnd, BAND.ceiling_vnd + 1, 100))

CONTINUOUS = [OrderType.LO] * 6 + [OrderType.MTL, OrderType.MAK, OrderType.MOK]
AUCTION = [OrderType.LO] * 4 + [OrderType.ATO, OrderType.ATC]
NEW = st.tuples(st.just("new"), st.sampled_from(Side), st.integers(0, 8), st.sampled_from(PRICES), st.integers(1, 9))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 60))
PRICE = st.tuples(st.just("price"), st.integers(0, 60), st.sampled_from(PRICES))
QUANTITY = st.tuples(st.just("quantity"), st.integers(0, 60), st.integers(1, 9))
SESSION = st.tuples(st.just("session"), st.integers(BAND.floor_vnd, BAND.ceiling_vnd))
ACTS = st.lists(st.one_of(NEW, NEW, NEW, NEW, CANCEL, PRICE, QUANTITY, SESSION), max_size=80)


@dataclass
class Both:
    """The book and its judge, in continuous trading or in an auction, and a count of every share."""

    book: OrderBook = field(default_factory=lambda: OrderBook(INSTRUMENT, BAND, RULES))
    naive: NaiveMarket = field(default_factory=lambda: NaiveMarket(PRICES))
    in_auction: bool = False
    next_id: int = 1
    entered: int = 0
    gone: int = 0
    matched: int = 0
    tape: list[NaiveFill] = field(default_factory=list)

    def run(self, acts: list[tuple]) -> "Both":
        for act in acts:
            getattr(self, act[0])(*act[1:])
            self.check()
        return self

    def new(self, side: Side, kind: int, price_vnd: int, quantity: int) -> None:
        order_id, self.next_id = self.next_id, self.next_id + 1
        kinds = AUCTION if self.in_auction else CONTINUOUS
        order_type = kinds[kind % len(kinds)]
        limit_vnd = price_vnd if order_type is OrderType.LO else 0
        order = BookOrder(order_id, side, order_type, limit_vnd, quantity)
        naive = NaiveOrder(order_id, side is Side.BUY, order_type.value, limit_vnd, quantity)
        self.entered += quantity
        if self.in_auction:
            self.book.collect(order)
            self.naive.collect(naive)
            return
        execution = self.book.match(order)
        self.compare(execution.fills, self.naive.match(naive))
        assert execution.remaining == naive.remaining
        assert execution.rests == (naive in self.naive.orders) == (order_id in self.book)
        assert {fill.aggressor for fill in execution.fills} <= {side}
        self.gone += 0 if execution.rests else execution.remaining

    def cancel(self, order_id: int) -> None:
        open_quantity = self.book.cancel(order_id)
        assert open_quantity == self.naive.cancel(order_id)
        assert order_id not in self.book
        self.gone += open_quantity

    def price(self, order_id: int, price_vnd: int) -> None:
        order = self.book.get(order_id)
        if order is None or order.order_type is not OrderType.LO or order.price_vnd == price_vnd:
            return
        execution = self.book.amend(order_id, price_vnd=price_vnd, collecting=self.in_auction)
        self.compare(execution.fills, self.naive.amend(order_id, price_vnd, None, self.in_auction))

    def quantity(self, order_id: int, remaining: int) -> None:
        order = self.book.get(order_id)
        if order is None or order.order_type is not OrderType.LO or order.remaining == remaining:
            return
        before = order.remaining
        execution = self.book.amend(order_id, remaining=remaining, collecting=self.in_auction)
        self.compare(execution.fills, self.naive.amend(order_id, None, remaining, self.in_auction))
        self.entered += remaining - before

    def session(self, nearest_to_vnd: int) -> None:
        """Into an auction, or out of it."""
        if self.in_auction:
            clearing = self.book.indicative(nearest_to_vnd)
            found = (clearing.price_vnd, clearing.volume) if clearing else (0, 0)
            assert found == self.naive.clearing(nearest_to_vnd)
            self.compare(self.book.uncross(nearest_to_vnd), self.naive.uncross(nearest_to_vnd))
            expired = self.book.expire({OrderType.ATO, OrderType.ATC})
            assert sorted((o.order_id, o.remaining) for o in expired) == self.naive.expire({"ATO", "ATC"})
            self.gone += sum(order.remaining for order in expired)
        self.in_auction = not self.in_auction

    def compare(self, fills: list[Fill], expected: list[NaiveFill]) -> None:
        found = [(f.price_vnd, f.quantity, f.buy_order_id, f.sell_order_id) for f in fills]
        assert found == expected
        self.matched += sum(fill.quantity for fill in fills)
        self.tape += found

    def check(self) -> None:
        for side in Side:
            assert self.book.depth(side, 100) == self.naive.depth(side)
        assert len(self.book) == len(self.naive.orders)
        resting = 0
        for order in self.naive.orders:
            mine = self.book.get(order.order_id)
            assert mine is not None
            assert mine.remaining == order.remaining
            resting += order.remaining
        assert self.entered == resting + self.gone + 2 * self.matched  # each match takes a buyer's and a seller's
        bid, ask = self.book.best_bid(), self.book.best_ask()
        assert self.in_auction or bid is None or ask is None or bid < ask


@settings(max_examples=300, deadline=None)
@given(ACTS)
def test_any_sequence_is_as_in_the_naive_market(acts):
    both = Both().run(acts)
    at_end = {order.order_id: order.remaining for order in both.naive.orders}
    assert {order.order_id: order.remaining for order in both.book.expire()} == at_end
    assert len(both.book) == 0
    assert both.book.best_bid() is both.book.best_ask() is None


@settings(max_examples=50, deadline=None)
@given(ACTS)
def test_the_same_sequence_gives_the_same_matches(acts):
    assert Both().run(acts).tape == Both().run(acts).tape


@pytest.mark.parametrize("seed", range(6))
def test_a_long_day_is_as_in_the_naive_market(seed):
    """Long enough for cancelled orders to pile up inside their levels."""
    random_ = random.Random(seed)
    acts: list[tuple] = []
    for number in range(1_500):
        what = random_.random()
        if what < 0.6:
            side = random_.choice(list(Side))
            acts.append(("new", side, random_.randrange(9), random_.choice(PRICES), random_.randint(1, 9)))
        elif what < 0.85:
            acts.append(("cancel", random_.randint(max(0, number // 2 - 40), number)))
        elif what < 0.95:
            name, value = random_.choice([("price", random_.choice(PRICES)), ("quantity", random_.randint(1, 9))])
            acts.append((name, random_.randint(max(0, number // 2 - 40), number), value))
        else:
            acts.append(("session", random_.randrange(BAND.floor_vnd, BAND.ceiling_vnd, 50)))
    both = Both().run(acts)
    assert both.matched > 1_000
    assert both.gone > 100


def test_every_price_of_the_band_is_tried():
    assert PRICES[0] == BAND.floor_vnd
    assert PRICES[-1] == BAND.ceiling_vnd
    steps = [next_price_up(RULES, Exchange.HNX, InstrumentKind.STOCK, price_vnd) for price_vnd in PRICES[:-1]]
    assert steps == PRICES[1:]
