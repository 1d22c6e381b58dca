"""X tells again what X-TRADE and X-QUOTE tell: it counts only where they are silent."""

from typing import Any

from qts.domain.events import OrderBookUpdated, QuoteUpdated, TickReceived
from qts.domain.market.snapshots import QUIET_NS, SnapshotSieve

START_NS = 1_700_000_000_000_000_000


def quote(symbol="SSI", at_ns=0, total=1_000, **changes):
    fields: dict[str, Any] = dict.fromkeys(QuoteUpdated.__slots__, 0)
    fields |= dict.fromkeys(("aggressor", "session", "status"), "") | {"wal_position": "1:8"}
    return QuoteUpdated(
        **fields | {"symbol": symbol, "ts_received_ns": START_NS + at_ns, "total_quantity": total} | changes
    )


def book(symbol="SSI", at_ns=0):
    return OrderBookUpdated(
        symbol=symbol, bids=((24_950, 100),), asks=(), session="", ts_exchange_ms=0, ts_received_ns=START_NS + at_ns,
        wal_position="1:8",
    )  # fmt: skip


def sieve_that_heard(*events):
    sieve = SnapshotSieve()
    sieve.subscribed(1)
    sieve.heard(events)
    return sieve


def test_it_counts_for_a_security_until_its_own_channels_have_spoken():
    sieve = sieve_that_heard(quote("SSI"), book("VNM"))
    told = [book("SSI"), quote("SSI"), book("VNM"), quote("VNM")]
    assert sieve.what_is_new(told) == [told[0], told[3]]


def test_it_comes_in_again_where_a_channel_is_silent_for_a_while():
    sieve = sieve_that_heard(quote(), book())
    assert sieve.what_is_new([quote(at_ns=QUIET_NS, total=1_200), book(at_ns=QUIET_NS)]) == []
    late = [quote(at_ns=QUIET_NS + 1, total=1_200), book(at_ns=QUIET_NS + 1)]
    assert sieve.what_is_new(late) == late


def test_a_total_that_lies_behind_is_never_told():
    sieve = sieve_that_heard(quote(total=1_000))
    assert sieve.what_is_new([quote(at_ns=2 * QUIET_NS, total=900)]) == []


def test_a_new_subscription_begins_anew_and_the_same_one_does_not():
    sieve = sieve_that_heard(quote())
    sieve.subscribed(1)
    assert sieve.what_is_new([quote(at_ns=1)]) == []
    sieve.subscribed(2)
    assert sieve.what_is_new([quote(at_ns=1)]) == [quote(at_ns=1)]


def test_a_match_never_comes_out_of_it():
    tick = TickReceived(
        symbol="SSI", price_vnd=1, quantity=1, ts_exchange_ms=0, ts_received_ns=START_NS, wal_position="1:8"
    )
    assert sieve_that_heard().what_is_new([tick]) == []
