"""Clients of the market stream: SwitchChannels replaces what a client had; a snapshot comes first."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from aiohttp import web

from simulator.market_feed import MarketFeed, Message
from simulator.server.faults import Faults
from simulator.server.stream_socket import StreamSocket
from simulator.wire import signalr
from simulator.wire.market_records import CHANNEL_TYPES, HUB

_METHOD: Final = "switchchannels"

Channels = dict[str, frozenset[str] | None]  # message type -> symbols, None for all


def parse_channels(text: str) -> Channels:
    """`TYPE:SYM1-SYM2` or `TYPE:ALL`, several joined by commas; blanks are dropped. OL is known and never sends.

    Raises ValueError for anything else.
    """
    channels: Channels = {}
    for part in text.replace(" ", "").split(","):
        data_type, colon, listed = part.partition(":")
        data_type = data_type.upper()
        if not colon or not listed or data_type not in CHANNEL_TYPES | {"OL"}:
            raise ValueError(f"unknown channel {part!r}")
        symbols = frozenset(symbol.upper() for symbol in listed.split("-") if symbol)
        channels[data_type] = None if "ALL" in symbols else symbols | (channels.get(data_type) or frozenset())
    return channels


class _Subscriber:
    def __init__(self, socket: StreamSocket) -> None:
        self.socket = socket
        self.channels: Channels = {}

    def wants(self, message: Message) -> bool:
        if message.data_type not in self.channels:
            return False
        symbols = self.channels[message.data_type]
        return symbols is None or message.symbol in symbols


class MarketStreams:
    def __init__(self, feed: MarketFeed, faults: Callable[[], Faults]) -> None:
        self._feed = feed
        self._faults = faults
        self._subscribers: list[_Subscriber] = []
        self._cursor = 0

    async def serve(self, socket: web.WebSocketResponse) -> None:
        subscriber = _Subscriber(StreamSocket(socket, lambda: self._faults().silence))
        self._subscribers.append(subscriber)
        subscriber.socket.offer([signalr.INIT])
        try:
            await subscriber.socket.serve(lambda text: self._called(subscriber, text))
        finally:
            self._subscribers.remove(subscriber)
            self._note_wanted()

    def send(self, messages: list[Message]) -> None:
        if not messages:
            return
        self._cursor += 1
        for subscriber in self._subscribers:
            wanted = [message.argument for message in messages if subscriber.wants(message)]
            if wanted:
                subscriber.socket.offer(signalr.frames(HUB, wanted, self._cursor))

    def send_broken(self) -> None:
        """A message whose content is no JSON, to everybody."""
        argument = signalr.json_string('{"DataType":"X-TRADE","Content":"{\\"RType\\":\\"X-TRADE\\",\\"Symbol"}')
        self._to_all(signalr.frames(HUB, [argument], self._cursor))

    def drop_all(self) -> None:
        for subscriber in self._subscribers:
            subscriber.socket.drop()

    def __len__(self) -> int:
        return len(self._subscribers)

    def _to_all(self, frames: Iterable[str]) -> None:
        frames = list(frames)
        for subscriber in self._subscribers:
            subscriber.socket.offer(frames)

    def _called(self, subscriber: _Subscriber, text: str) -> None:
        try:
            call = msgspec.json.decode(text, type=signalr.Invocation)
        except msgspec.MsgspecError:
            return  # SignalR servers drop what they cannot read
        if call.hub.lower() != HUB.lower() or call.method.lower() != _METHOD:
            subscriber.socket.offer([signalr.result(call.call_id, f"'{call.method}' method could not be resolved")])
            return
        try:
            subscriber.channels = parse_channels(_first_text(call.arguments))
        except ValueError as error:
            subscriber.socket.offer([signalr.result(call.call_id, str(error))])
            return
        self._note_wanted()
        subscriber.socket.offer([signalr.result(call.call_id)])
        if self._faults().snapshot:
            subscriber.socket.offer(signalr.frames(HUB, self._snapshot(subscriber.channels), self._cursor))

    def _snapshot(self, channels: Channels) -> list[str]:
        messages: list[Message] = []
        for data_type, symbols in channels.items():
            messages += self._feed.snapshot(data_type, symbols)
            if data_type == "B" and self._faults().snapshot_ticks:
                messages += self._feed.last_ticks(symbols)
        return [message.argument for message in messages]

    def _note_wanted(self) -> None:
        self._feed.wanted = frozenset(kind for one in self._subscribers for kind in one.channels)


def _first_text(arguments: list[Any]) -> str:
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise ValueError("SwitchChannels takes one string")
    return arguments[0]
