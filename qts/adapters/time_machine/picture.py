"""What a replayed market shows at one moment, folded from its tape: the same for whoever comes to that moment.

It keeps the last event of each kind and key, the newest matches of each symbol, and the minutes that are being built.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from qts.adapters.latest_state import FIELD_OF
from qts.domain.events import BarClosed, Event, IndexUpdated, QuoteUpdated, TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder

TAPE_LENGTH: Final = 50  # matches of one symbol that a page shows first
GRACE_MS: Final = 2_000  # of market time: until then a match of a minute that is over is waited for

QuoteAfter = Callable[[QuoteUpdated | None, TickReceived], QuoteUpdated]
_KEPT: Final = frozenset({*FIELD_OF, IndexUpdated.topic})


class Picture:
    """`quote_after` makes quotes of matches, for a tape that has no quotes of its own."""

    def __init__(self, quote_after: QuoteAfter | None = None) -> None:
        self.latest: dict[tuple[str, str], Event] = {}
        self.matches: dict[str, deque[TickReceived]] = {}
        self._bars = BarBuilder()
        self._minutes = 0  # of market time since 1970, all closed
        self._quote_after = quote_after

    def take(self, at_ms: int, events: Iterable[Event]) -> list[Event]:
        """What is to be published of it, in order: the events themselves, and minutes that they closed or corrected."""
        told = self._minutes_over(at_ms)
        for event in events:
            told.append(event)
            if isinstance(event, TickReceived):
                told.extend(self._match(event))
            elif event.topic in _KEPT:
                self.latest[event.topic, event.key] = event
        return told

    def copy(self) -> "Picture":
        twin = Picture(self._quote_after)
        twin.latest = dict(self.latest)
        twin.matches = {symbol: matches.copy() for symbol, matches in self.matches.items()}
        twin._bars = self._bars.copy()
        twin._minutes = self._minutes
        return twin

    def forming(self, symbols: Iterable[str] | None = None) -> list[BarClosed]:
        """The minutes that are being built, as they stand: of these symbols, or all."""
        if symbols is None:
            return self._bars.open_bars()
        return [bar for symbol in symbols if (bar := self._bars.open_bar(symbol)) is not None]

    def _minutes_over(self, at_ms: int) -> list[Event]:
        minutes = (at_ms - GRACE_MS) // MINUTE_MS
        if minutes <= self._minutes:
            return []
        self._minutes = minutes
        return list(self._bars.close_until(minutes * MINUTE_MS))

    def _match(self, tick: TickReceived) -> list[Event]:
        self.matches.setdefault(tick.symbol, deque(maxlen=TAPE_LENGTH)).append(tick)
        made: list[Event] = []
        if self._quote_after is not None:
            before = self.latest.get((QuoteUpdated.topic, tick.symbol))
            quote = self._quote_after(before if isinstance(before, QuoteUpdated) else None, tick)
            self.latest[quote.topic, quote.key] = quote
            made.append(quote)
        try:
            bar = self._bars.add(tick)
        except ValueError:  # older than the minute closed last: the stored bars have it, as in the live market
            return made
        return [*made, bar] if bar else made
