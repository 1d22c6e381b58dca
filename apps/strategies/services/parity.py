"""The parity meter: every evening each strategy that ran is set against a backtest and a replay of its day.

One row a strategy and day: whoever comes second finds the lease taken or the row done, and a worker that died is
followed by another one. `attempt` fences what a worker still writes that had lost its lease.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.strategies import selectors
from apps.strategies.locks import lock_parity_day
from apps.strategies.models import Decision, DecisionOutcome, Mode, ParityDay, ParityStatus, Strategy
from apps.strategies.selectors.recorded import mode_of, stopped_spans_ms, versions_of
from apps.strategies.services.replays import Sides, sides_of
from qts.adapters.lease import Lease, slice_of
from qts.backtest.parity import Comparison, Facts, Kind, Match, compare, compare_fills, profit_vnd
from qts.backtest.trace import digest
from qts.domain.errors import Said, TerminalError, kept_of, said_by
from qts.domain.market import moment_of, ms_of, to_vietnam
from qts.domain.values import Side

CLOSED_AT: Final = time_of_day(15, 5)  # in Vietnam: what trades until 15:00 is recorded by then
DAYS_BACK: Final = 5  # what a system that was off has missed
ATTEMPTS_MAX: Final = 3
SECONDS_MAX: Final = 1_800
LEASE_TTL_S: Final = 900.0  # it is renewed at the end; of a worker that is gone it is free at once
DIFFERENCES_MAX: Final = 500  # of a day, in full
_CLOSE: Final = 3
_ORDERS_MAX: Final = 20_000
_TOO_OFTEN: Final = Said("It ended {count} times without a result.", count=ATTEMPTS_MAX)

log = structlog.get_logger(__name__)


def parity_due(now: datetime) -> list[tuple[UUID, date]]:
    """Strategies and days that ran, are over, and have no result yet; the newest day first."""
    local = to_vietnam(now)
    last = local.date() if local.time() >= CLOSED_AT else local.date() - timedelta(days=1)
    return selectors.unmeasured_days(since=last - timedelta(days=DAYS_BACK), until=last)


def measure_parity(strategy_id: UUID, day: date) -> None:
    """Safe to run twice and to be killed."""
    name = f"parity:{strategy_id}:{day}"
    with slice_of(Lease(settings.REDIS_URL, name, LEASE_TTL_S), SECONDS_MAX) as turn:
        if not turn.goes_on():
            return
        row = _claim(strategy_id, day)
        if row is None:
            return
        try:
            changes = _measured(sides_of(row.strategy, day), day)
        except TerminalError as error:
            log.warning("parity_failed", strategy=row.strategy.name, day=str(day), error=str(error))
            said = said_by(error)
            changes = {"status": ParityStatus.FAILED, "problem": said, "problem_kept": kept_of(said)}
        mine = ParityDay.objects.filter(id=row.id, attempt=row.attempt, status=ParityStatus.RUNNING)
        if turn.goes_on():
            mine.update(**changes, finished_at=timezone.now())


def _claim(strategy_id: UUID, day: date) -> ParityDay | None:
    """None for a day that is measured already."""
    with transaction.atomic():
        row = lock_parity_day(strategy_id, day, now=timezone.now())
        if row.status != ParityStatus.RUNNING:
            return None
        row.attempt += 1
        row.mode = mode_of(strategy_id, day) or row.strategy.mode
        if row.attempt > ATTEMPTS_MAX:
            row.status, row.finished_at = ParityStatus.FAILED, timezone.now()
            row.problem, row.problem_kept = _TOO_OFTEN, kept_of(_TOO_OFTEN)
        row.save()
    return row if row.status == ParityStatus.RUNNING else None


def _measured(sides: Sides, day: date) -> dict[str, Any]:
    facts = _facts(sides, day)
    found = compare(sides.recorded, sides.backtest.trace.decided, facts)
    marks_vnd = _marks(sides)
    live, model = _recorded_fills(sides.strategy, day), _backtest_fills(sides, day)
    is_equal = None if sides.replayed is None else digest(sides.replayed.decided) == digest(sides.recorded)
    return {
        "status": ParityStatus.DONE,
        "decided": len(sides.recorded),
        "matched": found.matched,
        "differing": found.count(Kind.DIFFERENT),
        "missing_live": found.count(Kind.BACKTEST_ONLY),
        "missing_backtest": found.count(Kind.RECORDED_ONLY),
        "unexplained": found.unexplained,
        "is_replay_equal": is_equal,
        "profit_vnd": profit_vnd(live, marks_vnd),
        "backtest_profit_vnd": profit_vnd(model, marks_vnd),
        "document": _document(sides, facts, found, compare_fills(live, model, marks_vnd)),
    }


def _document(sides: Sides, facts: Facts, found: Comparison, fills: Sequence[Any]) -> dict[str, Any]:
    replayed = sides.replayed
    apart = compare(sides.recorded, replayed.decided, facts).differences if replayed is not None else ()
    return {
        "differences": [one.told() for one in found.differences[:DIFFERENCES_MAX]],
        "replay_differences": [one.told() for one in apart[:DIFFERENCES_MAX]],
        "fills": list(fills)[:DIFFERENCES_MAX],
        "digests": {
            "recorded": digest(sides.recorded),
            "backtest": digest(sides.backtest.trace.decided),
            "replay": digest(replayed.decided) if replayed is not None else "",
        },
        "exposures": sides.exposures.value,
        "replay_problem": sides.problem,
        "replay_problem_kept": kept_of(sides.problem),
    }


def _facts(sides: Sides, day: date) -> Facts:
    first_forms: dict[tuple[str, int], tuple[int, ...]] = {}
    for bar in sides.day.bars if sides.day is not None else ():
        prices = (bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume)
        first_forms.setdefault((bar.symbol, bar.ts_start_ms), prices)
    return Facts(
        stored=sides.backtest.bars,
        logged=first_forms if sides.day is not None else None,
        logged_until_ms=sides.day.last_ms if sides.day is not None else None,
        late=sides.day.late if sides.day is not None else (),
        gaps=[(ms_of(since), ms_of(until)) for since, until, _ in (sides.day.gaps if sides.day is not None else ())],
        stopped=stopped_spans_ms(sides.strategy.id, day),
        has_other_version=len(versions_of(sides.strategy.id, day)) > 1,
        notes=sides.notes,
        backtest_notes=sides.backtest.trace.notes,
    )


def _marks(sides: Sides) -> Mapping[str, int]:
    """The close of each symbol's last bar of the day."""
    return {symbol: prices[_CLOSE] for (symbol, _), prices in sorted(sides.backtest.bars.items())}


def _recorded_fills(strategy: Strategy, day: date) -> list[Match]:
    """A shadow's decisions count as filled at once, at their price."""
    if (mode_of(strategy.id, day) or strategy.mode) == Mode.SHADOW:
        return _shadow_fills(strategy, day)
    ours = {
        one.id
        for one in orders.orders(
            [strategy.account_id], strategy_id=str(strategy.id), trading_day=day, limit=_ORDERS_MAX
        )
    }
    return [
        Match(ms_of(one.matched_at), one.symbol, one.side, one.quantity, one.price_vnd)
        for one in orders.fills([strategy.account_id], trading_day=day, limit=_ORDERS_MAX)
        if one.order_id in ours
    ]


def _shadow_fills(strategy: Strategy, day: date) -> list[Match]:
    first_ms, last_ms = marketdata.day_bounds_ms(day)
    rows = Decision.objects.filter(
        strategy=strategy,
        outcome=DecisionOutcome.SHADOWED,
        decided_at__gte=moment_of(first_ms),
        decided_at__lte=moment_of(last_ms),
        price_vnd__gt=0,
    )
    return [
        Match(ms_of(row.decided_at), row.symbol, Side(row.side), row.quantity, row.price_vnd)
        for row in rows
        if row.price_vnd is not None
    ]


def _backtest_fills(sides: Sides, day: date) -> list[Match]:
    first_ms, _ = marketdata.day_bounds_ms(day)
    return [
        Match(one.ts_ms, one.symbol, one.side, one.quantity, one.price_vnd)
        for one in sides.backtest.result.fills
        if one.ts_ms >= first_ms
    ]
