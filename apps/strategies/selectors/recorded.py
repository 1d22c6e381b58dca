"""What was decided on a day, and what the strategies saw of themselves, in the form in which days are compared."""

from datetime import date, datetime
from uuid import UUID

from apps.eventlog import selectors as eventlog
from apps.marketdata.selectors import day_bounds_ms
from apps.strategies.models import Decision, QuestionNote
from qts.backtest.trace import Decided, Note
from qts.domain.events import StrategyChanged
from qts.domain.market import MINUTE_MS, moment_of

_CHANGES_MAX = 200


def recorded_decisions(strategy_id: UUID, day: date) -> list[Decided]:
    """In the order in which they were made; without what others than the strategy had the desk decide."""
    first, last = _bounds(day)
    rows = Decision.objects.filter(strategy_id=strategy_id, decided_at__gte=first, decided_at__lte=last)
    return [
        _decided(row)
        for row in rows.exclude(event_key="").exclude(intent__kind="published").order_by("decided_at", "event_key")
    ]


def notes_of(strategy_id: UUID, day: date) -> list[Note]:
    """Oldest first; none where the strategy did not run that day."""
    rows = QuestionNote.objects.filter(strategy_id=strategy_id, trading_day=day).order_by("id")
    return [_note(row) for row in rows]


def versions_of(strategy_id: UUID, day: date) -> list[str]:
    """The hashes of the code that ran that day, oldest first."""
    rows = QuestionNote.objects.filter(strategy_id=strategy_id, trading_day=day).order_by("id")
    return list(dict.fromkeys(rows.values_list("code_hash", flat=True)))


def mode_of(strategy_id: UUID, day: date) -> str:
    """Of the last question of the day; empty when it was asked nothing."""
    rows = QuestionNote.objects.filter(strategy_id=strategy_id, trading_day=day).order_by("-id")
    return rows.values_list("mode", flat=True).first() or ""


def stopped_spans_ms(strategy_id: UUID, day: date) -> list[tuple[int, int]]:
    """From when to when of the day it did not run, in market time; by the starts and stops that people and QTS made."""
    first_ms, last_ms = day_bounds_ms(day)
    logged = eventlog.history(key=str(strategy_id), topic=StrategyChanged.topic, limit=_CHANGES_MAX)
    spans, since_ms = [], first_ms  # before its first start it did not run
    is_running = False
    for event in reversed(logged):
        at_ms = min(max(round(event.occurred_at.timestamp() * 1_000), first_ms), last_ms)
        runs = event.body.get("status") == "RUNNING"
        if runs and not is_running and at_ms > since_ms:
            spans.append((since_ms, at_ms))
        if is_running and not runs:
            since_ms = at_ms
        is_running = runs
    return spans if is_running or since_ms == last_ms else [*spans, (since_ms, last_ms)]


def _decided(row: Decision) -> Decided:
    return Decided(
        key=row.event_key,
        at_ms=_asked_at_ms(row),
        symbol=row.symbol,
        trigger=row.trigger,
        indicators=row.indicators,
        intent=row.intent,
        held=row.held_quantity,
        working=row.working_quantity,
    )


def _asked_at_ms(row: Decision) -> int:
    told = row.trigger
    if "ts_start_ms" in told:
        return int(told["ts_start_ms"]) + MINUTE_MS
    return int(told.get("ts_ms") or told["ts_exchange_ms"])


def _note(row: QuestionNote) -> Note:
    return Note(
        key=row.key,
        after=row.after_key,
        at_ms=row.at_ms,
        holdings={symbol: (held, working) for symbol, (held, working) in row.holdings.items()},
        equity_vnd=row.equity_vnd,
        fill=row.fill,
        has_begun=row.has_begun,
        clock_ms=row.clock_ms,
        is_old=row.is_old,
    )


def _bounds(day: date) -> tuple[datetime, datetime]:
    first_ms, last_ms = day_bounds_ms(day)
    return moment_of(first_ms), moment_of(last_ms)
