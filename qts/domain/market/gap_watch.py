"""Notices that market messages are missing. FC Data's stream has no resume number, so a gap has to show itself:

- a security's volume of the day grows by more, or by less, than the matches that came: VOLUME
- an index's volume grows while no match of anything comes: INDEX
- a channel, or all of them, says nothing for longer than the session explains: SILENCE

A connection that was lost (RECONNECT) is its reader's to tell. Pure: every moment is given. `observe` takes events in
the order in which they were received, live or replayed, and finds the same in both; `overdue` is the clock's part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from qts.domain.events import (
    Event,
    GapDetected,
    IndexUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)
from qts.domain.market.volume_count import DAY_MS, GRACE_NS, NS_PER_S, SECOND_MS, VolumeCount
from qts.domain.values import GapCause, Session

ALL_SYMBOLS: Final = "*"
SILENCE_NS_MIN: Final = 3 * NS_PER_S // 2
SILENCE_NS_MAX: Final = 8 * NS_PER_S  # of all channels together: nothing at all is never right for so long in a session
CHANNEL_SILENCE_NS_MAX: Final = 60 * NS_PER_S
QUIET_TIMES_LONGEST: Final = 3  # a silence counts once it is so many times as long as the longest one before it
LEARNING_COUNT: Final = 20
LEARNING_NS: Final = 10 * NS_PER_S
WINDOW_NS: Final = 120 * NS_PER_S
EXTENDED_EVERY_NS: Final = NS_PER_S

LIVELY_SESSIONS: Final = frozenset({Session.ATO, Session.CONTINUOUS, Session.ATC, Session.PERIODIC})
_EVERYTHING: Final = "the stream"
_CHANNELS: Final[dict[type[Event], str]] = {
    TickReceived: "matches",
    QuoteUpdated: "quotes",
    OrderBookUpdated: "order books",
    IndexUpdated: "indices",
}


@dataclass(slots=True)
class _Rhythm:
    """How long a channel is quiet at most, as far as it was heard in this session."""

    since_ns: int
    last_ns: int
    count: int = 0
    longest_ns: int = 0
    longest_before_ns: int = 0
    window_ns: int = 0
    is_new_connection: bool = False  # since when nothing was heard: what lies before taught nothing

    def heard(self, at_ns: int) -> None:
        if self.is_new_connection:
            self.last_ns, self.is_new_connection = at_ns, False
        if at_ns - self.window_ns > WINDOW_NS:
            self.longest_before_ns, self.longest_ns, self.window_ns = self.longest_ns, 0, at_ns
        self.longest_ns = max(self.longest_ns, at_ns - self.last_ns)
        self.last_ns = max(self.last_ns, at_ns)
        self.count += 1

    def allowed_ns(self, at_most_ns: int) -> int:
        if self.count < LEARNING_COUNT or self.last_ns - self.since_ns < LEARNING_NS:
            return at_most_ns
        longest_ns = max(self.longest_ns, self.longest_before_ns)
        return min(at_most_ns, max(SILENCE_NS_MIN, QUIET_TIMES_LONGEST * longest_ns))


@dataclass(slots=True)
class _Silence:
    from_ns: int
    from_ms: int
    told_ns: int


@dataclass(slots=True)
class _Index:
    total: int
    at_ns: int
    at_ms: int
    ticks: int  # how many matches had been heard of anything
    quiet_ns: int = 0  # when its volume grew without one


@dataclass(slots=True)
class GapWatch:
    """One stream's. `suspects` are the securities of which matches are missing and no gap says so yet."""

    _subscribed_ms: int = -1
    _session: Session = Session.CLOSED
    _counts: dict[str, VolumeCount] = field(default_factory=dict)
    _early: dict[str, list[TickReceived]] = field(default_factory=dict)  # before the first total, of the latest second
    _apart: dict[str, VolumeCount] = field(default_factory=dict)
    _indices: dict[str, _Index] = field(default_factory=dict)
    _rhythms: dict[str, _Rhythm] = field(default_factory=dict)
    _silences: dict[str, _Silence] = field(default_factory=dict)
    _ticks: int = 0
    _last_ns: int = 0
    _last_ms: int = 0

    @property
    def suspects(self) -> dict[str, int]:
        """Security -> since when (wall clock, ns) its matches and its volume have agreed the last time."""
        return {symbol: count.agreed_ns for symbol, count in self._apart.items() if count.is_lacking}

    @property
    def last_ns(self) -> int:
        """When the newest message observed was received; 0 before the first."""
        return self._last_ns

    @property
    def last_market_ms(self) -> int:
        """The newest moment that the exchange has named; 0 before the first."""
        return self._last_ms

    @property
    def silent_since_ns(self) -> int:
        """Since when nothing at all has come in a session, once that is too long; else 0."""
        silence = self._silences.get(_EVERYTHING)
        return silence.from_ns if silence else 0

    def subscribed(self, market_ms: int) -> None:
        """A subscription, whose totals are where counting begins anew. The same one again changes nothing."""
        if market_ms == self._subscribed_ms:
            return
        self._subscribed_ms = market_ms
        self.forget_counts()
        for rhythm in self._rhythms.values():  # the market's, whoever listens
            rhythm.is_new_connection = True
        self._silences.clear()  # who connected anew has told of it

    def forget_counts(self) -> None:
        """Messages will be observed that have been already: nothing may count twice."""
        self._counts.clear()
        self._early.clear()
        self._apart.clear()
        self._indices.clear()

    def observe(self, events: Sequence[Event]) -> list[GapDetected]:
        """The gaps that these messages show, and those that earlier ones did whose patience is over by their time."""
        kinds: set[type[Event]] = set()
        newest_ms = self._last_ms
        for event in events:
            kinds.add(type(event))
            if isinstance(event, _STATES) and event.ts_exchange_ms > newest_ms:
                newest_ms = event.ts_exchange_ms
            if isinstance(event, TickReceived):
                self._tick(event)
            elif isinstance(event, QuoteUpdated):
                self._quote(event)
            elif isinstance(event, IndexUpdated):
                self._index(event)
        if not events:
            return []
        newest_ns = max(getattr(events[-1], "ts_received_ns", 0), self._last_ns)
        ended = self._heard(kinds, newest_ns)
        self._last_ns = newest_ns
        self._last_ms = newest_ms
        return ended + self._out_of_patience(newest_ns)

    def overdue(self, now_ns: int, market_ms: int, session: Session, since_ns: int) -> list[GapDetected]:
        """What only the clock shows. `since_ns` is when this connection began; silence outside of sessions is right."""
        if session is not self._session:
            self._session = session
            self._rhythms.clear()
            self._silences.clear()
        found = self._out_of_patience(now_ns)
        if session not in LIVELY_SESSIONS:
            return found
        everything = self._rhythm(_EVERYTHING, now_ns, since_ns)
        found += self._silent(_EVERYTHING, everything, SILENCE_NS_MAX, now_ns, market_ms)
        if session is Session.CONTINUOUS and _EVERYTHING not in self._silences:
            for channel in _CHANNELS.values():
                if known := self._rhythms.get(channel):
                    known.last_ns = max(known.last_ns, since_ns)
                    found += self._silent(channel, known, CHANNEL_SILENCE_NS_MAX, now_ns, market_ms)
        return found

    # --- volumes ---------------------------------------------------------------------------------------------------

    def _tick(self, tick: TickReceived) -> None:
        self._ticks += 1
        count = self._counts.get(tick.symbol)
        if count is not None and tick.ts_exchange_ms // DAY_MS == count.day:
            count.tick(tick)
            self._note(tick.symbol, count)
        else:
            early = self._early.setdefault(tick.symbol, [])
            if early and early[0].ts_exchange_ms // SECOND_MS != tick.ts_exchange_ms // SECOND_MS:
                early.clear()
            early.append(tick)

    def _quote(self, quote: QuoteUpdated) -> None:
        if quote.ts_exchange_ms < self._subscribed_ms // SECOND_MS * SECOND_MS:
            return  # a stale snapshot: some come after a connection begins
        count = self._counts.get(quote.symbol)
        if count is None or quote.ts_exchange_ms // DAY_MS > count.day:
            count = self._counts[quote.symbol] = VolumeCount(quote, self._early.pop(quote.symbol, ()))
        else:
            count.quote(quote)
        self._note(quote.symbol, count)

    def _note(self, symbol: str, count: VolumeCount) -> None:
        if count.is_apart:
            self._apart[symbol] = count
        elif self._apart:
            self._apart.pop(symbol, None)

    def _out_of_patience(self, now_ns: int) -> list[GapDetected]:
        found = []
        for symbol, count in list(self._apart.items()):
            missed = count.out_of_patience(now_ns)
            self._note(symbol, count)
            if missed is None:
                continue
            if missed.quantity > 0:
                text = f"matches of {missed.quantity} are missing from the volume of the day"
            else:
                text = f"the volume of the day does not count matches of {-missed.quantity} that came"
            span = (missed.from_ns, missed.to_ns, missed.from_ms, missed.to_ms)
            found.append(_gap(symbol, span, GapCause.VOLUME, text))
        return found + self._indices_alone(now_ns)

    # --- indices ---------------------------------------------------------------------------------------------------

    def _index(self, index: IndexUpdated) -> None:
        known = self._indices.get(index.index_code)
        if known is not None and known.quiet_ns and known.ticks == self._ticks:
            return
        is_quiet = index.session == Session.CONTINUOUS and known is not None and known.ticks == self._ticks
        if known is not None and is_quiet and index.total_quantity > known.total:
            known.quiet_ns = index.ts_received_ns
            return
        at_ns, at_ms = index.ts_received_ns, index.ts_exchange_ms
        self._indices[index.index_code] = _Index(index.total_quantity, at_ns, at_ms, self._ticks)

    def _indices_alone(self, now_ns: int) -> list[GapDetected]:
        found: dict[tuple[int, int, int, int], str] = {}
        for code, known in list(self._indices.items()):
            if not known.quiet_ns or now_ns - known.quiet_ns < GRACE_NS:
                continue
            if known.ticks == self._ticks:
                span = (known.at_ns, known.quiet_ns, known.at_ms, max(known.at_ms, self._last_ms))
                found.setdefault(span, code)
            del self._indices[code]  # the next one of it is where watching begins again
        return [
            _gap(ALL_SYMBOLS, span, GapCause.INDEX, f"the volume of {code} grew without a match of anything")
            for span, code in found.items()
        ]

    # --- silence ---------------------------------------------------------------------------------------------------

    def _rhythm(self, channel: str, now_ns: int, since_ns: int) -> _Rhythm:
        if channel not in self._rhythms:
            self._rhythms[channel] = _Rhythm(now_ns, now_ns, window_ns=now_ns)
        rhythm = self._rhythms[channel]
        rhythm.last_ns = max(rhythm.last_ns, since_ns)
        return rhythm

    def _heard(self, kinds: Iterable[type[Event]], at_ns: int) -> list[GapDetected]:
        """What was silent and now speaks: the gap's end."""
        ended = []
        spoke = [_CHANNELS[kind] for kind in kinds if kind in _CHANNELS]
        for channel in (_EVERYTHING, *spoke):
            if channel in self._rhythms:
                silence = self._silences.pop(channel, None)
                if silence is None:
                    self._rhythms[channel].heard(at_ns)
                else:  # it taught nothing about how long the channel is quiet
                    self._rhythms[channel].last_ns = at_ns
                    ended.append(_silent_gap(channel, silence, at_ns, self._last_ms))
            elif self._session is Session.CONTINUOUS and channel != _EVERYTHING:
                self._rhythms[channel] = _Rhythm(at_ns, at_ns, window_ns=at_ns)
        return ended

    def _silent(self, channel: str, rhythm: _Rhythm, at_most_ns: int, now_ns: int, market_ms: int) -> list[GapDetected]:
        silence = self._silences.get(channel)
        if silence is None:
            if now_ns - rhythm.last_ns <= rhythm.allowed_ns(at_most_ns):
                return []
            silence = self._silences[channel] = _Silence(rhythm.last_ns, self._last_ms or market_ms, 0)
        if now_ns - silence.told_ns < EXTENDED_EVERY_NS:
            return []
        silence.told_ns = now_ns
        return [_silent_gap(channel, silence, now_ns, market_ms)]


_STATES: Final = (TickReceived, QuoteUpdated, OrderBookUpdated, IndexUpdated, SessionChanged)


def _silent_gap(channel: str, silence: _Silence, to_ns: int, to_ms: int) -> GapDetected:
    span = (silence.from_ns, to_ns, silence.from_ms, max(silence.from_ms, to_ms))
    return _gap(ALL_SYMBOLS, span, GapCause.SILENCE, f"{channel}: nothing came in a session")


def _gap(symbols: str, span: tuple[int, int, int, int], cause: GapCause, reason: str) -> GapDetected:
    from_ns, to_ns, from_ms, to_ms = span
    return GapDetected(
        symbols=symbols,
        ts_from_ns=from_ns,
        ts_to_ns=max(from_ns, to_ns),
        cause=cause.value,
        reason=reason,
        ts_market_from_ms=from_ms,
        ts_market_to_ms=max(from_ms, to_ms),
    )
