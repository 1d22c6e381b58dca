"""A second listener on the exchange's market stream, which shares nothing with the system but the wire."""

import threading
import time
from collections import Counter
from collections.abc import Iterable

from qts.adapters.ssi.codec import decode_frame
from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.domain.errors import TransientError
from qts.domain.events import TickReceived

Match = tuple[str, int, int, int]  # symbol, market time in ms, price in VND, quantity
Span = tuple[int, int]  # of the wall clock, ns

SLACK_NS = 3 * 10**9  # between the moments at which two listeners on a busy machine take the same message off the wire


class MarketWitness:
    """Collects every match that it hears of; `deaf` are the spans in which it could not hear."""

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self._url = url
        self._client = MarketDataClient(url, DataCredentials(**credentials))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._listening = threading.Event()
        self.heard: list[tuple[int, Match]] = []
        self.deaf: list[Span] = []

    def start(self) -> None:
        began_ns = time.time_ns()
        self._thread.start()
        assert self._listening.wait(30), "the witness cannot connect"
        self.deaf.append((0, max(began_ns, time.time_ns())))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        self.deaf.append((time.time_ns() - SLACK_NS, 2**63))

    def compare(
        self, stored: Iterable[tuple[int, Match]], gaps: list[Span]
    ) -> tuple[Counter[Match], Counter[Match], int]:
        """What the system misses, what it has too much, and how many matches were heard outside its gaps.

        Equal matches of one second are told apart by their number only. Near the ends of a span nobody can say on which
        side a message fell, so it is not held against the system there.
        """
        stored = list(stored)
        heard_surely = Counter(match for at_ns, match in self.heard if not _is_near(at_ns, gaps + self.deaf))
        stored_surely = Counter(match for at_ns, match in stored if not _is_near(at_ns, self.deaf))
        missing = heard_surely - Counter(match for _, match in stored)
        invented = stored_surely - Counter(match for _, match in self.heard)
        return missing, invented, heard_surely.total()

    def _run(self) -> None:
        deaf_since_ns = 0
        while not self._stop.is_set():
            try:
                stream = connect_market_stream(self._url, self._client, ["B:ALL"])
            except TransientError:
                time.sleep(0.2)
                continue
            if deaf_since_ns:
                self.deaf.append((deaf_since_ns, time.time_ns()))
            self._listening.set()
            try:
                while not self._stop.is_set():
                    for frame in stream.frames(0.2):
                        self._take(frame.received_ns, frame.raw)
            except TransientError:
                deaf_since_ns = stream.last_frame_ns
            finally:
                stream.close()

    def _take(self, received_ns: int, raw: bytes) -> None:
        decoded = decode_frame(raw, ts_received_ns=received_ns, wal_position="0:0", instruments={})
        self.heard += [
            (received_ns, (tick.symbol, tick.ts_exchange_ms, tick.price_vnd, tick.quantity))
            for tick in decoded.events
            if isinstance(tick, TickReceived)
        ]


def _is_near(at_ns: int, spans: list[Span]) -> bool:
    return any(from_ns - SLACK_NS <= at_ns <= to_ns + SLACK_NS for from_ns, to_ns in spans)
