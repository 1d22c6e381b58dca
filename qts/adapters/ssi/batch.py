"""What records of the write-ahead log mean: intake, replay and every later reader take them in here, so all agree."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from qts.adapters.ssi.codec import decode_frame
from qts.domain.events import Event, MessageDeadLettered, TickReceived
from qts.domain.values import InstrumentKind

SECOND_MS: Final = 1_000
_MARKER: Final = b'{"qts_subscribed_ms":'


class _Subscribed(msgspec.Struct):
    """A record of our own in the log: a new subscription began at this market time."""

    qts_subscribed_ms: int


class Batch:
    """Events of some records of the log, and the checkpoint after them."""

    def __init__(self, subscribed_ms: int) -> None:
        self.events: list[Event] = []
        self.snapshots: list[Event] = []
        self._begin(subscribed_ms)
        self.size = 0

    def take(
        self, payload: bytes, received_ns: int, position: str, instruments: Mapping[str, InstrumentKind]
    ) -> Sequence[str]:
        """One record more; returns what the server had to say."""
        self.size += 1
        if payload.startswith(_MARKER):
            self._begin(msgspec.json.decode(payload, type=_Subscribed).qts_subscribed_ms)
            return ()
        decoded = decode_frame(payload, ts_received_ns=received_ns, wal_position=position, instruments=instruments)
        self.snapshots += decoded.snapshots
        for event in decoded.events:
            if not isinstance(event, TickReceived) or event.ts_exchange_ms >= self._first_ms:
                self.events.append(event)
        for failure in decoded.failures:
            self.events.append(
                MessageDeadLettered(
                    raw=failure.raw,
                    reason=failure.reason,
                    ts_received_ns=received_ns,
                    wal_position=failure.wal_position,
                )
            )
        return decoded.notices

    def _begin(self, subscribed_ms: int) -> None:
        self.subscribed_ms = subscribed_ms
        self._first_ms = subscribed_ms - subscribed_ms % SECOND_MS  # the wire's times are whole seconds


def subscribed_record(market_ms: int) -> bytes:
    return msgspec.json.encode(_Subscribed(market_ms))
