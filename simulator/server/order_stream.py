"""Clients of the order stream: they send nothing and get their customer's notices, from the number they ask for."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from simulator.broker.broker import Broker, Notice
from simulator.server.stream_socket import StreamSocket
from simulator.wire import signalr

HUB: Final = "BroadcastHubV2"
_ONLY_NEW: Final = -1


class OrderStreams:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sockets: dict[StreamSocket, str] = {}
        self._cursor = 0

    async def serve(self, socket: web.WebSocketResponse, customer_id: str, from_notify_id: int) -> None:
        """-1: only what comes; 0: everything of the day; n: from number n on, n itself included."""
        stream = StreamSocket(socket, lambda: False)
        stream.offer([signalr.INIT])
        if from_notify_id != _ONLY_NEW and self._broker.day is not None:
            missed = self._broker.journal.notices(customer_id, self._broker.day, from_notify_id)
            stream.offer(signalr.frames(HUB, [signalr.json_string(body) for body in missed], self._cursor))
        self._sockets[stream] = customer_id
        try:
            await stream.serve(_ignore)
        finally:
            del self._sockets[stream]

    def send(self, notices: Sequence[Notice]) -> None:
        """Committed notices, each to its customer's streams, in order."""
        if not notices:
            return
        self._cursor += 1
        for stream, customer_id in self._sockets.items():
            wanted = [signalr.json_string(one.body) for one in notices if one.customer_id == customer_id]
            stream.offer(signalr.frames(HUB, wanted, self._cursor))

    def drop_all(self) -> None:
        for stream in self._sockets:
            stream.drop()

    def __len__(self) -> int:
        return len(self._sockets)


def _ignore(_text: str) -> None:
    """Clients of this stream have nothing to say."""


def notify_id_of(request: web.Request) -> int:
    """The NotifyID header; without a number only what comes."""
    text = request.headers.get("NotifyID", "").strip()
    return int(text) if text.isdigit() else _ONLY_NEW
