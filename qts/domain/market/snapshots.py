"""What FC Data's X adds to X-TRADE and X-QUOTE.

X tells again what those two tell: the totals and the book of a security together. They are the source; an X counts
for a security only while its own channel has not spoken, on this subscription or for a while, and never when its total
lies behind what was told already. B alone tells matches, so nothing is counted twice. Pure: the same in a replay.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from qts.domain.events import Event, OrderBookUpdated, QuoteUpdated

QUIET_NS: Final = 5 * 10**9


class SnapshotSieve:
    """One stream's; `heard` what X-TRADE and X-QUOTE told before asking what remains of the X of the same batch."""

    def __init__(self) -> None:
        self._subscribed_ms = -1
        self._quotes: dict[str, tuple[int, int]] = {}  # when it was told last, and the day's total that it told
        self._books: dict[str, int] = {}

    def subscribed(self, market_ms: int) -> None:
        """A new subscription begins with a snapshot, whatever was heard before; the same one again changes nothing."""
        if market_ms != self._subscribed_ms:
            self._subscribed_ms = market_ms
            self._quotes.clear()
            self._books.clear()

    def heard(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, OrderBookUpdated):
                self._books[event.symbol] = event.ts_received_ns
            elif isinstance(event, QuoteUpdated):
                self._quotes[event.symbol] = event.ts_received_ns, event.total_quantity

    def what_is_new(self, snapshots: Sequence[Event]) -> list[Event]:
        """Of the events of X messages."""
        return [event for event in snapshots if self._is_new(event)]

    def _is_new(self, event: Event) -> bool:
        if isinstance(event, OrderBookUpdated):
            told_ns = self._books.get(event.symbol)
            return told_ns is None or event.ts_received_ns - told_ns > QUIET_NS
        if isinstance(event, QuoteUpdated):
            told_ns, total = self._quotes.get(event.symbol, (None, 0))
            is_quiet = told_ns is None or event.ts_received_ns - told_ns > QUIET_NS
            return is_quiet and event.total_quantity >= total
        return False
