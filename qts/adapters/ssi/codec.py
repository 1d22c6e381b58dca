"""FC Data stream frames to domain events. Pure; whatever arrives, nothing is raised: what cannot be read is a Failure.

A classic SignalR frame holds broadcasts; each is a JSON string of {DataType, Content}, and Content is a JSON string of
the record, which `readers` reads. One X is both an OrderBookUpdated and a QuoteUpdated, which tell again what X-QUOTE
and X-TRADE tell: they come apart from the others, as `snapshots`. The n-th message of a frame (from 0) has the WAL
position "segment:offset:n", the first one the frame's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from qts.adapters.ssi.frames import FRAME
from qts.adapters.ssi.readers import READERS, Context
from qts.adapters.wal import message_position
from qts.domain.events import Event
from qts.domain.values import InstrumentKind

RAW_CHARACTERS_MAX: Final = 4_000

# Securities in these states are matched on the exchange; any other or unknown state means: do not trade.
TRADABLE_STATUSES: Final = frozenset({"N", "NL", "ND", "SP"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that could not be read: its text, cut, and why."""

    raw: str
    reason: str
    wal_position: str


@dataclass(slots=True)
class Decoded:
    """`snapshots` are the events of X; `notices` are the texts of the server's Error calls (quota, refused
    subscription); `ignored` counts messages that are sound but mean nothing to us: other DataTypes, and trades of an
    index."""

    events: list[Event] = field(default_factory=list)
    snapshots: list[Event] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    ignored: int = 0


class _Envelope(msgspec.Struct):
    data_type: str = msgspec.field(name="DataType")
    content: str = msgspec.field(name="Content")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def decode_frame(
    raw: bytes | str, *, ts_received_ns: int, wal_position: str, instruments: Mapping[str, InstrumentKind]
) -> Decoded:
    """All events of one frame. `instruments` says which symbols are futures, whose prices are index points."""
    decoded = Decoded()
    try:
        frame = FRAME.decode(raw)
    except _UNREADABLE as error:
        decoded.failures.append(_failure(raw, f"frame: {error}", wal_position))
        return decoded
    if frame.error:
        decoded.notices.append(frame.error)
    for index, invocation in enumerate(frame.invocations or ()):
        context = Context(ts_received_ns, message_position(wal_position, index), instruments)
        for argument in invocation.arguments:
            if invocation.method == "Broadcast":
                _decode_broadcast(argument, context, decoded)
            elif invocation.method == "Error":
                decoded.notices.append(str(argument))
            else:
                decoded.ignored += 1
    return decoded


def _decode_broadcast(argument: Any, context: Context, into: Decoded) -> None:
    try:
        if not isinstance(argument, str):
            raise TypeError("the broadcast is no string")
        envelope = _ENVELOPE.decode(argument)
        data_type = envelope.data_type
        read = READERS.get(data_type) or READERS.get(data_type := data_type.strip().upper())
        events = read(envelope.content, context) if read else ()
    except (*_UNREADABLE, TypeError) as error:
        into.failures.append(_failure(argument, str(error), context.wal_position))
        return
    if events:
        (into.snapshots if data_type == "X" else into.events).extend(events)
    else:
        into.ignored += 1


def _failure(raw: object, reason: str, wal_position: str) -> Failure:
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    return Failure(text[:RAW_CHARACTERS_MAX], reason[:RAW_CHARACTERS_MAX], wal_position)
