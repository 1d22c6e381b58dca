from datetime import date

import pytest

from qts.domain.market import Instrument, price_band, rule_book_on
from qts.domain.matching import Clearing, Level, OrderBook
from qts.domain.matching.tests.test_continuous import parse
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

RULES = rule_book_on(date(2026, 1, 5))

BUY, SELL = Side.BUY, Side.SELL


def gathered(*orders: str) -> OrderBook:
    instrument = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
    book = OrderBook(instrument, price_band(RULES, Exchange.HOSE, InstrumentKind.STOCK, 25_000), RULES)
    for text in orders:
        book.collect(parse(text))
    return book


@pytest.mark.parametrize(
    ("orders", "nearest_to_vnd", "clearing"),
    [
        ([], 25_000, None),
        (["1 B 100 LO@25000", "2 S 100 LO@25050"], 25_000, None),
        (["1 B 100 ATO"], 25_000, None),
        # largest volume
        (["1 B 300 LO@25100", "2 B 200 LO@25000", "3 S 400 LO@25000"], 25_000, Clearing(25_000, 400, 100)),
        (["1 B 300 LO@25100", "2 B 200 LO@25000", "3 S 300 LO@25000"], 26_000, Clearing(25_100, 300, 0)),
        # then least imbalance: 25,000 leaves 200 buyers over, 25,050 leaves none
        (["1 B 300 LO@25050", "2 B 200 LO@25000", "3 S 300 LO@24900"], 24_900, Clearing(25_050, 300, 0)),
        # then nearest to the last price, also between two orders' prices
        (["1 B 100 LO@25200", "2 S 100 LO@24800"], 25_050, Clearing(25_050, 100, 0)),
        (["1 B 100 LO@25200", "2 S 100 LO@24800"], 26_000, Clearing(25_200, 100, 0)),
        (["1 B 100 LO@25200", "2 S 100 LO@24800"], 24_000, Clearing(24_800, 100, 0)),
        # then the higher: 25,000 and 25,050 are equally far from an off-tick 25,025
        (["1 B 100 LO@25200", "2 S 100 LO@24800"], 25_025, Clearing(25_050, 100, 0)),
        # at-the-auction orders on both sides trade at the reference
        (["1 B 100 ATO", "2 S 100 ATO"], 25_000, Clearing(25_000, 100, 0)),
        (["1 B 100 ATC", "2 S 300 LO@24500"], 25_000, Clearing(25_000, 100, -200)),
    ],
)
def test_clearing(orders, nearest_to_vnd, clearing):
    assert gathered(*orders).indicative(nearest_to_vnd) == clearing


def fills(book: OrderBook, nearest_to_vnd: int = 25_000) -> list[str]:
    found = book.uncross(nearest_to_vnd)
    assert all(fill.aggressor is None for fill in found)
    return [f"{fill.buy_order_id}x{fill.sell_order_id} {fill.quantity}@{fill.price_vnd}" for fill in found]


def test_orders_fill_by_price_then_time():
    book = gathered("1 B 100 LO@25000", "2 B 100 LO@25100", "3 B 100 LO@25000", "4 S 250 LO@25000")
    assert fills(book) == ["2x4 100@25000", "1x4 100@25000", "3x4 50@25000"]
    assert book.depth(BUY, 3) == [Level(25_000, 50)]
    assert book.depth(SELL, 3) == []


def test_an_auction_order_goes_before_limits_but_after_an_earlier_one_at_the_ceiling():
    book = gathered("1 B 100 LO@26750", "2 B 100 ATO", "3 B 100 LO@26750", "4 B 100 LO@25000", "5 S 250 LO@25000")
    assert fills(book) == ["1x5 100@25050", "2x5 100@25050", "3x5 50@25050"]


def test_auction_orders_are_apart_from_the_levels_and_expire():
    book = gathered("1 B 300 ATO", "2 B 200 LO@25000", "3 S 100 ATO", "4 S 100 LO@26000")
    assert book.depth(BUY, 3) == [Level(25_000, 200)]
    assert book.at_auction_quantity(BUY) == 300
    assert book.at_auction_quantity(SELL) == 100
    assert fills(book) == ["1x3 100@26000", "1x4 100@26000"]
    expired = book.expire({OrderType.ATO})
    assert [(order.order_id, order.remaining) for order in expired] == [(1, 100)]
    assert 2 in book
    assert book.at_auction_quantity(BUY) == 0


def test_everything_expires_at_the_end_of_the_day():
    book = gathered("1 B 300 LO@25000", "2 S 200 LO@26000")
    assert sorted(order.order_id for order in book.expire()) == [1, 2]
    assert len(book) == 0
    assert book.depth(BUY, 1) == book.depth(SELL, 1) == []


@pytest.mark.parametrize("text", ["1 B 100 MTL", "1 B 100 MOK", "1 B 100 PLO"])
def test_what_does_not_belong_to_an_auction_is_refused(text):
    with pytest.raises(ValueError, match="auction"):
        gathered(text)


def test_an_amendment_while_collecting_does_not_trade():
    book = gathered("1 B 100 LO@25000", "2 B 100 LO@25000", "3 S 100 LO@25100")
    execution = book.amend(1, price_vnd=25_100, collecting=True)
    assert (execution.fills, execution.remaining, execution.rests) == ([], 100, True)
    assert book.best_bid() == book.best_ask() == 25_100
    assert fills(book) == ["1x3 100@25100"]


def test_orders_at_the_auctions_price_cannot_be_amended():
    book = gathered("1 B 100 ATO")
    with pytest.raises(ValueError, match="cannot be amended"):
        book.amend(1, remaining=50)
    assert book.at_auction_quantity(BUY) == 100
