"""Order books that can be, and every one that cannot."""

import pytest

from qts.domain.events import OrderBookUpdated
from qts.domain.market.book_check import BookFault, BookReplicas, book_faults
from qts.domain.market.tests.test_gap_watch import quote, times

BIDS, ASKS = ((24_950, 300), (24_900, 100)), ((25_000, 500), (25_050, 200))


def book(bids=BIDS, asks=ASKS, session="CONTINUOUS", at_s=0):
    return OrderBookUpdated(symbol="SSI", bids=bids, asks=asks, session=session, **times(at_s))


def limits(at_s=0, total=1_000):
    return quote(at_s, total, ceiling_vnd=26_750, floor_vnd=23_250)


@pytest.mark.parametrize(
    ("one", "faults"),
    [
        (book(), ()),
        (book((), ()), ()),
        (book(bids=()), ()),
        (book(bids=((25_000, 100),)), (BookFault.CROSSED,)),
        (book(bids=((25_100, 100),)), (BookFault.CROSSED,)),
        (book(bids=((25_100, 100),), session="ATO"), ()),  # an auction's book is crossed: that is what it matches
        (book(bids=((25_100, 100),), session="ATC"), ()),
        (book(bids=((0, 900), (24_950, 300)), session="ATO"), ()),
        (book(bids=((0, 900), (24_950, 300))), (BookFault.AUCTION_PRICE,)),
        (book(asks=((25_000, 500), (0, 900)), session="ATC"), (BookFault.UNSORTED, BookFault.AUCTION_PRICE)),
        (book(bids=((24_900, 100), (24_950, 300))), (BookFault.UNSORTED,)),
        (book(asks=((25_000, 500), (25_000, 200))), (BookFault.UNSORTED,)),
        (book(bids=tuple((24_000 - 10 * n, 100) for n in range(11))), (BookFault.TOO_DEEP,)),
        (book(asks=((25_000, 500), (26_800, 100))), (BookFault.OUTSIDE_BAND,)),
        (book(bids=((24_950, 300), (23_200, 100))), (BookFault.OUTSIDE_BAND,)),
    ],
)
def test_what_a_book_must_fulfil(one, faults):
    assert book_faults(one, limits()) == faults


def test_replicas_count_failures_and_forget_what_is_right_again():
    replicas = BookReplicas()
    replicas.take_quote(limits())
    assert replicas.take_book(book()) == ()
    for _ in range(2):
        assert replicas.take_book(book(bids=((25_000, 100),))) == (BookFault.CROSSED,)
    assert replicas.wrong_now == {"SSI": (BookFault.CROSSED,)}
    assert replicas.take_book(book()) == ()
    assert replicas.wrong_now == {}
    assert replicas.failures == {"SSI": {BookFault.CROSSED: 2}}
    assert replicas.checked == 4


def test_the_volume_of_a_day_never_falls_and_a_new_day_begins_at_nothing():
    replicas = BookReplicas()
    replicas.take_quote(limits(total=1_000))
    assert replicas.take_quote(limits(at_s=2, total=900)) == (BookFault.TOTAL_FELL,)
    assert replicas.take_quote(limits(at_s=1, total=800)) == ()  # an older message that came late
    assert replicas.take_quote(limits(at_s=24 * 3_600, total=0)) == ()
    assert replicas.take_book(book(asks=((30_000, 100),), at_s=48 * 3_600)) == ()  # yesterday's limits bind nobody
