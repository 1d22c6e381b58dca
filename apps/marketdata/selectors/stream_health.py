"""What the reader of the stream says of its doings. Raises TransientError while Redis is away."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings

from qts.adapters.redis_client import redis_client, transient_errors

HEALTH_KEY = "qts:live:health"
BOOKS_KEY = "qts:live:book-failures"
SNAPSHOTS = "X"  # stands for a topic where messages are counted: what X tells has the topics of other channels
COUNTS_KEY = "qts:live:counts:"  # and the day


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """Messages a second over the last ten; from receipt to the bus, of the last 5,000 messages, milliseconds."""

    rate: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    is_behind: bool = False
    books_checked: int = 0


@dataclass(frozen=True, slots=True)
class MessageCount:
    """How many messages of one channel came of one symbol in one session of a day."""

    session: str
    topic: str
    symbol: str
    count: int


@dataclass(frozen=True, slots=True)
class BookState:
    """How often the order book of a symbol was wrong since the reader began, by BookFault, and what is now."""

    failures: dict[str, int] = field(default_factory=dict)
    wrong_now: tuple[str, ...] = ()

    @property
    def failure_count(self) -> int:
        return sum(self.failures.values())


def stream_figures() -> StreamFigures:
    found = _all_of(HEALTH_KEY)
    if not found:
        return StreamFigures()
    numbers = {name.decode(): float(value) for name, value in found.items()}
    is_behind, books = bool(numbers.pop("is_behind")), int(numbers.pop("books_checked"))
    return StreamFigures(**numbers, is_behind=is_behind, books_checked=books)


def message_counts(day: date) -> list[MessageCount]:
    """Of a day of the market; the last eight are kept."""
    counts = []
    for key, count in _all_of(COUNTS_KEY + day.isoformat()).items():
        session, topic, symbol = key.decode().split("|", 2)
        counts.append(MessageCount(session, topic, symbol, int(count)))
    return sorted(counts, key=lambda one: (one.session, one.topic, one.symbol))


def book_states() -> dict[str, BookState]:
    """Of the symbols whose book was wrong at least once."""
    told = {symbol.decode(): json.loads(body) for symbol, body in _all_of(BOOKS_KEY).items()}
    return {symbol: BookState(one["failures"], tuple(one["wrong_now"])) for symbol, one in told.items()}


def _all_of(key: str) -> dict[bytes, bytes]:
    client: Any = redis_client(settings.REDIS_URL)
    with transient_errors():
        found: dict[bytes, bytes] = client.hgetall(key)
    return found
