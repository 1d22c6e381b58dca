"""What the strategies heard, kept for the page that says why nothing happened.

The desk notes each question in memory; once a second what changed goes out in one statement. It is written after the
strategies were asked: no order waits for it.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from apps.marketdata import selectors as marketdata
from apps.strategies.models import Attendance, Strategy
from apps.strategies.selectors.code import code_of_strategy
from apps.strategies.services.tally import counted
from qts.adapters.rule_files import RulesUnreadable, read_rules
from qts.adapters.sandbox.messages import Event
from qts.adapters.sandbox.source import RULES
from qts.domain.market import moment_of, ms_of, to_vietnam
from qts.domain.strategy import Bar, Book, Context, Fill, Parameters, SessionChange, Tick, Timer
from qts.domain.strategy.rules import RuleStrategy, rule_class

WRITE_EVERY_S: Final = 1.0
ROWS_MAX: Final = 100  # of one statement; what is left goes out a second later
PRESENT_EVERY_S: Final = 10.0
KEPT: Final = timedelta(days=90)
_COUNTED: Final[dict[type, str]] = {
    Bar: "bar_count",
    Tick: "tick_count",
    Book: "tick_count",  # what comes between two bars
    Fill: "fill_count",
    Timer: "timer_count",
    SessionChange: "session_count",
}
_COUNTS: Final = (*dict.fromkeys(_COUNTED.values()), "late_count")
_KEPT_FIELDS: Final = ("first_at", "last_at", "last_kind", *_COUNTS, "cold", "rules")
_DAY_MS: Final = 24 * 3_600_000
_VIETNAM_MS: Final = 7 * 3_600_000
_Key = tuple[UUID, date, str]


@dataclass(slots=True)
class _Page:
    """One row as it will be."""

    first_ms: int
    last_ms: int = 0
    last_kind: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    cold: list[str] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)


class AttendanceBook:
    """One thread's."""

    def __init__(self) -> None:
        self._pages: dict[_Key, _Page] = {}
        self._changed: dict[_Key, None] = {}
        self._opened: set[tuple[UUID, date]] = set()
        self._twins: dict[UUID, tuple[int, str, RuleStrategy | None]] = {}
        self._written_at = self._present_at = -WRITE_EVERY_S

    def heard(self, strategy: Strategy, event: Event, symbol: str, context: Context, names: Iterable[str]) -> None:
        """It is being asked about this event, with this context; `names` are the indicators that it reads."""
        page = self._page(strategy, symbol, _ts_ms(event))
        counted_as, page.last_kind = _COUNTED[type(event)], type(event).__name__.lower()[:10]
        page.counts[counted_as] = page.counts.get(counted_as, 0) + 1
        if isinstance(event, Bar):
            page.cold = [name for name in names if name not in context.indicators]
            self._tally(strategy, page, event, context)

    def came_too_late(self, strategy: Strategy, event: Event, symbol: str) -> None:
        page = self._page(strategy, symbol, _ts_ms(event))
        page.counts["late_count"] = page.counts.get("late_count", 0) + 1

    def present(self, strategies: Collection[Strategy]) -> None:
        """They sit at the desk now. Asked often, noted every few seconds."""
        if time.monotonic() - self._present_at < PRESENT_EVERY_S:
            return
        self._present_at, now_ms = time.monotonic(), round(marketdata.market_now().timestamp() * 1_000)
        for strategy in strategies:
            self._page(strategy, "", now_ms)

    def write(self, *, at_once: bool = False) -> int:
        """The rows that changed, a hundred at most, once a second at most; how many."""
        if not self._changed or (not at_once and time.monotonic() - self._written_at < WRITE_EVERY_S):
            return 0
        self._written_at = time.monotonic()
        keys = list(self._changed)[:ROWS_MAX]
        Attendance.objects.bulk_create(
            [_row(key, self._pages[key]) for key in keys],
            update_conflicts=True,
            unique_fields=["strategy", "trading_day", "symbol"],
            update_fields=_KEPT_FIELDS,
        )
        for key in keys:
            del self._changed[key]
        self._forget_other_days()
        return len(keys)

    def _page(self, strategy: Strategy, symbol: str, ts_ms: int) -> _Page:
        key = strategy.id, _day_of(ts_ms), symbol
        if key[:2] not in self._opened:
            self._open(*key[:2])
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = _Page(first_ms=ts_ms)
        page.last_ms = max(page.last_ms, ts_ms)
        self._changed[key] = None
        return page

    def _tally(self, strategy: Strategy, page: _Page, bar: Bar, context: Context) -> None:
        twin = self._twin(strategy)
        if twin is None:
            return
        moment = twin.moment(bar, context)
        rule, group = ("leave", twin.rules.leave) if context.quantity > 0 else ("enter", twin.rules.enter)
        page.rules = page.rules | {rule: counted(page.rules.get(rule, {}), group, moment)}

    def _twin(self, strategy: Strategy) -> RuleStrategy | None:
        """A document of rules is no code: it is read here too, and followed bar by bar as its child does."""
        known = self._twins.get(strategy.id)
        if known is None or known[:2] != (strategy.run, strategy.code_hash):
            known = self._twins[strategy.id] = (strategy.run, strategy.code_hash, _twin_of(strategy))
        return known[2]

    def _open(self, strategy_id: UUID, day: date) -> None:
        """What another worker wrote of it before: counts go on from there. One query a day for each strategy."""
        self._opened.add((strategy_id, day))
        for row in Attendance.objects.filter(strategy_id=strategy_id, trading_day=day):
            counts = {name: getattr(row, name) for name in _COUNTS}
            self._pages[strategy_id, day, row.symbol] = _Page(
                ms_of(row.first_at), ms_of(row.last_at), row.last_kind, counts, row.cold, row.rules
            )

    def _forget_other_days(self) -> None:
        newest = max(day for _, day, _ in self._pages)
        for key in [key for key in self._pages if key[1] < newest and key not in self._changed]:
            del self._pages[key]


def _twin_of(strategy: Strategy) -> RuleStrategy | None:
    try:
        source = code_of_strategy(strategy).source
        if source is None or source.suffix != RULES:
            return None
        return rule_class(read_rules(source.text))(Parameters())
    except (KeyError, RulesUnreadable):
        return None  # its child says so, and it is off


def _row(key: _Key, page: _Page) -> Attendance:
    strategy_id, day, symbol = key
    return Attendance(
        strategy_id=strategy_id,
        trading_day=day,
        symbol=symbol,
        first_at=moment_of(page.first_ms),
        last_at=moment_of(page.last_ms),
        last_kind=page.last_kind,
        cold=page.cold,
        rules=page.rules,
        **page.counts,
    )


def _ts_ms(event: Event) -> int:
    """Market time."""
    if isinstance(event, Bar):
        return event.ts_start_ms
    return event.ts_exchange_ms if isinstance(event, Tick | Book | Fill) else event.ts_ms


@lru_cache(maxsize=16)
def _day_number_as_date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def _day_of(ts_ms: int) -> date:
    """In Vietnam, which has no summer time; asked for each match."""
    return _day_number_as_date((ts_ms + _VIETNAM_MS) // _DAY_MS)


def prune_attendance(*, now: datetime) -> int:
    """Drop what is older than it is kept; how many rows."""
    deleted, _ = Attendance.objects.filter(trading_day__lt=to_vietnam(now - KEPT).date()).delete()
    return deleted
