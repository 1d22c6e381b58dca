"""A strategy's recorded day against a backtest of it: which decisions are the same, and why the others are not.

Every cause is read from what was written down, in the order of `_CAUSES`; what none of them explains is said to be
unexplained, and is somebody's work.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from qts.backtest.trace import Decided, Note, figure, in_order
from qts.domain.values import Side


class Cause(StrEnum):
    NOT_RUNNING = "NOT_RUNNING"
    TOO_OLD = "TOO_OLD"
    OTHER_VERSION = "OTHER_VERSION"
    DATA_GAP = "DATA_GAP"
    LATE_BAR = "LATE_BAR"
    WARM_UP = "WARM_UP"
    HOLDING = "HOLDING"
    FILL = "FILL"
    TIMER = "TIMER"
    RESTARTED = "RESTARTED"
    HELD_BEFORE = "HELD_BEFORE"
    UNEXPLAINED = "UNEXPLAINED"


class Kind(StrEnum):
    DIFFERENT = "DIFFERENT"
    RECORDED_ONLY = "RECORDED_ONLY"
    BACKTEST_ONLY = "BACKTEST_ONLY"


Span = tuple[int, int]  # from and to in Unix ms of the market, both included
Bars = Mapping[tuple[str, int], tuple[int, ...]]  # symbol and start to open, high, low, close, volume
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the day besides the decisions. `logged` are the bars of the write-ahead log in their first form;
    None where it cannot be read."""

    stored: Bars
    logged: Bars | None = None
    logged_until_ms: int | None = None
    late: Collection[tuple[str, int]] = ()
    gaps: Sequence[Span] = ()
    stopped: Sequence[Span] = ()
    has_other_version: bool = False
    notes: Sequence[Note] = ()
    backtest_notes: Sequence[Note] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    at_ms: int
    symbol: str
    kind: Kind
    cause: Cause
    detail: str
    recorded: Row | None
    backtest: Row | None

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Comparison:
    matched: int
    differences: Sequence[Difference]

    def count(self, kind: Kind) -> int:
        return sum(one.kind is kind for one in self.differences)

    @property
    def unexplained(self) -> int:
        return sum(one.cause is Cause.UNEXPLAINED for one in self.differences)


@dataclass(frozen=True, slots=True)
class Match:
    """A fill: of an order at the exchange, or of one in the backtest."""

    at_ms: int
    symbol: str
    side: Side
    quantity: int
    price_vnd: int


def compare(recorded: Iterable[Decided], backtest: Iterable[Decided], facts: Facts) -> Comparison:
    live = {one.name: one for one in in_order(recorded)}
    model = {one.name: one for one in in_order(backtest)}
    reader = _Reader(facts)
    matched, differences = 0, []
    for name in sorted(live.keys() | model.keys(), key=lambda name: _order(live.get(name) or model[name])):
        here, there = live.get(name), model.get(name)
        if here is not None and there is not None and here.line() == there.line():
            matched += 1
        else:
            differences.append(reader.difference(here, there))
    return Comparison(matched, differences)


class _Reader:
    """Finds the cause of each difference."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._recorded, self._backtest = _Holdings(facts.notes), _Holdings(facts.backtest_notes)
        self._begun = [note.at_ms for note in facts.notes if note.has_begun]
        self._old = _old_spans(facts.notes)
        self._parted_ms = self._first_parting()

    def difference(self, here: Decided | None, there: Decided | None) -> Difference:
        one = here or there
        assert one is not None  # noqa: S101  # a name is of one side at least
        kind = Kind.DIFFERENT if here and there else Kind.RECORDED_ONLY if here else Kind.BACKTEST_ONLY
        cause, detail = self._cause(one, here, there)
        return Difference(one.name, one.at_ms, one.symbol, kind, cause, detail, _row(here), _row(there))

    def _cause(self, one: Decided, here: Decided | None, there: Decided | None) -> tuple[Cause, str]:
        if here is not None and there is not None and (found := _both(here, there)):
            return found
        for cause, look in _CAUSES:
            if (detail := look(self, one)) is not None:
                return cause, detail
        return Cause.UNEXPLAINED, "Nothing that was written down explains it."

    def not_running(self, one: Decided) -> str | None:
        if self._begun and one.at_ms < self._begun[0]:
            return "It had not been started yet."
        if one.name.startswith("timer:") and any(note.at_ms < one.at_ms <= note.clock_ms for note in self._facts.notes):
            return "It was started after that time and then told of earlier bars."
        return "It did not run then." if _is_in(one.at_ms, self._facts.stopped) else None

    def too_old(self, one: Decided) -> str | None:
        return "The news was too old to act upon." if _is_in(one.at_ms, self._old) else None

    def other_version(self, one: Decided) -> str | None:
        return "More than one version of its code ran that day." if self._facts.has_other_version else None

    def data_gap(self, one: Decided) -> str | None:
        if _is_in(one.at_ms, self._facts.gaps):
            return "Messages are missing around that moment."
        if self._facts.logged_until_ms is not None and one.at_ms > self._facts.logged_until_ms:
            return "What was recorded of the day ends before."
        bar, logged = _bar_of(one), self._facts.logged
        if bar is None or logged is None or (bar in logged) == (bar in self._facts.stored):
            return None
        return "The log and the bar store do not both have this bar."

    def late_bar(self, one: Decided) -> str | None:
        bar, logged = _bar_of(one), self._facts.logged
        if bar is None:
            return None
        is_corrected = logged is not None and logged.get(bar) != self._facts.stored.get(bar)
        return (
            "A match came after its minute was over and changed the bar."
            if bar in self._facts.late or is_corrected
            else None
        )

    def holding(self, one: Decided) -> str | None:
        here, there = self._recorded.at(one), self._backtest.at(one)
        differing = sorted(symbol for symbol in here.keys() | there.keys() if here.get(symbol) != there.get(symbol))
        if not self._facts.notes or not differing:
            return None
        symbol = one.symbol if one.symbol in differing else differing[0]
        return f"{symbol}: held {_pair(here, symbol)} then, {_pair(there, symbol)} in the backtest."

    def fill(self, one: Decided) -> str | None:
        return "It answers a match, which the matching model gives otherwise." if one.name.startswith("fill:") else None

    def timer(self, one: Decided) -> str | None:
        if one.name.startswith(("timer:", "session:")):
            return "A timer or a session that only one side was told of."
        return None

    def restarted(self, one: Decided) -> str | None:
        if any(self._begun[0] < begun <= one.at_ms for begun in self._begun[1:]):
            return "Its process was started again during the day and had forgotten what came before."
        return None

    def held_before(self, one: Decided) -> str | None:
        return (
            "It held or paid something else earlier in the day, and remembers."
            if one.at_ms >= self._parted_ms
            else None
        )

    def _first_parting(self) -> int:
        """When what was held parted for the first time."""
        moments = sorted({note.at_ms for note in (*self._facts.notes, *self._facts.backtest_notes)})
        if self._facts.notes:
            for at_ms in moments:
                here, there = (_fills_until(notes, at_ms) for notes in (self._facts.notes, self._facts.backtest_notes))
                if here != there or self._recorded.after(at_ms) != self._backtest.after(at_ms):
                    return at_ms
        return 1 << 62


_CAUSES: Final[Sequence[tuple[Cause, Callable[[_Reader, Decided], str | None]]]] = (
    (Cause.NOT_RUNNING, _Reader.not_running),
    (Cause.TOO_OLD, _Reader.too_old),
    (Cause.OTHER_VERSION, _Reader.other_version),
    (Cause.DATA_GAP, _Reader.data_gap),
    (Cause.LATE_BAR, _Reader.late_bar),
    (Cause.HOLDING, _Reader.holding),
    (Cause.FILL, _Reader.fill),
    (Cause.TIMER, _Reader.timer),
    (Cause.RESTARTED, _Reader.restarted),
    (Cause.HELD_BEFORE, _Reader.held_before),
)


class _Holdings:
    """What was held at each question, by the notes of one side."""

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes = notes

    def at(self, one: Decided) -> dict[str, tuple[int, int]]:
        return self._until(lambda note: note.at_ms < one.at_ms or (note.at_ms == one.at_ms and note.key <= one.key))

    def after(self, at_ms: int) -> dict[str, tuple[int, int]]:
        return self._until(lambda note: note.at_ms <= at_ms)

    def _until(self, counts: Callable[[Note], bool]) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for note in self._notes:
            if counts(note):
                found |= note.holdings
        return {symbol: pair for symbol, pair in found.items() if pair != (0, 0)}


@dataclass(slots=True)
class _Side:
    """The matches of one symbol and side that are not yet set against another's."""

    left: list[Match] = field(default_factory=list)

    def take(self, quantity: int) -> None:
        first = self.left[0]
        rest = first.quantity - quantity
        self.left[:1] = [Match(first.at_ms, first.symbol, first.side, rest, first.price_vnd)] if rest else []


def compare_fills(recorded: Iterable[Match], backtest: Iterable[Match], marks_vnd: Mapping[str, int]) -> list[Row]:
    """Share by share in the order of time, per symbol and side. `effect_vnd` is what a difference made of the day's
    profit before fees: their sum is the recorded profit less the backtest's. What only one side traded is judged by
    the last price of the day."""
    sides: dict[tuple[str, Side], tuple[_Side, _Side]] = defaultdict(lambda: (_Side(), _Side()))
    for place, matches in enumerate((recorded, backtest)):
        for match in sorted(matches, key=lambda one: one.at_ms):
            sides[match.symbol, match.side][place].left.append(match)
    rows: list[Row] = []
    for (symbol, side), (live, model) in sorted(sides.items()):
        sign = 1 if side is Side.SELL else -1
        while live.left and model.left:
            here, there = live.left[0], model.left[0]
            quantity = min(here.quantity, there.quantity)
            effect_vnd = sign * quantity * (here.price_vnd - there.price_vnd)
            rows.append(_fill_row(quantity, here, there, effect_vnd))
            live.take(quantity)
            model.take(quantity)
        mark_vnd = marks_vnd.get(symbol, 0)
        rows += [
            _fill_row(one.quantity, one, None, sign * one.quantity * (one.price_vnd - mark_vnd)) for one in live.left
        ]
        rows += [
            _fill_row(one.quantity, None, one, -sign * one.quantity * (one.price_vnd - mark_vnd)) for one in model.left
        ]
    return rows


def profit_vnd(matches: Iterable[Match], marks_vnd: Mapping[str, int]) -> int:
    """Of the day before fees, against a holding at the evening's price: what was held through the day cancels out."""
    total = 0
    for match in matches:
        sign = 1 if match.side is Side.SELL else -1
        total += sign * match.quantity * (match.price_vnd - marks_vnd.get(match.symbol, 0))
    return total


def _fill_row(quantity: int, here: Match | None, there: Match | None, effect_vnd: int) -> Row:
    one = here or there
    assert one is not None  # noqa: S101  # a fill is of one side at least
    why = "NONE"
    if here is None or there is None:
        why = "QUANTITY"
    elif here.price_vnd != there.price_vnd:
        why = "PRICE"
    elif here.at_ms // 60_000 != there.at_ms // 60_000:
        why = "TIME"
    return {
        "symbol": one.symbol,
        "side": str(one.side),
        "quantity": quantity,
        "price_vnd": here.price_vnd if here else None,
        "at_ms": here.at_ms if here else None,
        "backtest_price_vnd": there.price_vnd if there else None,
        "backtest_at_ms": there.at_ms if there else None,
        "effect_vnd": effect_vnd,
        "why": why,
    }


def _both(here: Decided, there: Decided) -> tuple[Cause, str] | None:
    """Where both decided at that moment, what they were told says much."""
    if _prices(here) != _prices(there):
        return Cause.LATE_BAR, "The bar was another one when it was told."
    if named := _indicators_apart(here, there):
        return Cause.WARM_UP, f"{named} had another history behind it."
    return None


def _indicators_apart(here: Decided, there: Decided) -> str:
    names = sorted(here.indicators.keys() | there.indicators.keys())
    return ", ".join(name for name in names if _figure(here, name) != _figure(there, name))


def _figure(one: Decided, name: str) -> str:
    return figure(one.indicators[name]) if name in one.indicators else ""


def _prices(one: Decided) -> Mapping[str, Any]:
    return {name: value for name, value in one.trigger.items() if name != "ts_ms"}


def _bar_of(one: Decided) -> tuple[str, int] | None:
    told = one.trigger
    return (told["symbol"], told["ts_start_ms"]) if "ts_start_ms" in told else None


def _row(one: Decided | None) -> Row | None:
    if one is None:
        return None
    return {"intent": one.intent, "held": one.held, "working": one.working, "indicators": one.indicators}


def _pair(held: Mapping[str, tuple[int, int]], symbol: str) -> str:
    quantity, working = held.get(symbol, (0, 0))
    return f"{quantity} ({working:+d} working)" if working else str(quantity)


def _old_spans(notes: Sequence[Note]) -> list[Span]:
    """From a note of old news to the last moment before the next note."""
    following = [*(note.at_ms for note in notes[1:]), 1 << 62]
    return [(note.at_ms, until - 1) for note, until in zip(notes, following, strict=False) if note.is_old]


def _fills_until(notes: Sequence[Note], at_ms: int) -> list[tuple[Any, ...]]:
    """What was told of matches: what was paid is remembered too."""
    told = [note.fill for note in notes if note.fill is not None and note.at_ms <= at_ms]
    return [(one["symbol"], one["side"], one["quantity"], one["price_vnd"]) for one in told]


def _is_in(at_ms: int, spans: Iterable[Span]) -> bool:
    return any(since <= at_ms <= until for since, until in spans)


def _order(one: Decided) -> tuple[int, str]:
    return one.at_ms, one.name
