"""Numbers that are whole take a shorter way through the codec; what comes out is the same."""

from qts.adapters.tests.fastconnect_frames import TICK, TRADE, market_frame, quote
from qts.adapters.tests.test_ssi_codec import only_event


def test_points_that_happen_to_be_whole_are_points_all_the_same():
    future = {"Symbol": "41I1F7000"}
    figures = {"Ceiling": 1380.0, "Floor": 1199.0, "RefPrice": 1290.0, "LastPrice": 1283.0, "Highest": 1287}
    quoted = only_event(market_frame("X-TRADE", TRADE | future | figures | {"Lowest": 1282, "AvgPrice": 1284.0}))
    assert (quoted.ceiling_vnd, quoted.floor_vnd, quoted.last_vnd) == (138_000_000, 119_900_000, 128_300_000)
    assert (quoted.high_vnd, quoted.low_vnd, quoted.average_vnd) == (128_700_000, 128_200_000, 128_400_000)
    assert (quoted.last_quantity, quoted.total_quantity) == (1_800, 34_016_200)

    book = only_event(market_frame("X-QUOTE", quote([(1283.0, 47.0)], [(1284.0, 125.0)], **future)))
    assert (book.bids, book.asks) == (((128_300_000, 47),), ((128_400_000, 125),))
    match = only_event(market_frame("B", TICK | future | {"Close": 1283.0, "Volume": 3.0}))
    assert (match.price_vnd, match.quantity) == (128_300_000, 3)


def test_a_book_with_something_missing_tells_the_rest():
    record = quote([(24500.0, 290900.0), (24450.0, None)], [("24550", "109100"), (None, 500.0), (24600.5, 0.0)])
    book = only_event(market_frame("X-QUOTE", record))
    assert (book.bids, book.asks) == (((24_500, 290_900),), ((24_550, 109_100), (0, 500)))
