"""The event bus: one port, chosen by `EVENT_BUS_URL`."""

from qts.adapters.bus.codec import decode, encode, publish_events
from qts.adapters.bus.connect import connect
from qts.adapters.bus.tail import AsyncTail

__all__ = ["AsyncTail", "connect", "decode", "encode", "publish_events"]
