import pytest

from apps.eventlog import selectors as eventlog
from apps.orders import selectors as orders
from apps.orders.services import place_sliced, submit_order
from apps.risk.selectors import FIRM
from apps.risk.services import Cause, engage_kill_switch, hold, let_go
from apps.strategies import selectors
from apps.strategies.handlers import cancel_what_it_left
from apps.strategies.models import Strategy
from apps.strategies.services import (
    StrategyRefused,
    create_strategy,
    seed_demo_strategies,
    start_strategy,
    stop_strategy,
)
from apps.strategies.tests.conftest import NOW, TRADER, list_securities
from qts.domain.events import StrategyChanged
from qts.domain.orders import OrderRequest
from qts.domain.orders.slicing import SliceKind, SliceTerms
from qts.domain.values import Actor, ActorKind, OrderType, Side

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(strategy_id):
    return [entry.body["status"] for entry in reversed(eventlog.history(key=str(strategy_id)))]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"class_key": "crystal_ball"}, "There is no strategy class 'crystal_ball'."),
        ({"parameters": {"fast": 1}}, "fast must be between 2 and 100 bars."),
        (
            {"class_key": "apps.strategies.tests.strange:Dreamer"},
            "Nobody computes 'smaa_7'; did you mean sma",
        ),
        ({"symbols": ["XYZ"]}, "Unknown symbol XYZ."),
        ({"symbols": []}, "It needs at least one symbol."),
        ({"name": "Cross"}, "There is already a strategy named 'Cross'."),
    ],
)
def test_what_cannot_run_is_not_created(strategy_id, account_id, changes, problem):
    given = {
        "name": "Another",
        "class_key": "moving_average_cross",
        "parameters": {},
        "account_id": account_id,
        "symbols": ["SSI"],
    }
    with pytest.raises(StrategyRefused, match=problem.replace(".", r"\.")):
        create_strategy(**(given | changes))
    assert Strategy.objects.count() == 1


def test_any_period_of_an_indicator_may_be_asked_for(account_id):
    created = create_strategy(
        name="Odd",
        class_key="moving_average_cross",
        parameters={"fast": 7, "slow": 33},
        account_id=account_id,
        symbols=["SSI"],
    )
    start_strategy(created, actor=TRADER, now=NOW)
    assert selectors.strategy(created).is_running


def test_a_strategy_whose_indicator_means_nothing_any_more_does_not_start(strategy_id):
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    Strategy.objects.update(class_key="apps.strategies.tests.strange:Dreamer", parameters={})
    with pytest.raises(StrategyRefused, match="Nobody computes 'smaa_7'"):
        start_strategy(strategy_id, actor=TRADER, now=NOW)
    assert selectors.strategy(strategy_id).is_running is False


def test_starting_and_stopping_is_recorded_once_each(strategy_id):
    start_strategy(strategy_id, actor=TRADER, now=NOW)  # it runs already
    stop_strategy(strategy_id, actor=TRADER, now=NOW, reason="lunch")
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    assert statuses(strategy_id) == ["RUNNING", "STOPPED"]
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    assert Strategy.objects.get(id=strategy_id).run == 2


def test_what_a_stopped_strategy_left_in_the_market_is_cancelled(strategy_id, account_id):
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    mine, by_hand = place(account_id, str(strategy_id)), place(account_id, "")
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    cancel_what_it_left(changed(strategy_id, "STOPPED"))
    assert [(orders.order(one).status, orders.order(one).reason) for one in (mine, by_hand)] == [
        ("CANCELLED", "its strategy is stopped"), ("PENDING", ""),
    ]  # fmt: skip


def test_what_qts_keeps_for_a_stopped_strategy_is_ended(strategy_id, account_id):
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    kept = [
        place_sliced(
            account_id=account_id,
            terms=SliceTerms(SliceKind.ICEBERG, "SSI", Side.BUY, 1_000, 24_000, name, show_quantity=300),
            actor=Actor(ActorKind.STRATEGY, str(strategy_id)),
            now=NOW,
            strategy_id=owner,
        ).plan_id
        for name, owner in (("of the strategy", str(strategy_id)), ("by hand", ""))
    ]
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    cancel_what_it_left(changed(strategy_id, "STOPPED"))
    assert [orders.sliced_order(one).status for one in kept] == ["CANCELLED", "ACTIVE"]


def test_old_news_of_a_stop_leave_a_strategy_that_runs_again_alone(strategy_id, account_id):
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    mine = place(account_id, str(strategy_id))
    cancel_what_it_left(changed(strategy_id, "STOPPED"))
    cancel_what_it_left(changed(strategy_id, "RUNNING"))
    assert orders.order(mine).status == "PENDING"


def changed(strategy_id, status):
    return StrategyChanged(strategy_id=str(strategy_id), status=status, reason="")


def place(account_id, strategy_id):
    request = OrderRequest("SSI", Side.BUY, OrderType.LO, 100, 25_000, f"wish-of-{strategy_id or 'somebody'}")
    actor = Actor(ActorKind.STRATEGY, strategy_id)
    placed = submit_order(account_id=account_id, request=request, actor=actor, now=NOW, strategy_id=strategy_id)
    assert placed.accepted
    return placed.order_id


def test_a_strategy_does_not_start_under_a_kill_switch(strategy_id, account_id):
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    engage_kill_switch(scope=f"account:{account_id}", reason="too wild", actor=TRADER, now=NOW)
    engage_kill_switch(scope=FIRM, reason="all of it", actor=TRADER, now=NOW)
    with pytest.raises(StrategyRefused, match="kill switch") as refused:
        start_strategy(strategy_id, actor=TRADER, now=NOW)
    assert len(refused.value.problems) == 1  # two switches, one sentence
    assert selectors.strategy(strategy_id).is_running is False


def test_what_a_timer_holds_back_is_told_as_that(strategy_id):
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    hold(scope=FIRM, cause=Cause.STALE_FEED, reason="no market data at all", now=NOW)
    with pytest.raises(StrategyRefused, match=r"held back: no market data at all\. It goes on by itself"):
        start_strategy(strategy_id, actor=TRADER, now=NOW)
    let_go(scope=FIRM, cause=Cause.STALE_FEED, reason="market data are back", now=NOW)
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    assert selectors.strategy(strategy_id).is_running


def test_seeding_twice_seeds_once(account_id):
    Strategy.objects.all().delete()
    symbols = [f"S{number:02d}" for number in range(29)]
    list_securities(*symbols)
    seed_demo_strategies(account_id)
    seed_demo_strategies(account_id)
    first, second = selectors.strategies()
    assert (first.name, second.name) == ("MA cross", "RSI reversion")
    assert not set(first.symbols) & set(second.symbols)
    assert sorted([*first.symbols, *second.symbols]) == sorted([*symbols, "SSI"])
    assert not first.is_running
