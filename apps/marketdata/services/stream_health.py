"""How the stream is doing, as operators see it: messages by channel, symbol and session, rate, latency, order books.

Kept by the reader of the stream and written to Redis once a second. It is a view for people, not a ledger: a reader
that is killed loses the last second of it, and what is replayed from the log counts again.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings

from apps.marketdata.selectors.stream_health import BOOKS_KEY, COUNTS_KEY, HEALTH_KEY, SNAPSHOTS
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.events import Event, QuoteUpdated
from qts.domain.market.book_check import BookReplicas
from qts.domain.values import Session
from qts.observability.metrics import BOOK_FAILURES

LATENCIES_MAX = 5_000
RATE_OVER_S = 10.0
COUNTS_KEPT_S = 8 * 24 * 3_600
_NS_PER_MS = 1_000_000


class StreamHealth:
    """`take` for each batch, `write` now and then."""

    def __init__(self) -> None:
        self._client: Any = redis_client(settings.REDIS_URL)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._totals: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._total = 0
        self._books = BookReplicas()
        self._told_books: dict[str, dict[str, object]] = {}

    def take(self, events: Sequence[Event], *, published_ns: int, is_replay: bool) -> None:
        self._counts.update([(event.topic, event.key) for event in events])
        for event in events:
            for fault in self._books.take(event):
                BOOK_FAILURES.labels(fault=fault.value).inc()
        self._total += len(events)
        if not is_replay:
            received = (getattr(event, "ts_received_ns", published_ns) for event in events)
            self._latencies_ms.extend((published_ns - at_ns) / _NS_PER_MS for at_ns in received)

    def note_snapshots(self, snapshots: Sequence[Event]) -> None:
        """The events of X messages, each of which is a book and a quote; most of them tell nothing new."""
        self._counts.update((SNAPSHOTS, event.key) for event in snapshots if isinstance(event, QuoteUpdated))

    def write(self, day: date, session: Session, *, is_behind: bool) -> None:
        """Raises TransientError while Redis is away; what was counted then is lost."""
        counts, self._counts = self._counts, Counter()
        key = COUNTS_KEY + day.isoformat()
        with transient_errors(), self._client.pipeline(transaction=False) as pipe:
            for (topic, symbol), count in counts.items():
                pipe.hincrby(key, f"{session}|{topic}|{symbol}", count)
            pipe.expire(key, COUNTS_KEPT_S)
            pipe.hset(HEALTH_KEY, mapping=self._figures(is_behind))
            for symbol, told in self._changed_books().items():
                pipe.hset(BOOKS_KEY, symbol, json.dumps(told))
            pipe.execute()

    def _figures(self, is_behind: bool) -> dict[str, str]:
        now = time.monotonic()
        self._totals.append((now, self._total))
        while len(self._totals) > 2 and self._totals[0][0] < now - RATE_OVER_S:
            self._totals.popleft()
        since, before = self._totals[0]
        ordered = sorted(self._latencies_ms)
        parts = {f"p{part}_ms": f"{_part_of(ordered, part):.3f}" for part in (50, 95, 99)}
        rate = (self._total - before) / max(now - since, 0.001)
        return parts | {
            "rate": f"{rate:.1f}",
            "is_behind": str(int(is_behind)),
            "books_checked": str(self._books.checked),
        }

    def _changed_books(self) -> dict[str, dict[str, object]]:
        books: dict[str, dict[str, object]] = {
            symbol: {"failures": dict(counts), "wrong_now": list(self._books.wrong_now.get(symbol, ()))}
            for symbol, counts in self._books.failures.items()
        }
        changed = {symbol: told for symbol, told in books.items() if self._told_books.get(symbol) != told}
        self._told_books |= changed
        return changed


def _part_of(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of all do not exceed; 0 without any."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0
