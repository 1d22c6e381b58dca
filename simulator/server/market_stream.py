"""Clients of the market stream: SwitchChannels replaces what a client had; a snapshot comes first."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from simulator.market_feed import MarketFeed, Message
from simulator.server.disturbances import Disturbances
from simulator.server.faults import Faults
from simulator.server.stream_socket import StreamSocket
from simulator.wire import signalr
from simulator.wire.market_records import CHANNEL_TYPES, HUB

_METHOD: Final = "switchchannels"

Channels = dict[str, frozenset[str] | None]  # message type -> symbols, None for all


def parse_channels(text: str) -> Channels:
    """`TYPE:SYM1-SYM2` or `TYPE:ALL`, several joined by commas; blanks are dropped; symbols are in upper case.

    Raises ValueError for anything else.
    """
    channels: Channels = {}
    for part in text.replace(" ", "").split(","):
        data_type, colon, listed = part.partition(":")
        data_type = data_type.upper()
        if not colon or not listed or data_type not in CHANNEL_TYPES:
            raise ValueError(f"unknown channel {part!r}")
        symbols = frozenset(symbol.upper() for symbol in listed.split("-") if symbol)
        _add(channels, data_type, None if "ALL" in symbols else symbols)
    return channels


def _add(channels: Channels, data_type: str, symbols: frozenset[str] | None) -> None:
    """None is every symbol, and stays that."""
    known = channels.get(data_type, frozenset())
    channels[data_type] = None if known is None or symbols is None else known | symbols


class _Subscriber:
    def __init__(self, socket: StreamSocket) -> None:
        self.socket = socket
        self.channels: Channels = {}

    def wants(self, message: Message) -> bool:
        if message.data_type not in self.channels:
            return False
        symbols = self.channels[message.data_type]
        return symbols is None or message.symbol.upper() in symbols  # index codes have small letters too


class MarketStreams:
    def __init__(self, feed: MarketFeed, faults: Callable[[], Faults]) -> None:
        self._feed = feed
        self._faults = faults
        self.disturbances: Disturbances[Message] = Disturbances(lambda one: (one.data_type, one.symbol))
        self._subscribers: list[_Subscriber] = []
        self._cursor = 0

    async def serve(self, stream: StreamSocket) -> None:
        """Until one side closes; over the quota of connections the client is told and closed at once."""
        allowed = self._faults().streams_max
        over = 1 + sum(one.socket.key == stream.key for one in self._subscribers) - allowed
        if allowed and over > 0:
            await stream.refuse(signalr.error_frame(HUB, signalr.connections_text(allowed, over)))
            return
        subscriber = _Subscriber(stream)
        self._subscribers.append(subscriber)
        stream.offer([signalr.INIT])
        try:
            await stream.serve(lambda text: self._called(subscriber, text))
        finally:
            self._subscribers.remove(subscriber)
            self._note_wanted()

    def send(self, happened: Sequence[Message]) -> None:
        messages = self.disturbances.pass_on(happened, time.time())
        if not messages:
            return
        self._cursor += 1
        for subscriber in self._subscribers:
            wanted = [message.argument for message in messages if subscriber.wants(message)]
            if wanted:
                subscriber.socket.offer(signalr.frames(HUB, wanted, self._cursor))

    def send_frame(self, frame: str) -> None:
        """Whatever it is, to everybody."""
        for stream in self.sockets():
            stream.offer([frame])

    def sockets(self) -> list[StreamSocket]:
        return [subscriber.socket for subscriber in self._subscribers]

    def drop_all(self) -> None:
        for stream in self.sockets():
            stream.drop()

    def __len__(self) -> int:
        return len(self._subscribers)

    def _called(self, subscriber: _Subscriber, text: str) -> None:
        try:
            call = msgspec.json.decode(text, type=signalr.Invocation)
        except msgspec.MsgspecError:
            return  # SignalR servers drop what they cannot read
        if call.hub.lower() != HUB.lower() or call.method.lower() != _METHOD:
            subscriber.socket.offer([signalr.result(call.call_id, f"'{call.method}' method could not be resolved")])
            return
        try:
            asked = parse_channels(_first_text(call.arguments))
        except ValueError as error:
            subscriber.socket.offer([signalr.result(call.call_id, str(error))])
            return
        self._switch(subscriber, asked)
        subscriber.socket.offer([signalr.result(call.call_id)])
        if self._faults().snapshot:
            subscriber.socket.offer(signalr.frames(HUB, self._snapshot(asked), self._cursor))

    def _switch(self, subscriber: _Subscriber, asked: Channels) -> None:
        if not self._faults().adds_channels:
            subscriber.channels = {}
        for data_type, symbols in asked.items():
            _add(subscriber.channels, data_type, symbols)
        self._note_wanted()

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
