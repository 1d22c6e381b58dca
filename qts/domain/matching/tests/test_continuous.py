"""Continuous trading. An order is written `id side quantity type[@price]`, a fill `buy x sell quantity@price`."""

from datetime import date

import pytest

from qts.domain.market import Instrument, price_band, rule_book_on
from qts.domain.matching import BookOrder, Execution, Level, OrderBook
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

RULES = rule_book_on(date(2026, 1, 5))

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def book() -> OrderBook:
    instrument = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
    return OrderBook(
        instrument, price_band(RULES, Exchange.HOSE, InstrumentKind.STOCK, 25_000), RULES
    )  # 23,250 to 26,750


def parse(text: str) -> BookOrder:
    order_id, side, quantity, kind = text.split()
    order_type, _, price = kind.partition("@")
    side_ = BUY if side == "B" else SELL
    return BookOrder(int(order_id), side_, OrderType(order_type), int(price or 0), int(quantity))


def send(book: OrderBook, *orders: str) -> Execution:
    """Match the orders in turn; the execution of the last one."""
    for text in orders:
        execution = book.match(parse(text))
    return execution


def fills(execution: Execution) -> list[str]:
    return [f"{f.buy_order_id}x{f.sell_order_id} {f.quantity}@{f.price_vnd}" for f in execution.fills]


ASKS = ("1 S 100 LO@25100", "2 S 200 LO@25100", "3 S 300 LO@25200")


@pytest.mark.parametrize(
    ("resting", "incoming", "expected", "left"),
    [
        ((), "9 B 100 LO@25000", [], (100, True)),
        (ASKS, "9 B 100 LO@25050", [], (100, True)),
        (ASKS, "9 B 100 LO@25100", ["9x1 100@25100"], (0, False)),
        (ASKS, "9 B 50 LO@26000", ["9x1 50@25100"], (0, False)),  # at the resting price, not the limit
        (ASKS, "9 B 250 LO@25100", ["9x1 100@25100", "9x2 150@25100"], (0, False)),  # time decides at one price
        (ASKS, "9 B 400 LO@25100", ["9x1 100@25100", "9x2 200@25100"], (100, True)),
        (ASKS, "9 B 700 LO@25200", ["9x1 100@25100", "9x2 200@25100", "9x3 300@25200"], (100, True)),
        (("1 B 100 LO@25000", "2 B 100 LO@25050"), "9 S 200 LO@25000", ["2x9 100@25050", "1x9 100@25000"], (0, False)),
        (ASKS, "9 B 400 MTL", ["9x1 100@25100", "9x2 200@25100", "9x3 100@25200"], (0, False)),
        (ASKS, "9 B 700 MTL", ["9x1 100@25100", "9x2 200@25100", "9x3 300@25200"], (100, True)),
        ((), "9 B 700 MTL", [], (700, False)),  # nothing opposite: cancelled
        (ASKS, "9 B 700 MAK", ["9x1 100@25100", "9x2 200@25100", "9x3 300@25200"], (100, False)),
        (ASKS, "9 B 700 MOK", [], (700, False)),  # whole or not at all
        (ASKS, "9 B 600 MOK", ["9x1 100@25100", "9x2 200@25100", "9x3 300@25200"], (0, False)),
        ((), "9 S 100 MAK", [], (100, False)),
    ],
)
def test_match(book, resting, incoming, expected, left):
    for text in resting:
        send(book, text)
    execution = send(book, incoming)
    assert fills(execution) == expected
    assert (execution.remaining, execution.rests) == left
    assert (9 in book) is execution.rests
    assert all(fill.aggressor is parse(incoming).side for fill in execution.fills)


@pytest.mark.parametrize(
    ("resting", "incoming", "rests_at"),
    [
        (ASKS, "9 B 700 MTL", 25_250),  # one step beyond the last match
        (("1 S 100 LO@26750",), "9 B 200 MTL", 26_750),  # not beyond the ceiling
        (("1 B 100 LO@23250",), "9 S 200 MTL", 23_250),  # not under the floor
        (("1 B 100 LO@24000",), "9 S 200 MTL", 23_950),
    ],
)
def test_what_remains_of_a_market_to_limit_order_is_a_limit_order(book, resting, incoming, rests_at):
    execution = send(book, *resting, incoming)
    order = book.get(9)
    assert order is not None
    assert (order.order_type, order.price_vnd, order.remaining) == (OrderType.LO, rests_at, execution.remaining)


def test_depth_is_best_first_and_cut(book):
    send(book, *ASKS, "4 B 100 LO@25000", "5 B 100 LO@24900", "6 B 300 LO@25000")
    assert book.depth(BUY, 3) == [Level(25_000, 400), Level(24_900, 100)]
    assert book.depth(SELL, 1) == [Level(25_100, 300)]
    assert (book.best_bid(), book.best_ask()) == (25_000, 25_100)


def test_cancel_takes_the_rest_off_and_only_once(book):
    send(book, *ASKS, "9 B 40 LO@25100")
    assert book.cancel(1) == 60
    assert book.cancel(1) == 0
    assert book.depth(SELL, 1) == [Level(25_100, 200)]
    assert fills(send(book, "10 B 100 LO@25100")) == ["10x2 100@25100"]


def test_less_quantity_keeps_the_place_in_time(book):
    send(book, *ASKS)
    assert book.amend(1, remaining=50) == Execution([], 50, rests=True)
    assert fills(send(book, "9 B 100 LO@25100")) == ["9x1 50@25100", "9x2 50@25100"]


def test_more_quantity_loses_it(book):
    send(book, *ASKS)
    book.amend(1, remaining=150)
    assert fills(send(book, "9 B 300 LO@25100")) == ["9x2 200@25100", "9x1 100@25100"]


def test_another_price_may_trade_at_once(book):
    send(book, *ASKS, "9 B 150 LO@25000")
    execution = book.amend(9, price_vnd=25_100)
    assert fills(execution) == ["9x1 100@25100", "9x2 50@25100"]
    assert 9 not in book


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, ValueError),
        ({"price_vnd": 25_000, "remaining": 50}, ValueError),
        ({"remaining": 0}, ValueError),
        ({"remaining": 100}, ValueError),
        ({"price_vnd": 25_100}, ValueError),
    ],
)
def test_an_amendment_that_is_none_changes_nothing(book, changes, error):
    send(book, *ASKS)
    with pytest.raises(error):
        book.amend(1, **changes)
    assert book.depth(SELL, 3) == [Level(25_100, 300), Level(25_200, 300)]


def test_an_order_that_does_not_rest_cannot_be_amended(book):
    with pytest.raises(KeyError):
        book.amend(1, remaining=100)


@pytest.mark.parametrize("text", ["1 B 100 ATO", "1 B 100 ATC", "1 B 100 PLO", "1 B 0 LO@25000"])
def test_what_does_not_belong_to_continuous_trading_is_refused(book, text):
    with pytest.raises(ValueError, match="order"):
        send(book, text)
    assert len(book) == 0


def test_an_order_id_stands_in_the_book_once(book):
    send(book, "1 B 100 LO@25000")
    with pytest.raises(ValueError, match="already"):
        send(book, "1 B 100 LO@25000")
    assert len(book) == 1
