"""Reading how the days of strategies compare with backtests of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from apps.strategies.models import ParityDay, ParityStatus, QuestionNote, Strategy
from qts.domain.errors import said_again

DAYS_MAX = 60


@dataclass(frozen=True, slots=True)
class ParityView:
    """Money in VND, before fees; `finished_at` is of the wall clock. `is_replay_equal` is None without a replay."""

    strategy_id: UUID
    strategy_name: str
    trading_day: date
    mode: str
    status: str
    problem: str
    decided: int
    matched: int
    differing: int
    missing_live: int
    missing_backtest: int
    unexplained: int
    is_replay_equal: bool | None
    profit_vnd: int | None
    backtest_profit_vnd: int | None
    finished_at: datetime | None
    document: Mapping[str, Any]

    @property
    def compared(self) -> int:
        """Moments at which either side decided."""
        return self.matched + self.differing + self.missing_live + self.missing_backtest

    @property
    def percent(self) -> int | None:
        """How many of them are the same, rounded down; None where nobody decided anything."""
        return self.matched * 100 // self.compared if self.compared else None

    @property
    def profit_difference_vnd(self) -> int | None:
        if self.profit_vnd is None or self.backtest_profit_vnd is None:
            return None
        return self.profit_vnd - self.backtest_profit_vnd

    @property
    def is_done(self) -> bool:
        return self.status == ParityStatus.DONE


def parity_days(strategy_id: UUID, *, limit: int = DAYS_MAX) -> list[ParityView]:
    """Newest first."""
    rows = ParityDay.objects.filter(strategy_id=strategy_id).select_related("strategy").order_by("-trading_day")
    return [_view(row) for row in rows[: min(limit, DAYS_MAX)]]


def parity_day(strategy_id: UUID, day: date) -> ParityView | None:
    rows = ParityDay.objects.filter(strategy_id=strategy_id, trading_day=day).select_related("strategy")
    return _view(row) if (row := rows.first()) else None


def latest_parity(strategy_ids: Iterable[UUID]) -> dict[UUID, ParityView]:
    """The newest measured day of each strategy, in one query."""
    rows = ParityDay.objects.filter(strategy_id__in=list(strategy_ids)).exclude(status=ParityStatus.RUNNING)
    newest = rows.select_related("strategy").order_by("strategy_id", "-trading_day").distinct("strategy_id")
    return {row.strategy_id: _view(row) for row in newest.defer("document")}


def unmeasured_days(*, since: date, until: date) -> list[tuple[UUID, date]]:
    """Strategies that were asked something on these days, without those that are measured; the newest first."""
    asked = QuestionNote.objects.filter(trading_day__range=(since, until)).values_list("strategy_id", "trading_day")
    measured = set(
        ParityDay.objects.filter(trading_day__range=(since, until))
        .exclude(status=ParityStatus.RUNNING)
        .values_list("strategy_id", "trading_day")
    )
    known = set(Strategy.objects.values_list("id", flat=True))
    left = [one for one in set(asked) - measured if one[0] in known]
    return sorted(left, key=lambda one: (-one[1].toordinal(), str(one[0])))


def _view(row: ParityDay) -> ParityView:
    return ParityView(
        strategy_id=row.strategy_id,
        strategy_name=row.strategy.name,
        trading_day=row.trading_day,
        mode=row.mode,
        status=row.status,
        problem=said_again(row.problem_kept, row.problem),
        decided=row.decided,
        matched=row.matched,
        differing=row.differing,
        missing_live=row.missing_live,
        missing_backtest=row.missing_backtest,
        unexplained=row.unexplained,
        is_replay_equal=row.is_replay_equal,
        profit_vnd=row.profit_vnd,
        backtest_profit_vnd=row.backtest_profit_vnd,
        finished_at=row.finished_at,
        document=row.document,
    )
