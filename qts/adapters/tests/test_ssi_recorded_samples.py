"""Messages as SSI really sent or printed them; skipped where the recordings are not there."""

import json
from collections import Counter
from typing import TypeVar

import pytest

from qts.adapters.ssi.codec import Decoded, decode_frame
from qts.adapters.ssi.trading_codec import BrokerError, BrokerMatch, BrokerOrderEvent, decode_order_frame
from qts.adapters.tests.fastconnect_frames import frame, recorded
from qts.domain.events import Event, IndexUpdated, OrderBookUpdated, QuoteUpdated, TickReceived
from qts.domain.values import Side

E = TypeVar("E", bound=Event)
pytestmark = pytest.mark.shared_data


def of_type(kind: type[E], results: list[Decoded]) -> list[E]:
    """The events, every one of which must be of this type."""
    events = [event for one in results for event in one.events]
    found = [event for event in events if isinstance(event, kind)]
    assert len(found) == len(events)
    return found


def decoded(name: str) -> list[Decoded]:
    return [decode_frame(frame(line), ts_received_ns=1, wal_position="1:8", instruments={}) for line in recorded(name)]


def test_an_opening_auction_every_print_is_a_tick_of_its_own():
    results = decoded("stream_b_20260720_open.jsonl")

    assert [one.failures for one in results if one.failures] == []
    ticks = of_type(TickReceived, results)
    assert len(ticks) == 72
    assert Counter(tick.symbol for tick in ticks) == {"HPG": 70, "VCB": 1, "TCB": 1}
    assert sum(tick.quantity for tick in ticks if tick.symbol == "HPG" and tick.price_vnd == 21_750) > 0
    assert len(set(ticks)) < len(ticks), "identical prints are separate fills"


def test_a_continuous_stretch_without_the_matches_of_the_index():
    lines = [json.loads(json.loads(line)["Content"]) for line in recorded("stream_b_20260720_1336.jsonl")]
    results = decoded("stream_b_20260720_1336.jsonl")

    ticks = of_type(TickReceived, results)
    shares = [line for line in lines if line["Symbol"] != "VNINDEX"]
    assert [(tick.symbol, tick.price_vnd, tick.quantity) for tick in ticks] == [
        (line["Symbol"], line["Close"], line["Volume"]) for line in shares
    ]
    assert sum(one.ignored for one in results) == len(lines) - len(shares) == 2


def test_an_index_every_five_seconds():
    events = of_type(IndexUpdated, decoded("stream_mi_20260720.jsonl"))

    assert len(events) == 25
    assert {event.index_code for event in events} == {"VNINDEX"}
    assert events[0].value_centipoints == 174_636
    assert events[0].total_value_vnd == 10_430_967_264_120
    assert [event.ts_exchange_ms for event in events] == sorted(event.ts_exchange_ms for event in events)


def test_the_documented_samples():
    results = decoded("stream_doc_samples.jsonl")

    assert [one.failures for one in results if one.failures] == []
    events = [event for one in results for event in [*one.events, *one.snapshots]]
    assert Counter(type(event).__name__ for event in events) == {
        "OrderBookUpdated": 4,
        "QuoteUpdated": 4,
        "SessionChanged": 1,
        "ForeignRoomUpdated": 1,
        "IndexUpdated": 1,
        "TickReceived": 1,
        "OddLotUpdated": 1,
    }
    quotes = {event.symbol: event for event in events if isinstance(event, QuoteUpdated)}
    assert (quotes["VN30F2407"].last_vnd, quotes["VN30F2407"].average_vnd) == (128_390_000, 128_454_616)
    assert (quotes["41I1G4000"].ceiling_vnd, quotes["41I1G4000"].average_vnd) == (201_160_000, 0)
    books = {event.symbol: event for event in events if isinstance(event, OrderBookUpdated)}
    assert len(books["TAR"].bids) == 10
    assert books["ACB"].asks == ((22_950, 109_100), (23_000, 208_600), (23_050, 207_200))
    assert books["41I1G4000"].bids == ()


def test_the_documented_order_messages():
    results = [decode_order_frame(frame(line)) for line in recorded("trading_events_samples.jsonl")]

    assert [one.failures for one in results if one.failures] == []
    messages = [message for one in results for message in one.messages]
    kinds = Counter(type(message) for message in messages)
    assert kinds == {BrokerOrderEvent: 3, BrokerError: 4, BrokerMatch: 1}
    assert sum(one.ignored for one in results) == 1, "derivative positions"
    first = messages[0]
    assert isinstance(first, BrokerOrderEvent)
    assert (first.notify_id, first.order.price_vnd, first.order.status) == (10, 141_000_000, "RS")
    cancelled = messages[2]
    assert isinstance(cancelled, BrokerOrderEvent)
    assert (cancelled.order.status, cancelled.order.cancelled_quantity, cancelled.open_quantity) == ("CL", 2, 0)
    (match,) = [message for message in messages if isinstance(message, BrokerMatch)]
    assert (match.symbol, match.side, match.price_vnd, match.quantity) == ("BVS", Side.BUY, 1_000, 100)
    assert max(one.notify_id_last for one in results) == 101_180
