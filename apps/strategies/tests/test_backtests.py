"""Backtests as a service: asked for, cancelled, killed in the middle and taken up again, repeated, thrown away."""

import os
import signal
import threading
import time
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.apps import apps as django_apps
from django.db import transaction

from apps.eventlog import selectors as eventlog
from apps.strategies import selectors, services, tasks
from apps.strategies.models import BacktestData, BacktestRun, BacktestSteps
from apps.strategies.services import BacktestRefused, backtest_work
from apps.strategies.tests.conftest import NOW, TRADER, list_securities
from apps.strategies.tests.strange import Raiser, Slow
from qts.backtest import BarPeriod
from qts.backtest.process import StudyProcess
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db
in_threads = pytest.mark.django_db(transaction=True)
OTHER = Actor(ActorKind.USER, "2")
CROSS = {"strategy": "moving_average_cross", "parameters": {"fast": 3, "slow": 8, "quantity": 100}}
GRID = {"fast": [2, 3, 4, 5], "slow": [8, 13, 21]}
FEES = {"fee_rate_bps": 15, "sale_tax_rate_bps": 10}
REST = {"cash_vnd": 100_000_000, "participation_percent": 10, "spread_ticks": 1, "frictionless": None}


@pytest.fixture
def stored(valkey):
    """300 days of SSI and HPG in the bar store."""
    list_securities("SSI", "HPG")
    model = django_apps.get_model("marketdata", "DailyBar")
    first = date(2025, 1, 6)
    for symbol, base in (("SSI", 25_000), ("HPG", 30_000)):
        model.objects.bulk_create(
            model(
                symbol=symbol, trading_day=first + timedelta(days=n), open_vnd=price, high_vnd=price + 100,
                low_vnd=price - 100, close_vnd=price, volume=1_000_000, value_vnd=price * 1_000_000,
            )
            for n in range(300)
            if (price := base + 100 * (abs(n * 7 % 60 - 30) + n % 5))
        )  # fmt: skip


def kept(symbols=("SSI",), **days):
    given = {"since": None, "until": None} | days
    return services.keep_stored(symbols, period=BarPeriod.DAY, actor=TRADER, **given)


@pytest.mark.parametrize("days", [{"since": date.min}, {"until": date.max}])
def test_days_that_no_calendar_reaches_are_all_days(stored, days):
    assert kept(**days) == kept()


def asked(kind="RUN", actor=TRADER, **more):
    told = {"kind": kind, "parts": [CROSS], **FEES, **REST, "grid": {} if kind == "RUN" else GRID, **more}
    digest = told.pop("digest", None) or kept()
    study = services.study_on(digest, told)
    return services.queue_backtest(study=study, digest=digest, name="", actor=actor, now=NOW)


def done(run_id):
    services.run_backtest(run_id)
    return selectors.backtest(run_id)


def told_of(run_id):
    return [entry.body["status"] for entry in reversed(eventlog.history(key=str(run_id)))]


def test_a_backtest_is_done_once_and_told(stored):
    run_id = asked()
    assert selectors.backtest(run_id).status == "QUEUED"
    found = done(run_id)
    assert (found.status, found.problem, found.progress_percent, found.attempt) == ("DONE", "", 100, 1)
    document = selectors.backtest_document(run_id)
    assert document["data_hash"] == found.data.digest
    assert document["trades_hash"] == found.trades_hash
    assert found.summary["figures"] == document["figures"]
    assert found.summary["verdict"][0]["code"] in {"EARNED", "LOST"}
    assert len(found.code_hash) == 64
    assert told_of(run_id) == ["QUEUED", "RUNNING", "DONE"]
    assert done(run_id).attempt == 1  # a second time changes nothing
    assert told_of(run_id) == ["QUEUED", "RUNNING", "DONE"]


@pytest.mark.parametrize("kind", ["SWEEP", "SEARCH", "WALK_FORWARD"])
def test_every_kind_is_done_and_leaves_no_steps(stored, kind):
    found = done(asked(kind, tries=6, folds=3))
    assert found.status == "DONE", found.problem
    assert found.summary["verdict"]
    assert BacktestSteps.objects.count() == 0


def test_a_portfolio_of_strategies_and_symbols(stored):
    parts = [CROSS | {"symbols": ["SSI"]}, {"strategy": "rsi_mean_reversion", "symbols": ["HPG"]}]
    found = done(asked(parts=parts, digest=kept(["SSI", "HPG"])))
    assert (found.status, found.strategies) == ("DONE", ["moving_average_cross", "rsi_mean_reversion"])
    fills = selectors.backtest_document(found.id)["fills"]
    assert {(fill[1], fill[-1]) for fill in fills} <= {("SSI", 0), ("HPG", 1)}
    assert ("SSI", 0) in {(fill[1], fill[-1]) for fill in fills}


def test_the_stored_study_gives_the_same_trades_again(stored):
    first = done(asked())
    again = done(services.repeat_backtest(first.id, actor=OTHER, now=NOW))
    assert again.id != first.id
    assert first.trades_hash
    assert (again.trades_hash, again.code_hash, again.study) == (first.trades_hash, first.code_hash, first.study)
    assert selectors.backtest_document(again.id) == selectors.backtest_document(first.id)
    assert again.trades_hash != done(asked(cash_vnd=1_000_000)).trades_hash


def test_the_index_stands_beside_it_where_the_store_has_its_days(stored):
    assert done(asked()).summary["index"] is None
    model = django_apps.get_model("marketdata", "DailyBar")
    days = model.objects.filter(symbol="SSI").order_by("trading_day").values_list("trading_day", flat=True)
    model.objects.bulk_create(
        model(
            symbol="VNINDEX", trading_day=day, open_vnd=1_000 + n, high_vnd=1_000 + n, low_vnd=1_000 + n,
            close_vnd=1_000 + n, volume=1, value_vnd=1,
        )
        for n, day in enumerate(days)
    )  # fmt: skip
    found = done(asked())
    assert found.symbols == ["SSI"]
    assert found.summary["index"] == pytest.approx(0.299)
    assert done(services.repeat_backtest(found.id, actor=TRADER, now=NOW)).summary == found.summary


def test_bars_that_change_later_change_nothing(stored):
    first = done(asked())
    django_apps.get_model("marketdata", "DailyBar").objects.update(close_vnd=50_000, high_vnd=50_000)
    again = done(services.repeat_backtest(first.id, actor=TRADER, now=NOW))
    assert again.trades_hash == first.trades_hash
    assert kept() != first.data.digest


class Watched(StudyProcess):
    """Notes its process; the steps of a sweep come one by one, and slowly."""

    started: list["Watched"] = []

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.kept = list(named["kept"])
        Watched.started.append(self)


@pytest.fixture
def slow_sweep(stored, monkeypatch):
    """A sweep whose sets take a tenth of a second each."""
    Watched.started = []
    monkeypatch.setattr(backtest_work, "StudyProcess", Watched)
    monkeypatch.setattr("apps.strategies.selectors.research.registered_strategies", lambda: [Slow])
    return lambda: asked("SWEEP", parts=[{"strategy": Slow.key}], grid={"pace": list(range(1, 11))})


def until(condition, seconds=20):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it does not happen"
        time.sleep(0.05)


def in_background(run_id):
    worker = threading.Thread(target=_run_and_close, args=[run_id])
    worker.start()
    return worker


def _run_and_close(run_id):
    from django.db import connection

    try:
        services.run_backtest(run_id)
    finally:
        connection.close()


@in_threads
def test_a_run_is_cancelled_in_the_middle(slow_sweep):
    run_id = slow_sweep()
    worker = in_background(run_id)
    until(lambda: selectors.backtest(run_id).progress_done > 1)
    services.cancel_backtest(run_id, actor=TRADER, now=NOW)
    worker.join(60)
    assert not worker.is_alive()
    found = selectors.backtest(run_id)
    assert (found.status, found.progress_done < found.progress_total) == ("CANCELLED", True)
    with pytest.raises(ProcessLookupError):
        os.kill(Watched.started[0].pid, 0)
    assert selectors.backtest_document(run_id) is None
    assert BacktestSteps.objects.count() == 0
    assert done(run_id).status == "CANCELLED"
    assert told_of(run_id) == ["QUEUED", "RUNNING", "CANCELLED"]


def test_what_waits_is_cancelled_at_once(stored):
    run_id = asked()
    services.cancel_backtest(run_id, actor=TRADER, now=NOW)
    assert done(run_id).status == "CANCELLED"
    assert selectors.backtest(run_id).attempt == 0


@in_threads
def test_who_takes_up_a_killed_run_ends_with_the_same_result(slow_sweep):
    whole = done(slow_sweep())
    run_id = slow_sweep()
    worker = in_background(run_id)
    until(lambda: BacktestSteps.objects.filter(run_id=run_id).exists())
    os.kill(Watched.started[-1].pid, signal.SIGKILL)
    worker.join(10)
    left = selectors.backtest(run_id)
    assert (left.status, left.attempt) == ("RUNNING", 1)
    assert run_id in services.backtests_to_run()
    found = done(run_id)
    assert (found.status, found.attempt) == ("DONE", 2)
    assert 0 < len(Watched.started[-1].kept) < 10  # it went on where the other was
    assert selectors.backtest_document(run_id) == selectors.backtest_document(whole.id)
    assert found.trades_hash == whole.trades_hash


@in_threads
def test_a_worker_that_lost_its_run_writes_nothing_more(slow_sweep):
    run_id = slow_sweep()
    worker = in_background(run_id)
    until(lambda: selectors.backtest(run_id).progress_done > 0)
    with transaction.atomic():  # another one has taken it up
        BacktestRun.objects.filter(id=run_id).update(attempt=7, progress_done=0)
        steps = BacktestSteps.objects.filter(run_id=run_id).count()
    worker.join(10)
    assert not worker.is_alive()
    assert (BacktestSteps.objects.filter(run_id=run_id).count(), selectors.backtest(run_id).progress_done) == (steps, 0)
    assert selectors.backtest(run_id).status == "RUNNING"


@in_threads
def test_two_workers_do_one_run_once(slow_sweep):
    run_id = slow_sweep()
    worker = in_background(run_id)
    until(lambda: selectors.backtest(run_id).status == "RUNNING")
    services.run_backtest(run_id)  # finds the lease taken
    assert len(Watched.started) == 1
    services.cancel_backtest(run_id, actor=TRADER, now=NOW)
    worker.join(10)


def test_a_process_that_always_dies_is_given_up(stored, monkeypatch):
    run_id = asked()

    def die(*_arguments, **_named):
        raise backtest_work.StudyBroken("killed")

    monkeypatch.setattr(backtest_work, "StudyProcess", die)
    attempts = [done(run_id).status for _ in range(6)]
    assert attempts == ["RUNNING"] * 5 + ["FAILED"]
    assert "ended 5 times without a result" in selectors.backtest(run_id).problem


def test_no_more_than_two_run_at_once_and_the_others_wait(stored):
    waiting = [asked() for _ in range(4)]
    BacktestRun.objects.filter(id__in=waiting[:2]).update(status="RUNNING", attempt=1)
    assert done(waiting[2]).status == "QUEUED"
    assert services.backtests_to_run() == waiting  # two to look after, two to begin
    BacktestRun.objects.filter(id=waiting[0]).update(status="DONE")
    assert done(waiting[2]).status == "DONE"


def test_a_strategy_that_raises_is_told_with_its_line(stored, monkeypatch):
    monkeypatch.setattr("apps.strategies.selectors.research.registered_strategies", lambda: [Raiser])
    found = done(asked(parts=[{"strategy": Raiser.key}]))
    assert (found.status, found.problem) == (
        "FAILED",
        "the strategy raised ZeroDivisionError: integer division or modulo by zero",
    )
    assert "strange.py" in found.trace
    assert "1 // 0" in found.trace


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"parts": [CROSS | {"parameters": {"fast": 1}}]}, "fast must be between 2 and 100 bars."),
        ({"parts": [{"strategy": "os:system"}]}, "There is no strategy 'os:system'."),
        ({"parts": []}, "A backtest needs a strategy."),
        ({"parts": [CROSS | {"symbols": ["HPG"]}]}, "which is no instrument"),
        ({"cash_vnd": 0}, "A backtest begins with money."),
        ({"kind": "SWEEP", "grid": {}}, "choose a parameter to vary"),
        ({"digest": "f" * 64}, "not kept any more"),
    ],
)
def test_what_cannot_be_run_is_not_queued(stored, more, told):
    with pytest.raises(BacktestRefused, match=told):
        asked(**({"kind": "RUN"} | more))
    assert BacktestRun.objects.count() == 0


def test_nobody_fills_the_queue(stored):
    for _ in range(20):
        asked()
    with pytest.raises(BacktestRefused, match="20 of your backtests are not finished"):
        asked()
    assert asked(actor=OTHER)


def test_what_is_thrown_away_takes_its_bars_along_when_nobody_needs_them(stored):
    first = done(asked())
    second = services.repeat_backtest(first.id, actor=TRADER, now=NOW)
    with pytest.raises(BacktestRefused, match="cancel it first"):
        services.delete_backtest(second, actor=TRADER, now=NOW)
    services.delete_backtest(first.id, actor=TRADER, now=NOW)
    assert (BacktestRun.objects.count(), BacktestData.objects.count()) == (1, 1)
    services.cancel_backtest(second, actor=TRADER, now=NOW)
    services.delete_backtest(second, actor=TRADER, now=NOW)
    assert (BacktestRun.objects.count(), BacktestData.objects.count()) == (0, 0)
    assert told_of(first.id)[-1] == "DELETED"
    services.delete_backtest(uuid4(), actor=TRADER, now=NOW)  # gone already


def test_beat_starts_what_waits(stored, monkeypatch):
    run_id = asked()
    sent_off = []
    monkeypatch.setattr(tasks.run_backtest, "apply_async", lambda *one, **more: sent_off.append((one, more)))
    tasks.tend_backtests()
    assert sent_off == [(((str(run_id),),), {"expires": tasks.START_EXPIRES_S})]
    tasks.run_backtest(str(run_id))
    assert selectors.backtest(run_id).is_done
    tasks.tend_backtests()
    assert len(sent_off) == 1
