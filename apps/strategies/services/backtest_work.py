"""Doing a backtest: claimed once, watched while its process runs, taken up again when its worker has died.

The lease says who works on a run now; `attempt` fences what a worker still writes that had lost it. Steps that were
told are kept, so that the next worker goes on after them, and ends with the same result.
"""

import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.marketdata.selectors import market_now
from apps.strategies import selectors
from apps.strategies.locks import lock_backtest, lock_backtest_claims
from apps.strategies.models import BacktestData, BacktestDocument, BacktestRun, BacktestStatus, BacktestSteps
from apps.strategies.services.backtest_queue import announce
from qts.adapters.lease import Lease, Slice, slice_of
from qts.backtest import StudyKind
from qts.backtest.process import Begun, Failed, Finished, Message, Moved, StudyBroken, StudyProcess
from qts.domain.errors import Said, kept_of
from qts.domain.values import Actor, ActorKind

AT_ONCE_MAX: Final = 2  # each is a process that takes a core; they run niced
ATTEMPTS_MAX: Final = 5
SECONDS_MAX: Final = 6 * 3_600
LEASE_TTL_S: Final = 10.0
LOOK_S: Final = 0.5
_PAUSE_S: Final = 0.25
_WORKER: Final = Actor(ActorKind.SYSTEM, "backtests")
_TOO_OFTEN: Final = Said(
    "Its process ended {count} times without a result; it may need more memory than there is.", count=ATTEMPTS_MAX
)
_TOO_LONG: Final = Said("It took more than {hours} hours; take fewer bars or fewer sets.", hours=SECONDS_MAX // 3_600)

log = structlog.get_logger(__name__)


def run_backtest(run_id: UUID) -> None:
    """Safe to run twice: whoever comes second finds the lease taken, or the run over."""
    with slice_of(Lease(settings.REDIS_URL, f"backtest:{run_id}", LEASE_TTL_S), SECONDS_MAX) as turn:
        if not turn.goes_on():
            return
        run = _claim(run_id)
        if run is not None:
            _Work(run, turn).do()


def backtests_to_run() -> list[UUID]:
    """Those that wait, as many as may run at once, and those whose worker may have died."""
    return selectors.unfinished_backtests(waiting_max=AT_ONCE_MAX)


def _claim(run_id: UUID) -> BacktestRun | None:
    """None for one that is over, was cancelled before it began, or has to wait for its turn."""
    with transaction.atomic():
        lock_backtest_claims()
        run = lock_backtest(run_id)
        if run is None or run.status not in selectors.UNFINISHED:
            return None
        if run.is_cancel_asked:
            _end(run, BacktestStatus.CANCELLED)
            return None
        if run.status == BacktestStatus.QUEUED:
            if BacktestRun.objects.filter(status=BacktestStatus.RUNNING).count() >= AT_ONCE_MAX:
                return None
            run.started_at = timezone.now()
        elif run.attempt >= ATTEMPTS_MAX:
            _end(run, BacktestStatus.FAILED, problem=_TOO_OFTEN)
            return None
        is_new = run.status == BacktestStatus.QUEUED
        run.status, run.attempt = BacktestStatus.RUNNING, run.attempt + 1
        run.save(update_fields=["status", "attempt", "started_at"])
        if is_new:
            announce(run, _WORKER, market_now())
    return run


class _Work:
    """One worker's try at one run."""

    def __init__(self, run: BacktestRun, turn: Slice) -> None:
        self._run, self._turn = run, turn
        self._mine = BacktestRun.objects.filter(id=run.id, attempt=run.attempt, status=BacktestStatus.RUNNING)
        self._kept = _kept_steps(run.id)
        self._next = len(self._kept)
        self._looked_at = time.monotonic()

    def do(self) -> None:
        packed = bytes(BacktestData.objects.values_list("packed", flat=True).get(digest=self._run.data_id))
        try:
            with StudyProcess(self._run.study, packed, kept=self._kept, code_hash=self._run.code_hash) as process:
                for message in process.messages(pause_s=_PAUSE_S):
                    if not self._turn.goes_on():  # lost, or this worker shuts down: another one goes on
                        return
                    if self._is_cancelled() or not self._take(message):
                        return
        except StudyBroken as broken:
            log.warning("backtest_broken", backtest=str(self._run.id), attempt=self._run.attempt, reason=str(broken))

    def _is_cancelled(self) -> bool:
        """Looked at twice a second; also True for a run that is not ours any more."""
        if time.monotonic() - self._looked_at < LOOK_S:
            return False
        self._looked_at = time.monotonic()
        asked = self._mine.values_list("is_cancel_asked", "started_at").first()
        if asked is None:
            return True
        is_late = asked[1] is not None and (timezone.now() - asked[1]).total_seconds() > SECONDS_MAX
        if asked[0] or is_late:
            status = BacktestStatus.CANCELLED if asked[0] else BacktestStatus.FAILED
            self._finish(status, problem="" if asked[0] else _TOO_LONG)
            return True
        return False

    def _take(self, message: Message | None) -> bool:
        """False when that was the end, or the run is not ours any more."""
        match message:
            case None:
                return True
            case Begun(code_hash, takes_up):
                return self._begin(code_hash, takes_up=takes_up)
            case Moved(steps, progress):
                return self._move(steps, progress)
            case Failed(problem, trace):
                self._finish(BacktestStatus.FAILED, problem=problem, trace=trace[:4_000])
                return False
            case Finished(document):
                self._finish(BacktestStatus.DONE, document=document)
                return False

    def _begin(self, code_hash: str, *, takes_up: bool) -> bool:
        with transaction.atomic():
            if not self._mine.update(code_hash=code_hash):
                return False
            if not takes_up:  # what other code has found is another result's
                BacktestSteps.objects.filter(run_id=self._run.id).delete()
                self._next = 0
        return True

    def _move(self, steps: Sequence[Any], progress: tuple[int, int] | None) -> bool:
        with transaction.atomic():
            done, total = progress or (None, None)
            changes = {"progress_done": done, "progress_total": total} if progress else {"attempt": F("attempt")}
            if not self._mine.update(**changes):
                return False
            if steps:
                BacktestSteps.objects.create(run_id=self._run.id, first=self._next, packed=_packed(list(steps)))
        self._next += len(steps)
        return True

    def _finish(
        self, status: BacktestStatus, *, problem: str = "", trace: str = "", document: dict[str, Any] | None = None
    ) -> None:
        with transaction.atomic():
            run = lock_backtest(self._run.id)
            if run is None or run.attempt != self._run.attempt or run.status != BacktestStatus.RUNNING:
                return
            if document is not None:
                run.summary = summary_of(document)
                run.trades_hash = document.get("trades_hash") or (document.get("report") or {}).get("trades_hash", "")
                run.progress_done = run.progress_total = max(1, run.progress_total)
                BacktestDocument.objects.update_or_create(run=run, defaults={"packed": _packed(document)})
            _end(run, status, problem=problem, trace=trace)


def summary_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What lists and comparisons show."""
    report = document if document["kind"] in {StudyKind.RUN, StudyKind.WALK_FORWARD} else document["report"] or {}
    best = document.get("best")
    return {
        "figures": report.get("figures", {}),
        "verdict": document["verdict"],
        "benchmark": (report.get("benchmark") or {}).get("total_return"),
        "index": (report.get("index") or {}).get("total_return"),
        "best": document["rows"][best]["parameters"] if best is not None else None,
        "tries": len(document.get("rows", [])),
        "deflated_sharpe": document.get("deflated_sharpe"),
        "overfitting": (document.get("overfitting") or {}).get("probability"),
    }


def _end(run: BacktestRun, status: BacktestStatus, *, problem: str = "", trace: str = "") -> None:
    run.status, run.trace, run.finished_at = status, trace, timezone.now()
    run.problem, run.problem_kept = f"{problem[:1].upper()}{problem[1:2_000]}", kept_of(problem)
    run.save()
    BacktestSteps.objects.filter(run_id=run.id).delete()
    announce(run, _WORKER, market_now())


def _kept_steps(run_id: UUID) -> list[Any]:
    rows = BacktestSteps.objects.filter(run_id=run_id).order_by("first").values_list("packed", flat=True)
    return [step for packed in rows for step in json.loads(zlib.decompress(packed))]


def _packed(told: Any) -> bytes:
    return zlib.compress(json.dumps(told).encode())
