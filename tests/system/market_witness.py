"""A second listener on the exchange's market stream, which shares nothing with the system but the wire."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from qts.adapters.ssi.codec import decode_frame
from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.domain.errors import TransientError
from qts.domain.events import TickReceived

Match = tuple[str, int, int, int]  # symbol, market time in ms, price in VND, quantity

SETTLED_NS = 2 * 10**9  # after connecting: until then old matches may come, which the server tells to whoever is new
SECOND_MS = 1_000  # the wire's times are whole seconds


class Span(NamedTuple):
    """Of the market's time, both ends within; `symbols` as gaps name them."""

    from_ms: int
    to_ms: int
    symbols: str = "*"


class MarketWitness:
    """Collects every match that it hears of, and judges by the market's time: how late a listener on a busy machine
    takes a message off the wire says nothing about which one it is.
    """

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self._url = url
        self._client = MarketDataClient(url, DataCredentials(**credentials))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._listening = threading.Event()
        self.heard: list[tuple[int, Match]] = []
        self._connected_at: list[tuple[int, int]] = []  # wall clock, ns, and how many had been heard by then

    def start(self) -> None:
        self._thread.start()
        assert self._listening.wait(30), "the witness cannot connect"

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def compare(self, stored: Iterable[Match], gaps: Iterable[Span]) -> tuple[Counter[Match], Counter[Match], int]:
        """What the system misses, what it has too much, and how many matches were heard outside its gaps.

        Equal matches of one second are told apart by their number only; those of the second in which a span begins or
        ends are not held against the system.
        """
        told, deaf = self._told()
        is_deaf, is_excused = _among(deaf), _among([*deaf, *gaps])
        kept = Counter(stored)
        surely = Counter({match: count for match, count in told.items() if not is_excused(match)})
        invented = Counter({match: count for match, count in kept.items() if not is_deaf(match)}) - told
        return surely - kept, invented, surely.total()

    def _told(self) -> tuple[Counter[Match], list[Span]]:
        """Without what was heard just after connecting; and when it could not hear, or not surely: until it was
        connected, between two connections, and from the last match on."""
        told: Counter[Match] = Counter()
        spans, heard_ms = [], 0
        ends = [count for _, count in self._connected_at[1:]] + [len(self.heard)]
        for (connected_ns, begin), end in zip(self._connected_at, ends, strict=True):
            settling = [match for at_ns, match in self.heard[begin:end] if at_ns < connected_ns + SETTLED_NS]
            surely = [match for _, match in self.heard[begin + len(settling) : end]]
            spans.append(Span(heard_ms, max((match[1] for match in settling), default=heard_ms)))
            told.update(surely)
            heard_ms = max((match[1] for match in settling + surely), default=heard_ms)
        return told, [*spans, Span(heard_ms, 2**62)]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                stream = connect_market_stream(self._url, self._client, ["B:ALL"])
            except TransientError:
                time.sleep(0.2)
                continue
            self._connected_at.append((time.time_ns(), len(self.heard)))
            self._listening.set()
            try:
                while not self._stop.is_set():
                    for frame in stream.frames(0.2):
                        self._take(frame.received_ns, frame.raw)
            except TransientError:
                pass  # and again
            finally:
                stream.close()

    def _take(self, received_ns: int, raw: bytes) -> None:
        decoded = decode_frame(raw, ts_received_ns=received_ns, wal_position="0:0", instruments={})
        self.heard += [
            (received_ns, (tick.symbol, tick.ts_exchange_ms, tick.price_vnd, tick.quantity))
            for tick in decoded.events
            if isinstance(tick, TickReceived)
        ]


def _among(spans: Iterable[Span]) -> Callable[[Match], bool]:
    """Whether a match lies within one of the spans of its symbol."""
    of: dict[str, list[tuple[int, int]]] = {}
    for span in spans:
        for symbol in span.symbols.split(","):
            of.setdefault(symbol, []).append((span.from_ms - SECOND_MS, span.to_ms + SECOND_MS))

    def is_among(match: Match) -> bool:
        symbol, at_ms = match[:2]
        return any(first <= at_ms <= last for first, last in of.get("*", []) + of.get(symbol, []))

    return is_among
