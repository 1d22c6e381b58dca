"""Paper -> shadow -> live: two people, one version of the code, and a venue that fits."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from apps.orders import selectors as orders
from apps.risk.services import ApprovalProblem, ApprovalRefused
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user
from apps.strategies import selectors, services
from apps.strategies.models import Decision, Promotion, Strategy
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.services.staff import Staff
from apps.strategies.tests.conftest import NOW, TRADER, bar
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db
Problem = ApprovalProblem


@pytest.fixture
def people(account_id):
    return {
        "trader": actor_of(make_user("tra", Role.TRADER)),
        "officer": actor_of(make_user("off", Role.RISK_OFFICER)),
        "both": actor_of(make_user("two", Role.TRADER, Role.RISK_OFFICER)),
        "operator": actor_of(make_user("ope", Role.OPERATOR)),
        "program": Actor(ActorKind.STRATEGY, "1"),
    }


@pytest.fixture
def stopped(strategy_id):
    services.stop_strategy(strategy_id, actor=TRADER, now=NOW)
    return strategy_id


def propose(strategy_id, actor, mode="SHADOW", reason="a good month"):
    return services.propose_promotion(strategy_id, mode=mode, reason=reason, actor=actor, now=NOW)


def approve(promotion_id, actor, reason="looked at it", seen_hash=None):
    seen = selectors.promotion(promotion_id).content_hash if seen_hash is None else seen_hash
    services.approve_promotion(promotion_id, seen_hash=seen, reason=reason, actor=actor, now=NOW)


def promote(strategy_id, people, *modes):
    for mode in modes:
        approve(propose(strategy_id, people["trader"], mode), people["officer"])


def refusal_of(act, *arguments, **named):
    with pytest.raises(ApprovalRefused) as refused:
        act(*arguments, **named)
    return refused.value.problem


def mode_of(strategy_id):
    return selectors.strategy(strategy_id).mode


def test_two_people_go_up_and_one_comes_down(stopped, people):
    promotion_id = propose(stopped, people["trader"])
    assert mode_of(stopped) == "PAPER"
    approve(promotion_id, people["officer"])
    assert mode_of(stopped) == "SHADOW"
    promote(stopped, people, "LIVE")
    assert mode_of(stopped) == "LIVE"
    services.take_back(stopped, mode="PAPER", actor=people["trader"], now=NOW)
    assert mode_of(stopped) == "PAPER"
    found = selectors.promotions([selectors.strategy(stopped).account_id])
    assert [(one.mode, one.status, one.proposed_by, one.decided_by) for one in found] == [
        (mode, "approved", str(people["trader"]), str(people["officer"])) for mode in ("LIVE", "SHADOW")
    ]


@pytest.mark.parametrize(
    ("proposer", "approver", "problem"),
    [
        ("both", "both", Problem.SAME_PERSON),
        ("trader", "trader", Problem.NOT_AN_OFFICER),
        ("trader", "operator", Problem.NOT_AN_OFFICER),
        ("trader", "program", Problem.NOT_AN_OFFICER),
    ],
)
def test_nobody_gets_there_alone(stopped, people, proposer, approver, problem):
    promotion_id = propose(stopped, people[proposer])
    assert refusal_of(approve, promotion_id, people[approver]) is problem
    assert (mode_of(stopped), selectors.promotion(promotion_id).status) == ("PAPER", "open")


@pytest.mark.parametrize("who", ["operator", "officer", "program"])
def test_who_may_not_trade_proposes_nothing(stopped, people, who):
    assert refusal_of(propose, stopped, people[who]) is Problem.NOT_AN_OFFICER
    assert Promotion.objects.count() == 0


def test_what_is_approved_is_what_was_shown(stopped, people):
    promotion_id = propose(stopped, people["trader"])
    assert refusal_of(approve, promotion_id, people["officer"], seen_hash="0" * 64) is Problem.CONTENT_DIFFERS
    assert refusal_of(approve, promotion_id, people["officer"], reason=" ") is Problem.REASON_MISSING
    Promotion.objects.update(mode="LIVE")
    assert refusal_of(approve, promotion_id, people["officer"]) is Problem.CONTENT_DIFFERS
    assert mode_of(stopped) == "PAPER"


@pytest.mark.parametrize(
    "change", [{"parameters": {"quantity": 600}}, {"symbols": ["SSI", "VNM"]}, {"code_hash": "f" * 64}]
)
def test_what_was_changed_meanwhile_is_asked_for_again(stopped, people, change):
    promotion_id = propose(stopped, people["trader"])
    Strategy.objects.update(**change)
    assert refusal_of(approve, promotion_id, people["officer"]) is Problem.OVERTAKEN
    assert mode_of(stopped) == "PAPER"


def test_a_proposal_grows_old_and_is_decided_once(stopped, people):
    promotion_id = propose(stopped, people["trader"])
    with pytest.raises(services.StrategyRefused, match="waits for a second person already"):
        propose(stopped, people["trader"])
    Promotion.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert refusal_of(approve, promotion_id, people["officer"]) is Problem.EXPIRED
    again = propose(stopped, people["trader"])
    services.reject_promotion(again, reason="too early", actor=people["officer"], now=NOW)
    assert refusal_of(approve, again, people["officer"]) is Problem.ALREADY_DECIDED
    third = propose(stopped, people["trader"])
    services.reject_promotion(third, reason="thought again", actor=people["trader"], now=NOW)
    assert [one.status for one in Promotion.objects.all()] == ["withdrawn", "rejected", "open"]


def test_no_rung_is_left_out_and_none_is_climbed_while_it_runs(strategy_id, people):
    with pytest.raises(services.StrategyRefused, match="Live comes after shadow; this strategy is in paper"):
        propose(strategy_id, people["trader"], "LIVE")
    for wrong in ("PAPER", "MOON"):
        with pytest.raises(services.StrategyRefused, match="from paper to shadow to live"):
            propose(strategy_id, people["trader"], wrong)
    promotion_id = propose(strategy_id, people["trader"])
    assert refusal_of(approve, promotion_id, people["officer"]) is Problem.OVERTAKEN  # it runs
    Strategy.objects.update(mode="LIVE")
    with pytest.raises(services.StrategyRefused, match="Stop it first"):
        services.take_back(strategy_id, mode="PAPER", actor=people["trader"], now=NOW)


def test_the_database_knows_that_two_are_two(stopped, people):
    propose(stopped, people["trader"])
    with pytest.raises(IntegrityError, match="takes_two"):
        Promotion.objects.update(status="approved", decided_by=str(people["trader"]))


def test_a_shadow_writes_down_and_orders_nothing(stopped, people, engine, account_id):
    promote(stopped, people, "SHADOW")
    services.start_strategy(stopped, actor=TRADER, now=NOW)
    with StrategyDesk(engine) as desk:
        desk.refresh()
        desk.begin_batch()
        engine.cross(9.9, 10.1)
        desk.on_bar(bar("10:13:00"))
        engine.cross(9.9, 10.1)
        desk.on_bar(bar("10:14:00"))
        engine.cross(10.1, 9.9)
        desk.on_bar(bar("10:15:00"))
    decisions = Decision.objects.order_by("trigger__ts_start_ms")
    assert [(one.side, one.quantity, one.outcome, one.mode) for one in decisions] == [
        ("BUY", 500, "SHADOWED", "SHADOW"),
        ("", 0, "SKIPPED", "SHADOW"),  # it holds what it wrote down
        ("SELL", 500, "SHADOWED", "SHADOW"),
    ]
    assert orders.orders([account_id]) == []
    assert {one.order_id for one in decisions} == {None}


@pytest.mark.parametrize(
    "case",
    [
        ("PAPER", "exchange", "on paper trades at the simulator only"),
        ("LIVE", "simulator", "trades at the exchange only"),
        ("PAPER", "simulator", ""),
        ("SHADOW", "simulator", ""),
        ("SHADOW", "exchange", ""),
        ("LIVE", "exchange", ""),
    ],
)
def test_each_mode_has_its_venue(stopped, people, settings, case):
    mode, venue, said = case
    promote(stopped, people, *{"PAPER": (), "SHADOW": ("SHADOW",), "LIVE": ("SHADOW", "LIVE")}[mode])
    settings.BROKER_VENUE = venue
    if not said:
        services.start_strategy(stopped, actor=TRADER, now=NOW)
        assert selectors.strategy(stopped).is_running
        return
    with pytest.raises(services.StrategyRefused, match=said):
        services.start_strategy(stopped, actor=TRADER, now=NOW)
    assert not selectors.strategy(stopped).is_running


def test_a_venue_that_changes_under_a_running_strategy_gets_no_order(desk, engine, settings, account_id):
    settings.BROKER_VENUE = "exchange"
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    decision = Decision.objects.get()
    assert (decision.outcome, decision.order_id) == ("SKIPPED", None)
    assert "simulator only" in decision.outcome_reason
    assert orders.orders([account_id]) == []


@pytest.mark.parametrize("change", [{"parameters": {"quantity": 600}}, {"code_hash": "f" * 64}])
def test_what_was_changed_after_its_promotion_does_not_run(stopped, people, change):
    promote(stopped, people, "SHADOW")
    Strategy.objects.update(**change)
    with pytest.raises(services.StrategyRefused, match="promote it again"):
        services.start_strategy(stopped, actor=TRADER, now=NOW)
    Strategy.objects.update(status="RUNNING")  # as if it had been running all the while
    with Staff() as staff:
        staff.refresh()
        assert list(staff) == []
    assert "promote it again" in selectors.strategy(stopped).status_reason


def test_nobody_is_started_once_the_lease_is_lost_and_it_is_renewed_before_each_start(stopped):
    Strategy.objects.update(status="RUNNING")
    asked = []

    def goes_on() -> bool:
        asked.append(len(list(staff)))
        return False

    with Staff(goes_on) as staff:
        staff.refresh()
        assert (asked, list(staff)) == ([0], [])
    with Staff() as staff:
        staff.refresh()
        assert len(list(staff)) == 1
