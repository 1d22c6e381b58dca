"""The event bus: one port, chosen by `EVENT_BUS_URL`."""

from qts.adapters.bus.codec import decode, encode, publish_events
from qts.adapters.bus.connect import answers, connect, connect_tail
from qts.adapters.bus.tail import AsyncTail, Tail

__all__ = ["AsyncTail", "Tail", "answers", "connect", "connect_tail", "decode", "encode", "publish_events"]
