"""Whatever arrives, the codecs raise nothing, and what they let through is sane."""

import json
from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from qts.adapters.bus import decode, encode
from qts.adapters.ssi.codec import decode_frame
from qts.adapters.ssi.trading_codec import decode_order_frame
from qts.adapters.tests.fastconnect_frames import (
    INDEX,
    ODD_LOT,
    ROOM,
    STATUS,
    TICK,
    TRADE,
    envelope,
    frame,
    market_frame,
    order_frame,
    quote,
)
from qts.domain.events import ForeignRoomUpdated, IndexUpdated

RECORDS = {
    "B": TICK,
    "X-TRADE": TRADE,
    "X-QUOTE": quote([(24500.0, 100.0)], [(24550.0, 100.0)]),
    "X": TRADE | quote([(24500.0, 100.0)], [(24550.0, 100.0)]),
    "OL": ODD_LOT,
    "F": STATUS,
    "R": ROOM,
    "MI": INDEX,
}
ORDER = {
    "orderID": "1",
    "notifyID": 5,
    "instrumentID": "SSI",
    "uniqueID": "7",
    "buySell": "B",
    "orderType": "LO",
    "price": 21000,
    "quantity": 100,
    "marketID": "VN",
    "account": "0901351",
    "orderStatus": "QU",
    "matchPrice": 21000,
    "matchQty": 100,
    "matchTime": "1656665019000",
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(["NaN", "", "1e9999", "-0", "Infinity", "24500.5", "99/99/9999", "24:00:00"]),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def check(raw: bytes | str) -> None:
    decoded = decode_frame(raw, ts_received_ns=1, wal_position="1:8", instruments={})
    for event in [*decoded.events, *decoded.snapshots]:
        assert decode(event.topic, encode(event).body) == event
        for one in fields(event):
            value = getattr(event, one.name)
            assert isinstance(value, str | int | tuple), (one.name, value)
            if isinstance(value, int) and not isinstance(event, ForeignRoomUpdated | IndexUpdated):
                assert value >= 0, one.name
    decode_order_frame(raw)


@settings(max_examples=400)
@given(st.binary(max_size=200))
def test_arbitrary_bytes(raw):
    check(raw)


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_arbitrary_text(raw):
    check(raw)


@settings(max_examples=300)
@given(JSON)
def test_arbitrary_json_at_each_level(value):
    text = json.dumps(value)
    check(text)
    check(json.dumps({"M": value}))
    check(frame(value))
    check(frame(text))
    for data_type in RECORDS:
        check(frame(envelope(data_type, text)))
    check(order_frame("orderEvent", value))


@settings(max_examples=400)
@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_any_value_in_any_field_of_a_sound_record(data_type, data):
    record = RECORDS[data_type]
    names = data.draw(st.lists(st.sampled_from(sorted(record)), min_size=1, max_size=3))
    check(market_frame(data_type, record | {name: data.draw(JSON) for name in names}))


@settings(max_examples=300)
@given(st.sampled_from(["orderEvent", "orderMatchEvent", "orderError", "other"]), st.data())
def test_any_value_in_any_field_of_an_order_message(kind, data):
    names = data.draw(st.lists(st.sampled_from(sorted(ORDER)), min_size=1, max_size=3))
    decoded = decode_order_frame(order_frame(kind, ORDER | {name: data.draw(JSON) for name in names}))
    assert len(decoded.messages) + len(decoded.failures) + decoded.ignored == 1


@settings(max_examples=300)
@given(st.sampled_from(sorted(RECORDS)), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=3))
def test_a_sound_frame_with_bytes_overwritten(data_type, place, noise):
    raw = bytearray(market_frame(data_type, RECORDS[data_type]))
    start = int(place * len(raw))
    raw[start : start + len(noise)] = noise
    check(bytes(raw))
