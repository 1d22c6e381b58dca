"""Asking for a backtest, taking it back, throwing it away. The worker that does it is in `backtest_work`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from apps.analytics import selectors as analytics
from apps.eventlog import services as eventlog
from apps.strategies import selectors
from apps.strategies.locks import lock_backtest
from apps.strategies.models import BacktestData, BacktestRun, BacktestStatus
from apps.strategies.services.backtest_data import NAME_LENGTH_MAX, instruments_of
from apps.strategies.services.backtest_parts import backtest_parts
from apps.strategies.services.refusals import BacktestRefused
from qts.backtest import SpecWrong, StudyKind
from qts.backtest.benchmark import INDEX
from qts.backtest.signals import signals_json
from qts.backtest.study import Study, study_json, study_of_json
from qts.domain.errors import Said, said_by
from qts.domain.events import BacktestChanged
from qts.domain.strategy import ParameterError
from qts.domain.values import Actor

UNFINISHED_MAX: Final = 20  # of one person
KIND_WORDS: Final[Mapping[StudyKind, str]] = {
    StudyKind.RUN: "run",
    StudyKind.SWEEP: "sweep",
    StudyKind.WALK_FORWARD: "walk-forward",
    StudyKind.SEARCH: "search",
}


def study_on(digest: str, told: Mapping[str, Any]) -> Study:
    """A study as told, on bars that are kept: symbols, their rules and the length of a bar are those of the bars.

    Raises BacktestRefused.
    """
    data = selectors.backtest_data(digest)
    if data is None:
        raise BacktestRefused([Said("These bars are not kept any more: choose them again.")])
    listed = [
        {"symbol": one.symbol, "exchange": one.exchange.value, "kind": one.kind.value, "lot_size": one.lot_size}
        for one in instruments_of([symbol for symbol in data.symbols if symbol != INDEX]).values()
    ]
    try:
        parts = backtest_parts(told.get("parts") or [])
        signals = told.get("signals") or _signals(data)
        study = study_of_json(
            {**told, "parts": parts.told, "instruments": listed, "period": data.period, "signals": signals}
        )
        if study.kind is not StudyKind.RUN and parts.described:
            study.check_grid(parts.described[0])
    except ParameterError as error:
        raise BacktestRefused(error.problems) from error
    except SpecWrong as error:
        raise BacktestRefused([_sentence(error)]) from error
    return study


def _signals(data: selectors.BacktestDataView) -> list[list[Any]]:
    """What had been published about these symbols by then: those that might still hold when the bars begin, too."""
    since = data.first_at - timedelta(seconds=analytics.VALID_S_MAX)
    try:
        found = analytics.recorded_signals(data.symbols, since, data.last_at + timedelta(days=1))
    except ValueError as error:
        raise SpecWrong(said_by(error)) from error
    return signals_json(found)


def queue_backtest(
    *, study: Study, digest: str, name: str, actor: Actor, now: datetime, run_id: UUID | None = None
) -> UUID:
    """A worker takes it up within seconds. Asked for twice under one `run_id`, it is one backtest. Raises
    BacktestRefused for one too many."""
    keys = [part.strategy for part in study.spec.parts]
    with transaction.atomic():
        if run_id is not None and BacktestRun.objects.filter(id=run_id, created_by=str(actor)).exists():
            return run_id
        data = BacktestData.objects.select_for_update().defer("packed").filter(digest=digest).first()
        if data is None:
            raise BacktestRefused([Said("These bars are not kept any more: choose them again.")])
        unfinished = BacktestRun.objects.filter(created_by=str(actor), status__in=selectors.UNFINISHED)
        if unfinished.count() >= UNFINISHED_MAX:
            raise BacktestRefused(
                [
                    Said(
                        "{unfinished_max} of your backtests are not finished: wait, or cancel one.",
                        unfinished_max=UNFINISHED_MAX,
                    )
                ]
            )
        run = BacktestRun.objects.create(
            id=run_id or uuid4(),
            name=(name.strip() or _name_of(study))[:NAME_LENGTH_MAX],
            kind=study.kind.value,
            strategies=list(dict.fromkeys(keys)),
            symbols=sorted(study.spec.instruments),
            study=study_json(study),
            data=data,
            created_by=str(actor),
            queued_at=timezone.now(),
        )
        announce(run, actor, now)
    return run.id


def repeat_backtest(run_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """The same study on the same bars, once more. Raises BacktestRefused."""
    found = selectors.backtest(run_id)
    if found is None:
        raise BacktestRefused([Said("There is no such backtest.")])
    try:
        study = study_of_json(found.study)
    except (SpecWrong, ParameterError) as error:
        raise BacktestRefused([_sentence(error)]) from error
    return queue_backtest(study=study, digest=found.data.digest, name=found.name, actor=actor, now=now)


def cancel_backtest(run_id: UUID, *, actor: Actor, now: datetime) -> None:
    """One that waits is over at once, one that runs within a second; one that is over stays as it is."""
    with transaction.atomic():
        run = lock_backtest(run_id)
        if run is None or run.status not in selectors.UNFINISHED:
            return
        run.is_cancel_asked = True
        if run.status == BacktestStatus.QUEUED:
            run.status, run.finished_at = BacktestStatus.CANCELLED, timezone.now()
            announce(run, actor, now)
        run.save(update_fields=["is_cancel_asked", "status", "finished_at"])


def delete_backtest(run_id: UUID, *, actor: Actor, now: datetime) -> None:
    """With all that it found; bars that no other run needs go too. Raises BacktestRefused for one that is not over."""
    with transaction.atomic():
        run = lock_backtest(run_id)
        if run is None:
            return
        if run.status in selectors.UNFINISHED:
            raise BacktestRefused([Said("It is not over: cancel it first.")])
        digest = run.data_id
        eventlog.record(
            BacktestChanged(backtest_id=str(run.id), status="DELETED", reason=run.name), actor=actor, now=now
        )
        run.delete()
        kept = BacktestData.objects.select_for_update().defer("packed").filter(digest=digest).first()
        if kept is not None and not kept.runs.exists():
            kept.delete()


def announce(run: BacktestRun, actor: Actor, now: datetime) -> None:
    """In the transaction that changed it."""
    changed = BacktestChanged(backtest_id=str(run.id), status=run.status, reason=run.problem[:500])
    eventlog.record(changed, actor=actor, now=now)


def _name_of(study: Study) -> str:
    keys = ", ".join(dict.fromkeys(part.strategy.rpartition(":")[2] for part in study.spec.parts))
    return f"{keys}: {KIND_WORDS[study.kind]} on {', '.join(sorted(study.spec.instruments))}"


def _sentence(error: Exception) -> str:
    text = said_by(error)
    if isinstance(text, Said):
        return text
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
