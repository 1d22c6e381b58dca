"""One security's volume of the day as it is told, against the matches that came: is one of them missing?

Counting begins with the first total, and nobody can tell of matches of its very second whether that total has them: the
server's snapshot repeats the last match, and a match and its total are two messages, either of which may come first.
Until the security has been quiet for a moment, each possible answer counts as agreement. Pure: every moment is given.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from qts.domain.events import QuoteUpdated, TickReceived

NS_PER_S: Final = 1_000_000_000
DAY_MS: Final = 86_400_000
GRACE_NS: Final = NS_PER_S  # a match and the total that counts it are two messages, and either may come first
DOUBT_NS_MAX: Final = 10 * GRACE_NS  # a security that is never quiet
SECOND_MS: Final = 1_000  # the wire's times are whole seconds


class _Doubt:
    """The differences of total and matches of which each may mean that nothing is missing; none is above 0.

    It is over once the security was quiet for a moment (one that never is, after a while), or, if `greater_than` is
    given, with a total that is greater.
    """

    def __init__(self, *, since_ns: int = 0, greater_than: int | None = None) -> None:
        self.differences = {0}
        self._uncounted = 0
        self._ends_ns = since_ns + DOUBT_NS_MAX
        self._until_ns = since_ns + GRACE_NS
        self._greater_than = greater_than

    def add(self, quantity: int) -> None:
        """Of one match more that may be in the total, together with all before it."""
        self._uncounted -= quantity
        self.differences.add(self._uncounted)

    def heard(self, at_ns: int) -> None:
        """Something of this security, which may be one half of what belongs together."""
        self._until_ns = min(at_ns + GRACE_NS, self._ends_ns)

    def is_over(self, at_ns: int, total: int) -> bool:
        return at_ns >= self._until_ns if self._greater_than is None else total > self._greater_than

    def nearest(self, difference: int) -> int:
        return max((one for one in self.differences if one <= difference), default=min(self.differences))


@dataclass(frozen=True, slots=True)
class Missed:
    """`quantity` is below 0 where the total does not count matches that came. The span is that of the gap."""

    quantity: int
    from_ns: int
    to_ns: int
    from_ms: int
    to_ms: int


class _Told(NamedTuple):
    """The last total of a second of the exchange's: it counts the matches until then, and none of later seconds."""

    at_ns: int
    at_ms: int
    total: int


class VolumeCount:
    """From its first total on; `before` are the matches of this security that came before it, of the latest second."""

    __slots__ = (
        "_agreed_ms", "_apart_ms", "_apart_ns", "_base", "_began_ns", "_began_second", "_doubt", "_even_ns", "_matched",
        "_recent", "_told", "_total", "agreed_ns", "day", "is_lacking",
    )  # fmt: skip

    def __init__(self, quote: QuoteUpdated, before: Iterable[TickReceived] = ()) -> None:
        self.day = quote.ts_exchange_ms // DAY_MS
        self._base = self._total = quote.total_quantity
        self._matched = 0
        self._began_ns = quote.ts_received_ns
        self._began_second = quote.ts_exchange_ms // SECOND_MS
        self._doubt: _Doubt | None = None
        self._recent: list[TickReceived] = []
        self._told: list[_Told] = []
        self._apart_ns = self._apart_ms = 0
        self._agree(quote.ts_received_ns, quote.ts_exchange_ms)
        for tick in before:
            if tick.ts_exchange_ms // DAY_MS == self.day:
                self._take(tick)
        self._compare(quote.ts_received_ns, quote.ts_exchange_ms)

    @property
    def is_apart(self) -> bool:
        return self._apart_ns != 0

    def tick(self, tick: TickReceived) -> None:
        if self._doubt is not None:
            self._decide(self._doubt, tick.ts_received_ns)
        self._take(tick)
        if self._apart_ns:
            self._recent.append(tick)
        self._compare(tick.ts_received_ns, tick.ts_exchange_ms)
        if self._apart_ns and not self._recent:
            self._recent.append(tick)

    def quote(self, quote: QuoteUpdated) -> None:
        if self._doubt is not None:
            self._decide(self._doubt, quote.ts_received_ns)
        is_more = quote.total_quantity > self._total
        self._total = max(self._total, quote.total_quantity)
        self._compare(quote.ts_received_ns, quote.ts_exchange_ms)
        if is_more and self._apart_ns:
            if self._told and self._told[-1].at_ms // SECOND_MS == quote.ts_exchange_ms // SECOND_MS:
                self._told.pop()
            self._told.append(_Told(quote.ts_received_ns, quote.ts_exchange_ms, self._total))

    def out_of_patience(self, now_ns: int) -> Missed | None:
        """What differs for so long that it is a gap. Told once: counting goes on from here."""
        if not self._apart_ns or now_ns - self._apart_ns < GRACE_NS:
            return None
        if self._even_ns:
            if now_ns - self._even_ns >= GRACE_NS:  # it was told with a later time than the total that has it
                self._agree(self._even_ns, self._apart_ms)
            return None
        young = [one for one in self._recent if now_ns - one.ts_received_ns < GRACE_NS]
        open_seconds = {one.ts_exchange_ms // SECOND_MS for one in young}  # their last total may be on its way
        ripe = [
            one for one in self._told if now_ns - one.at_ns >= GRACE_NS and one.at_ms // SECOND_MS not in open_seconds
        ]
        if ripe:
            return self._settle(
                ripe[-1], [one for one in self._recent if one.ts_exchange_ms > _end_ms(ripe[-1])], now_ns
            )
        if self._told:
            return None
        newest = _Told(self._apart_ns, self._apart_ms, self._total)  # matches alone, which no total counts
        return self._settle(newest, young, now_ns)

    def _settle(self, told: _Told, later: list[TickReceived], now_ns: int) -> Missed | None:
        """Compare that total with the matches but for the `later` ones; count on from it."""
        later_quantity = sum(one.quantity for one in later)
        difference = told.total - self._base - (self._matched - later_quantity)
        missing = difference - self._doubt.nearest(difference) if self._doubt else difference
        missed = Missed(missing, self.agreed_ns, told.at_ns, self._agreed_ms, told.at_ms) if missing else None
        rest = [one for one in self._told if one.total > told.total]
        self._base, self._matched, self._doubt = told.total, later_quantity, None
        if missing > 0:  # what comes now of those seconds, comes late
            self._began_ns, self._began_second = now_ns, told.at_ms // SECOND_MS
        elif missing < 0:  # the next total has those matches, or none ever will
            self._matched -= missing
            self._doubt = _Doubt(greater_than=told.total)
            self._doubt.add(-missing)
        self._agree(told.at_ns, told.at_ms)
        if rest or later:
            self._told, self._recent = rest, later
            self._apart_ns, self._apart_ms = min(
                [one[:2] for one in rest] + [(one.ts_received_ns, one.ts_exchange_ms) for one in later]
            )
            self.is_lacking = bool(rest)
        return missed

    def _take(self, tick: TickReceived) -> None:
        if tick.ts_received_ns - self._began_ns <= GRACE_NS:
            second = tick.ts_exchange_ms // SECOND_MS
            if second < self._began_second:
                return  # the first total has it
            if second == self._began_second:
                self._doubt = self._doubt or _Doubt(since_ns=self._began_ns)
                self._doubt.add(tick.quantity)
        self._matched += tick.quantity

    def _compare(self, at_ns: int, at_ms: int) -> None:
        difference = self._total - self._base - self._matched
        is_even = not difference or (self._doubt is not None and difference in self._doubt.differences)
        if is_even and not self._may_be_by_chance(at_ms):
            self._agree(at_ns, at_ms)
        else:
            if not self._apart_ns:
                self._apart_ns, self._apart_ms = at_ns, at_ms
            self._even_ns = at_ns if is_even else 0
            self.is_lacking = self.is_lacking or difference > 0
        if self._doubt is not None:
            self._doubt.heard(at_ns)

    def _may_be_by_chance(self, at_ms: int) -> bool:
        """A match of a later second than a total is none of those that the total has."""
        first_ms = self._told[0].at_ms if self._told else at_ms
        return any(one.ts_exchange_ms // SECOND_MS > first_ms // SECOND_MS for one in self._recent)

    def _agree(self, at_ns: int, at_ms: int) -> None:
        self.agreed_ns, self._agreed_ms = at_ns, at_ms
        self._apart_ns = self._apart_ms = 0  # since when the two differ
        self._even_ns = 0  # since when they may agree, or only seem to
        self.is_lacking = False  # a total was told whose matches have not all come
        self._recent, self._told = [], []  # matches and totals since the two differ

    def _decide(self, doubt: _Doubt, at_ns: int) -> None:
        """To be asked before anything new is counted: what agreed until now says which answer was right."""
        if not self._apart_ns and doubt.is_over(at_ns, self._total):
            self._base = self._total - self._matched
            self._doubt = None


def _end_ms(told: _Told) -> int:
    return told.at_ms - told.at_ms % SECOND_MS + SECOND_MS - 1
