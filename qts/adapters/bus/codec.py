"""Events to bus messages and back: JSON objects with the field names of the dataclasses."""

from collections.abc import Iterable
from functools import cache

import msgspec

from qts.domain.errors import TerminalError
from qts.domain.events import REGISTRY, Event
from qts.domain.ports import Bus, BusMessage

_ENCODER = msgspec.json.Encoder()


def encode(event: Event) -> BusMessage:
    return BusMessage(event.topic, event.key, _ENCODER.encode(event))


def decode(topic: str, body: bytes) -> Event:
    """The event of a message. Fields that a newer sender added are dropped; anything else amiss is a TerminalError."""
    try:
        return _decoder(topic).decode(body)
    except KeyError:
        raise TerminalError(f"unknown topic {topic}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TerminalError(f"malformed message on {topic}: {error}") from error


def publish_events(bus: Bus, events: Iterable[Event]) -> None:
    """All events in one round trip; raises what `Bus.publish` raises, and then some of them may have been sent."""
    messages = [encode(event) for event in events]
    if messages:
        bus.publish(messages)


@cache
def _decoder(topic: str) -> "msgspec.json.Decoder[Event]":
    return msgspec.json.Decoder(REGISTRY[topic])
