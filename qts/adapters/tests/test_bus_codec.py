from dataclasses import fields

import msgspec
import pytest

from qts.adapters.bus import decode, encode, publish_events
from qts.domain.errors import TerminalError
from qts.domain.events import REGISTRY, Event, OrderBookUpdated, OrderFilled, TickReceived
from qts.domain.ports import BusMessage

SAMPLES = {
    "str": "x",
    "int": 3,
    "bool": True,
    "dict[str, str]": {"rsi_14": "61.53"},
    "tuple[str, ...]": ("SSI", "VNM"),
    "tuple[tuple[int, int], ...]": ((25_000, 300), (24_950, 1)),
}


def sample(event_type: type[Event]) -> Event:
    values = {}
    for one in fields(event_type):
        name = one.type if isinstance(one.type, str) else getattr(one.type, "__name__", str(one.type))
        values[one.name] = SAMPLES[name if name in SAMPLES else str(one.type)]
    return event_type(**values)


@pytest.mark.parametrize("topic", sorted(REGISTRY))
def test_every_event_comes_back_equal(topic):
    event = sample(REGISTRY[topic])

    message = encode(event)

    assert message.topic == topic
    assert message.key == event.key
    assert decode(topic, message.body) == event
    assert set(msgspec.json.decode(message.body)) == {one.name for one in fields(event)}


def test_fields_of_a_newer_sender_are_dropped():
    event = sample(TickReceived)
    body = msgspec.json.encode({**msgspec.json.decode(encode(event).body), "venue": "HOSE"})

    assert decode(TickReceived.topic, body) == event


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("no.such.topic", b"{}"),
        (TickReceived.topic, b""),
        (TickReceived.topic, b"{}"),
        (TickReceived.topic, b"\xff\xfe"),
        (TickReceived.topic, b'{"symbol": 3}'),
        (OrderFilled.topic, b"[]"),
        (OrderBookUpdated.topic, b'{"bids": [[1]]}'),
    ],
)
def test_what_is_no_event_is_a_terminal_error(topic, body):
    with pytest.raises(TerminalError):
        decode(topic, body)


class RecordingBus:
    def __init__(self) -> None:
        self.calls: list[list[BusMessage]] = []

    def publish(self, messages):
        self.calls.append(list(messages))

    def consume(self, topics, *, group, consumer, count, block_ms):
        raise AssertionError("publishing reads nothing")

    def acknowledge(self, group, deliveries):
        raise AssertionError("publishing acknowledges nothing")

    def has_lost(self, topic, *, group):
        raise AssertionError("publishing asks nothing")

    def skip_older(self, topic, *, group, than_ms):
        raise AssertionError("publishing skips nothing")


def test_all_events_go_in_one_call_and_none_makes_no_call():
    bus = RecordingBus()
    events = [sample(TickReceived), sample(OrderFilled)]

    publish_events(bus, iter(events))
    publish_events(bus, [])

    assert bus.calls == [[encode(event) for event in events]]
