"""Reading backtests: what was asked, how far it is, what was found."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.strategies.models import BacktestData, BacktestDocument, BacktestRun, BacktestStatus, Strategy
from apps.strategies.selectors.code import FILE_KEY, VersionView, choices, code_of, is_file, versions
from qts.backtest import BarTable
from qts.backtest.packing import unpack
from qts.domain.errors import said_again
from qts.domain.strategy import Parameter, describe_parameters, registered_strategies, strategy_class

UNFINISHED = (BacktestStatus.QUEUED, BacktestStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class BacktestDataView:
    """Bars that are kept; `first_at` and `last_at` are their own times."""

    digest: str
    source: str
    name: str
    period: str
    symbols: Sequence[str]
    bar_count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class BacktestStrategyView:
    """`content_hash` names the version of a person's file, `versions` are all of them, newest first; code that comes
    with QTS has none."""

    key: str
    title: str
    summary: str
    parameters: Sequence[Parameter]
    content_hash: str = ""
    versions: Sequence[VersionView] = ()


@dataclass(frozen=True, slots=True)
class BacktestView:
    """Times of the wall clock. `summary` has the figures of a finished run, and is empty before."""

    id: UUID
    name: str
    kind: str
    strategies: Sequence[str]
    symbols: Sequence[str]
    study: Mapping[str, Any]
    data: BacktestDataView
    status: str
    problem: str
    trace: str
    progress_done: int
    progress_total: int
    is_cancel_asked: bool
    attempt: int
    code_hash: str
    trades_hash: str
    summary: Mapping[str, Any]
    created_by: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def is_done(self) -> bool:
        return self.status == BacktestStatus.DONE

    @property
    def progress_percent(self) -> int:
        return min(100, 100 * self.progress_done // self.progress_total) if self.progress_total else 0


def backtests(
    *, status: str = "", kind: str = "", strategy: str = "", created_by: str = "", limit: int = 50, offset: int = 0
) -> list[BacktestView]:
    """Newest first, in one query."""
    asked = {"status": status, "kind": kind, "created_by": created_by}
    rows = _rows().filter(**{name: value for name, value in asked.items() if value})
    if strategy:
        rows = rows.filter(strategies__contains=[strategy])
    return [_view(row) for row in rows[offset : offset + limit]]


def backtest(run_id: UUID) -> BacktestView | None:
    row = _rows().filter(id=run_id).first()
    return _view(row) if row else None


def backtest_document(run_id: UUID) -> dict[str, Any] | None:
    """What a finished run found, as `qts.backtest.studies` tells it; None for one that is not finished."""
    packed = BacktestDocument.objects.filter(run_id=run_id).values_list("packed", flat=True).first()
    if packed is None:
        return None
    document: dict[str, Any] = json.loads(zlib.decompress(packed))
    return document


def backtest_data(digest: str) -> BacktestDataView | None:
    row = BacktestData.objects.defer("packed").filter(digest=digest).first()
    return _data_view(row) if row else None


def backtest_table(digest: str) -> BarTable | None:
    packed = BacktestData.objects.filter(digest=digest).values_list("packed", flat=True).first()
    return None if packed is None else unpack(bytes(packed))


def unfinished_backtests(*, waiting_max: int) -> list[UUID]:
    """All that run, or ran when their worker died, and those that have waited longest."""
    rows = BacktestRun.objects.order_by("queued_at", "id")
    running = rows.filter(status=BacktestStatus.RUNNING).values_list("id", flat=True)
    waiting = rows.filter(status=BacktestStatus.QUEUED).values_list("id", flat=True)[:waiting_max]
    return [*running, *waiting]


def backtest_strategies() -> list[BacktestStrategyView]:
    """What may be tried: the strategies that QTS knows by name, those that somebody has set up, and the newest version
    of each file that was taken in. No file is run here."""
    found = {cls.key: cls for cls in registered_strategies()}
    for key in Strategy.objects.order_by("class_key").values_list("class_key", flat=True).distinct():
        try:
            found.setdefault(key, strategy_class(key))
        except KeyError:
            continue  # a person's file, or its class is gone: the page of strategies says so
    known = [
        BacktestStrategyView(key, cls.title, cls.summary, describe_parameters(cls.parameters_class))
        for key, cls in found.items()
    ]
    return known + [backtest_file(code.class_key) for code in choices() if is_file(code.class_key)]


def backtest_file(key: str, content_hash: str = "") -> BacktestStrategyView:
    """A version of a person's file, without a hash the newest. Raises KeyError."""
    code = code_of(key, content_hash)
    return BacktestStrategyView(
        key, code.title, code.summary, code.parameters, code.content_hash, versions(key.removeprefix(FILE_KEY))
    )


def _rows() -> Any:
    return BacktestRun.objects.select_related("data").defer("data__packed")


def _data_view(row: BacktestData) -> BacktestDataView:
    return BacktestDataView(**{name: getattr(row, name) for name in BacktestDataView.__slots__})


def _view(row: BacktestRun) -> BacktestView:
    values = {name: getattr(row, name) for name in BacktestView.__slots__ if name not in {"data", "problem"}}
    return BacktestView(data=_data_view(row.data), problem=said_again(row.problem_kept, row.problem), **values)
