"""After-hours trading at the closing price, matched at once or gathered."""

from datetime import date

import pytest

from qts.domain.market import Instrument, price_band, rule_book_on
from qts.domain.matching import Execution, Level, OrderBook
from qts.domain.matching.tests.test_continuous import fills, parse, send
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

RULES = rule_book_on(date(2026, 1, 5))

CLOSE_VND = 25_000


@pytest.fixture
def book() -> OrderBook:
    instrument = Instrument("PVS", Exchange.HNX, InstrumentKind.STOCK)
    return OrderBook(instrument, price_band(RULES, Exchange.HNX, InstrumentKind.STOCK, 25_000), RULES)


def at_close(book: OrderBook, *orders: str) -> Execution:
    for text in orders:
        execution = book.match_at(parse(text), CLOSE_VND)
    return execution


def test_orders_trade_at_once_in_order_of_time(book):
    execution = at_close(book, "1 S 100 PLO", "2 S 200 PLO", "3 B 250 PLO")
    assert fills(execution) == ["3x1 100@25000", "3x2 150@25000"]
    assert {fill.aggressor for fill in execution.fills} == {Side.BUY}
    assert (execution.remaining, execution.rests) == (0, False)
    assert (1 in book, 2 in book, 3 in book) == (False, True, False)
    assert fills(at_close(book, "4 B 100 PLO")) == ["4x2 50@25000"]
    assert [(order.order_id, order.remaining) for order in book.expire()] == [(4, 50)]


def test_gathered_orders_wait_and_then_trade_in_order_of_time(book):
    for text in ("1 B 100 PLO", "2 S 100 PLO", "3 B 300 PLO", "4 S 150 PLO"):
        book.collect_at(parse(text))
    assert len(book) == 4
    found = book.uncross_at(CLOSE_VND)
    assert [(f.buy_order_id, f.sell_order_id, f.quantity, f.price_vnd, f.aggressor) for f in found] == [
        (1, 2, 100, CLOSE_VND, None),
        (3, 4, 150, CLOSE_VND, None),
    ]
    assert len(book) == 1
    assert book.uncross_at(CLOSE_VND) == []


def test_limit_orders_take_no_part(book):
    send(book, "1 S 100 LO@25000", "2 B 100 LO@24900")
    assert at_close(book, "3 B 100 PLO") == Execution([], 100, rests=True)
    assert book.depth(Side.BUY, 3) == [Level(24_900, 100)]
    assert book.depth(Side.SELL, 3) == [Level(25_000, 100)]
    assert [order.order_id for order in book.expire({OrderType.PLO})] == [3]
    assert (1 in book, 2 in book) == (True, True)
    assert at_close(book, "4 S 100 PLO") == Execution([], 100, rests=True)


def test_an_order_that_was_cancelled_is_passed_over(book):
    at_close(book, "1 S 100 PLO", "2 S 100 PLO")
    assert book.cancel(1) == 100
    assert fills(at_close(book, "3 B 200 PLO")) == ["3x2 100@25000"]
    assert book.best_ask() is None


def test_without_a_closing_price_nothing_is_taken(book):
    with pytest.raises(ValueError, match="closing price"):
        book.match_at(parse("1 S 100 PLO"), 0)
    with pytest.raises(ValueError, match="closing price"):
        book.uncross_at(0)
    assert len(book) == 0


@pytest.mark.parametrize("text", ["1 B 100 LO@25000", "1 B 100 ATC", "1 B 100 MTL", "1 B 0 PLO"])
def test_what_does_not_belong_to_after_hours_is_refused(book, text):
    with pytest.raises(ValueError, match="order"):
        at_close(book, text)
    assert len(book) == 0


def test_it_cannot_be_amended(book):
    at_close(book, "1 S 100 PLO")
    with pytest.raises(ValueError, match="cannot be amended"):
        book.amend(1, remaining=50)
    assert book.get(1).remaining == 100
