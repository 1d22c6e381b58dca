"""Which days are measured and when, by whom, and who may see it."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from apps.accounts.services import open_account
from apps.strategies import selectors
from apps.strategies.models import Decision, DecisionOutcome, Mode, ParityDay, ParityStatus, QuestionNote, Strategy
from apps.strategies.services import measure_parity, parity, parity_due
from apps.strategies.services.replay import ReplayBroken
from apps.strategies.services.replays import strategy_named

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 11, 23)
AFTER = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)  # 15:05 in Vietnam


@pytest.fixture
def ran():
    """A strategy that was asked something that day; there is neither a log nor a bar of it."""
    account_id = open_account(number="0901351", name="Test", connection_id=uuid4())
    made = Strategy.objects.create(
        id=uuid4(), name="Cross", class_key="moving_average_cross", account_id=account_id, symbols=["SSI"]
    )
    QuestionNote.objects.create(
        strategy=made, run=1, mode="PAPER", trading_day=DAY, key="bar:SSI:1", at_ms=1, has_begun=True
    )
    return made


@pytest.mark.parametrize(
    ("now", "are_due"),
    [
        (AFTER - timedelta(seconds=1), False),
        (AFTER, True),
        (AFTER + timedelta(days=1) - timedelta(hours=2), True),  # the next day before its own close
        (AFTER + timedelta(days=parity.DAYS_BACK), True),  # after days without power
        (AFTER + timedelta(days=parity.DAYS_BACK + 1), False),
    ],
)
def test_a_day_is_due_when_it_is_over_and_not_too_long_ago(ran, now, are_due):
    assert parity_due(now) == ([(ran.id, DAY)] if are_due else [])


def test_a_day_that_cannot_be_measured_says_why_and_is_not_tried_for_ever(ran, settings, tmp_path):
    settings.WAL_DIR = tmp_path
    measure_parity(ran.id, DAY)
    found = selectors.parity_day(ran.id, DAY)
    assert (found.status, found.problem) == (
        "FAILED",
        "the backtest of Cross on 2026-11-23 broke off: none of its symbols has a bar on that day",
    )
    assert parity_due(AFTER) == []
    measure_parity(ran.id, DAY)
    assert ParityDay.objects.get().attempt == 1


def test_a_worker_that_died_is_followed_and_one_that_dies_always_is_given_up(ran, monkeypatch):
    def dies(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(parity, "sides_of", dies)
    for attempt in range(1, parity.ATTEMPTS_MAX + 1):
        assert parity_due(AFTER) == [(ran.id, DAY)]
        with pytest.raises(KeyboardInterrupt):
            measure_parity(ran.id, DAY)
        row = ParityDay.objects.get()
        assert (row.status, row.attempt) == (ParityStatus.RUNNING, attempt)
    measure_parity(ran.id, DAY)
    row = ParityDay.objects.get()
    assert (row.status, row.problem) == (ParityStatus.FAILED, "It ended 3 times without a result.")


def test_a_worker_that_was_replaced_writes_nothing(ran, monkeypatch):
    def replaced(strategy, _day):
        ParityDay.objects.update(attempt=7)
        raise ReplayBroken(f"{strategy.name} is gone")

    monkeypatch.setattr(parity, "sides_of", replaced)
    measure_parity(ran.id, DAY)
    assert ParityDay.objects.get().status == ParityStatus.RUNNING


def test_a_day_is_read_in_the_mode_in_which_it_ran(ran):
    """A shadow fills nothing, whatever it was promoted to since."""
    QuestionNote.objects.update(mode=Mode.SHADOW)
    Strategy.objects.update(mode=Mode.LIVE)
    Decision.objects.create(
        id=uuid4(), strategy=ran, account_id=ran.account_id, run=1, mode=Mode.SHADOW, symbol="SSI", side="BUY",
        quantity=100, price_vnd=25_000, outcome=DecisionOutcome.SHADOWED, decided_at=AFTER - timedelta(hours=3),
        ts_received_ns=1,
    )  # fmt: skip
    found = parity._recorded_fills(Strategy.objects.get(), DAY)
    assert [(one.symbol, one.side, one.quantity, one.price_vnd) for one in found] == [("SSI", "BUY", 100, 25_000)]
    assert parity._recorded_fills(Strategy.objects.get(), DAY - timedelta(days=1)) == []


def test_a_strategy_that_nobody_knows_is_refused_with_those_that_there_are(ran):
    assert strategy_named(str(ran.id)).name == strategy_named("Cross").name == "Cross"
    with pytest.raises(ReplayBroken, match="there is no strategy 'Crass'; there are: Cross"):
        strategy_named("Crass")


@pytest.mark.parametrize(
    ("row", "percent", "difference_vnd"),
    [
        ({"matched": 2, "missing_live": 1, "profit_vnd": 5, "backtest_profit_vnd": 7}, 66, -2),
        ({"matched": 3, "profit_vnd": None, "backtest_profit_vnd": 7}, 100, None),
        ({}, None, None),
    ],
)
def test_the_figure_is_of_the_moments_at_which_either_side_decided(ran, row, percent, difference_vnd):
    ParityDay.objects.create(strategy=ran, trading_day=DAY, mode="PAPER", status="DONE", started_at=AFTER, **row)
    found = selectors.latest_parity([ran.id])[ran.id]
    assert (found.percent, found.profit_difference_vnd) == (percent, difference_vnd)
