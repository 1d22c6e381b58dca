"""Clients of the order stream: they send nothing and get their customer's notices, from the number they ask for."""

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

from simulator.broker.broker import Broker, Notice
from simulator.server.disturbances import Disturbances
from simulator.server.faults import Faults
from simulator.server.stream_socket import StreamSocket
from simulator.wire import signalr
from simulator.wire.texts import whole_number

HUB: Final = "BroadcastHubV2"
_ONLY_NEW: Final = -1


class _Subject(msgspec.Struct):
    instrument: str = msgspec.field(default="", name="instrumentID")


class _Event(msgspec.Struct):
    """What a disturbance may ask of a notice."""

    type: str
    data: _Subject


class OrderStreams:
    """Each stream's key is its customer's id; several streams of one customer all get everything."""

    def __init__(self, broker: Broker, faults: Callable[[], Faults]) -> None:
        self._broker = broker
        self._faults = faults
        self.disturbances: Disturbances[Notice] = Disturbances(_label)
        self._sockets: list[StreamSocket] = []
        self._cursor = 0

    async def serve(self, stream: StreamSocket, from_notify_id: int) -> None:
        """-1: only what comes; 0: everything of the day; n: from number n on, n itself included."""
        allowed = self._faults().streams_max
        over = 1 + sum(one.key == stream.key for one in self._sockets) - allowed
        if allowed and over > 0:
            await stream.refuse(signalr.error_frame(HUB, signalr.connections_text(allowed, over)))
            return
        stream.offer([signalr.INIT])
        if from_notify_id != _ONLY_NEW and self._broker.day is not None:
            missed = self._broker.journal.notices(stream.key, self._broker.day, from_notify_id)
            stream.offer(signalr.frames(HUB, [signalr.json_string(body) for body in missed], self._cursor))
        self._sockets.append(stream)
        try:
            await stream.serve(_ignore)
        finally:
            self._sockets.remove(stream)

    def send(self, happened: Sequence[Notice]) -> None:
        """Committed notices, each to its customer's streams, in order."""
        notices = self.disturbances.pass_on(happened, time.time())
        if not notices:
            return
        self._cursor += 1
        for stream in self._sockets:
            wanted = [signalr.json_string(one.body) for one in notices if one.customer_id == stream.key]
            stream.offer(signalr.frames(HUB, wanted, self._cursor))

    def send_frame(self, frame: str, customer_id: str = "") -> None:
        """Whatever it is, to everybody or to one customer's streams."""
        for stream in self.sockets(customer_id):
            stream.offer([frame])

    def sockets(self, customer_id: str = "") -> list[StreamSocket]:
        return [stream for stream in self._sockets if customer_id in ("", stream.key)]

    def drop_all(self, customer_id: str = "") -> None:
        for stream in self.sockets(customer_id):
            stream.drop()

    def finish_all(self, customer_id: str) -> None:
        for stream in self.sockets(customer_id):
            stream.finish()

    def __len__(self) -> int:
        return len(self._sockets)


def _label(notice: Notice) -> tuple[str, str]:
    event = msgspec.json.decode(notice.body, type=_Event)
    return event.type, event.data.instrument


def _ignore(_text: str) -> None:
    """Clients of this stream have nothing to say."""


def notify_id_of(request: web.Request) -> int:
    """The NotifyID header; without one only what comes. Raises web.HTTPBadRequest for anything but -1 and a number."""
    text = request.headers.get("NotifyID", "").strip()
    if text in ("", str(_ONLY_NEW)):
        return _ONLY_NEW
    if (number := whole_number(text)) is None:
        raise web.HTTPBadRequest(reason="NotifyID is invalid")
    return number
