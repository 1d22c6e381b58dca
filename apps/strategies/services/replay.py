"""A recorded day once more through the live desk: the log's messages, the live indicators, the strategy in its confined
process. Nothing leaves it: no topic, no order, no row; what the strategy decides is the result.

What it holds at each question is what the notes say: those of the live desk where there are any, else those of a
backtest of the day, whose matching model then stands in for the exchange.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.analytics.services import IndicatorEngine
from apps.analytics.services.indicators import stored_bars_before
from apps.marketdata.selectors import day_bounds_ms
from apps.marketdata.services.recorded_day import RecordedDay
from apps.orders.selectors import StrategyExposure
from apps.strategies.models import Strategy
from apps.strategies.selectors.code import CodeView
from apps.strategies.services.decisions import Cause
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.services.lineup import Place, place_of
from apps.strategies.services.questions import Question
from apps.strategies.services.staff import Employed, Staff
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.backtest.trace import Decided, Note, asked_at_ms
from qts.domain.errors import Said, TerminalError
from qts.domain.events import BarClosed, IndicatorCalculated, SessionChanged, TickReceived
from qts.domain.market import TimedBar, moment_of
from qts.domain.strategy import Bar, Fill
from qts.domain.strategy.deciding import Wish
from qts.domain.values import Exchange, Session, Side

_TICKS = 2  # in the order of one moment after bars and sessions
_FILL_LATE_MS = 5 * 60_000  # a match whose question before did not come is told after so long

Told = BarClosed | SessionChanged | TickReceived


class ReplayBroken(TerminalError):
    """The strategy broke off, or its code is not there; the message says why."""


@dataclass(frozen=True, slots=True)
class Replay:
    """`asked` are the keys of all questions, in their order; `begun_ms` the moments at which its process was new."""

    decided: Sequence[Decided]
    asked: Sequence[str]
    begun_ms: Sequence[int]


def replay(
    strategy: Strategy,
    code: CodeView,
    day: RecordedDay,
    notes: Sequence[Note],
    stopped_ms: Sequence[tuple[int, int]] = (),
) -> Replay:
    """`stopped_ms` are the spans of the day in which it did not run. Raises ReplayBroken. Deterministic: equal logs,
    notes and code give equal decisions."""
    history = _History(day)
    book = _Book(notes)
    try:
        with _Alone(strategy, code, day_bounds_ms(day.day)[0]) as staff:
            desk = _ReplayDesk(IndicatorEngine(bars_before=history.bars_before), staff, book, history, stopped_ms)
            desk.begin(moment_of(day_bounds_ms(day.day)[0]))
            desk.tell(day)
            return Replay(desk.decided, desk.asked, desk.begun_ms)
    except StrategyHostError as error:
        raise ReplayBroken(
            Said("{strategy_name} does not start: {error}", strategy_name=strategy.name, error=error)
        ) from error


class _History:
    """What the indicators are warmed from: the stored bars of the days before, and what was replayed of this one."""

    def __init__(self, day: RecordedDay) -> None:
        self._begins_at = moment_of(day_bounds_ms(day.day)[0])
        self._told: dict[str, dict[int, BarClosed]] = {}

    def add(self, bar: BarClosed) -> None:
        self._told.setdefault(bar.symbol, {})[bar.ts_start_ms] = bar

    def bars_before(self, symbol: str, starts_at: datetime, limit: int) -> Sequence[TimedBar]:
        until_ms = round(starts_at.timestamp() * 1_000)
        told = self._told.get(symbol, {})
        of_day = [told[start_ms] for start_ms in sorted(told) if start_ms < until_ms]
        earlier = stored_bars_before(symbol, min(starts_at, self._begins_at), limit)
        return [*earlier, *of_day][-limit:]


class _Book:
    """What is held at each question, by the notes."""

    def __init__(self, notes: Iterable[Note]) -> None:
        self._left = deque(notes)
        self._holdings: dict[str, tuple[int, int]] = {}
        self.equity_vnd = 0
        self.has_begun = self.is_old = False

    def exposure(self, symbol: str) -> StrategyExposure:
        return StrategyExposure(*self._holdings.get(symbol, (0, 0)))

    def reach(self, key: str, at_ms: int) -> list[Note]:
        """Everything up to this question; what is given back is for the caller: new processes, matches to tell of."""
        found = []
        while self._left and self._is_reached(self._left[0], key, at_ms):
            found += self._take()
        return found

    def fill_after(self, key: str) -> Note | None:
        """The match that came right after this question."""
        if self._left and self._left[0].fill is not None and self._left[0].after == key:
            return self._take()[0]
        return None

    def _take(self) -> list[Note]:
        note = self._left.popleft()
        self._holdings |= note.holdings
        self.equity_vnd = self.equity_vnd if note.equity_vnd is None else note.equity_vnd
        self.has_begun, self.is_old = self.has_begun or note.has_begun, note.is_old
        return [note] if note.has_begun or note.fill is not None else []

    @staticmethod
    def _is_reached(note: Note, key: str, at_ms: int) -> bool:
        if note.fill is not None and not note.has_begun:
            return note.at_ms + _FILL_LATE_MS < at_ms
        return note.key == key or note.at_ms < at_ms


class _Alone(Staff):
    """One strategy, whatever the database says of it; what breaks ends the replay."""

    def __init__(self, strategy: Strategy, code: CodeView, told_at_ms: int) -> None:
        super().__init__()
        self._strategy, self._code = strategy, code
        self._begin(moment_of(told_at_ms))

    @property
    def only(self) -> Employed:
        return self._employed[self._strategy.id]

    def refresh(self) -> None:
        """Nobody starts or stops a replayed one."""

    def renew(self) -> None:
        """As the live worker's hand-over did: a new process, which remembers nothing."""
        told_at = self.only.told_at
        self._dismiss(self._strategy.id)
        self._begin(told_at)

    def _begin(self, told_at: datetime) -> None:
        host = StrategyHost(self._strategy.class_key, self._strategy.parameters, source=self._code.source)
        self._employed[self._strategy.id] = Employed(self._strategy, host, told_at)

    def _fail(self, strategy: Strategy, reason: str) -> None:
        raise ReplayBroken(Said("{strategy_name} broke off: {reason}", strategy_name=strategy.name, reason=reason))


class _ReplayDesk(StrategyDesk):
    """The live desk without its ways out."""

    def __init__(
        self,
        engine: IndicatorEngine,
        staff: _Alone,
        book: _Book,
        history: _History,
        stopped_ms: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__(engine, staff)
        self._alone, self._book, self._history, self._stopped_ms = staff, book, history, stopped_ms
        self._sessions = dict.fromkeys(Exchange, Session.CLOSED.value)
        self.decided: list[Decided] = []
        self.asked: list[str] = []
        self.begun_ms: list[int] = []

    def begin(self, at: datetime) -> None:
        """Follows what its strategy reads, with what others had published by then."""
        self._weighing.follow([self._alone.only.strategy], at)
        self._engine.follow(self._asked_indicators())

    def tell(self, day: RecordedDay) -> None:
        """In the order that live and backtest have; timers as far as the log goes."""
        reached_ms = 0
        for place, event in _in_order(day, wants_ticks=self.wants_ticks):
            if place.ts_ms > reached_ms:
                reached_ms = place.ts_ms
                self.on_clock(moment_of(reached_ms - 1))
            if isinstance(event, BarClosed):
                self.on_bar(event)
            elif isinstance(event, TickReceived):
                self.on_tick(event)
            else:
                self.on_session(event)
        self.on_clock(moment_of(max(day.last_ms, reached_ms)))

    def on_bar(self, event: BarClosed) -> IndicatorCalculated:
        calculated = super().on_bar(event)
        self._history.add(event)
        return calculated

    def _consider(self, one: Employed, question: Question) -> None:
        """`one` may have been followed by a new process of the same strategy."""
        at_ms = asked_at_ms(question.event)
        for note in self._book.reach(question.key, at_ms):
            if note.has_begun:
                self._begin(at_ms, note.clock_ms)
            if note.fill is not None and note.key != question.key:
                self._tell_fill(note)
        if self._book.has_begun and not self._book.is_old and not self._has_stopped(at_ms):
            self._ask(question)

    def _has_stopped(self, at_ms: int) -> bool:
        """One that was started since was asked, and be it about earlier bars."""
        return any(
            since < at_ms <= until and not any(begun_ms >= since for begun_ms in self.begun_ms)
            for since, until in self._stopped_ms
        )

    def _ask(self, question: Question) -> None:
        self.asked.append(question.key)
        if isinstance(question.event, Bar):
            self._alone.only.heard.add(question.symbol)  # of a process that is new at this very bar
        super()._consider(self._alone.only, question)
        if (note := self._book.fill_after(question.key)) is not None:
            self._tell_fill(note)

    def _tell_fill(self, note: Note) -> None:
        told: Mapping[str, Any] = note.fill or {}
        fill = Fill(**{**told, "side": Side(told["side"])})
        self._ask(Question(fill, note.key, fill.symbol))

    def _begin(self, at_ms: int, clock_ms: int) -> None:
        if self.begun_ms:
            self._alone.renew()
        self._alone.only.told_at = max(self._alone.only.told_at, moment_of(clock_ms))
        self.begun_ms.append(at_ms)

    def _is_old(self, received_ms: int) -> bool:
        return False  # whether it was is in the notes

    def _act(self, strategy: Strategy, wish: Wish, question: Question, cause: Cause) -> None:
        self.decided.append(
            Decided(
                key=cause.event_key,
                at_ms=cause.at_ms,
                symbol=wish.symbol,
                trigger=cause.trigger,
                indicators=cause.indicators,
                intent=cause.intent,
                held=cause.held,
                working=cause.working,
            )
        )

    def _exposure(self, strategy: Strategy, symbol: str) -> StrategyExposure:
        return self._book.exposure(symbol)

    def _equity_vnd(self, account_id: UUID) -> int:
        return self._book.equity_vnd


def _in_order(day: RecordedDay, *, wants_ticks: bool) -> list[tuple[Place, Told]]:
    told: list[Told] = [*day.bars, *day.sessions, *(day.ticks if wants_ticks else ())]
    placed = [(place_of(event) or _place_of_tick(event), event) for event in told]
    return sorted(placed, key=lambda one: one[0])


def _place_of_tick(event: Told) -> Place:
    return Place(event.ts_exchange_ms if isinstance(event, TickReceived) else 0, _TICKS, "")
