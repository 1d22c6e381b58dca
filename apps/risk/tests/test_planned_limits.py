"""Limits for a later moment: they act from then on, whoever is awake, and a newer version takes their place."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from apps.accounts.tests.live_market import clock_at
from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import ChangeProposal, RiskLimit
from apps.risk.services import ApprovalProblem, ApprovalRefused, LimitChange, SecondOfficerNeeded
from apps.risk.services.limits import move_up_planned
from apps.risk.tests.conftest import MONDAY, OFFICER, check, codes
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.errors import RuleCode
from qts.domain.risk import RULES

VALUE = RuleCode.ORDER_VALUE_EXCEEDS_MAX
STRATEGY = "5525cb34-b425-4977-bd96-01e3de82e564"
NAMES = ("first", "second")
NOON = MONDAY.replace(hour=13, minute=15)
ORDER = "BUY 300 SSI @ 25000"  # 7,500,000 VND


def change(limit: int, **more) -> int:
    given: dict[str, Any] = {"code": VALUE, "limit": limit, "reason": "the afternoon", "actor": OFFICER, "now": MONDAY}
    return services.change_limit(**(given | more))


def in_force(account_id) -> int:
    return selectors.effective_limits(account_id)[VALUE].limit


def versions() -> list[tuple[int, bool, bool]]:
    """(version, current, planned) of the firm's limit, the oldest first."""
    rows = RiskLimit.objects.filter(code=VALUE, scope="firm").order_by("version")
    return list(rows.values_list("version", "is_current", "is_planned"))


@pytest.fixture
def clock(account_id, settings):
    def to(moment):
        settings.MARKET_CLOCK = clock_at(moment)

    return to


def test_it_acts_from_its_moment_on_though_nobody_moves_it_up(account_id, clock):
    assert change(5_000_000, effective_at=NOON) == 2
    assert check(account_id, ORDER) == ()
    assert versions() == [(1, True, False), (2, False, True)]
    assert [(view.limit, view.effective_at) for view in selectors.planned_limits()] == [(5_000_000, NOON)]
    clock(NOON - timedelta(seconds=20))
    assert in_force(account_id) == 2_000_000_000
    clock(NOON)
    assert in_force(account_id) == 5_000_000
    assert versions()[1] == (2, False, True)


def test_moving_it_up_makes_it_the_current_one_and_tells(account_id):
    change(5_000_000, effective_at=NOON)
    assert move_up_planned(NOON - timedelta(seconds=1)) == 0
    assert eventlog.history(topic="risk.limit.planned")[0].body["limit_after"] == 5_000_000
    told_before = len(eventlog.history(topic="risk.limit.changed"))
    assert move_up_planned(NOON) == 1
    assert move_up_planned(NOON) == 0
    assert versions() == [(1, False, False), (2, True, False)]
    told = eventlog.history(topic="risk.limit.changed")
    assert (len(told) - told_before, told[0].actor) == (1, "system:planned-limit")
    assert (told[0].body["limit_before"], told[0].body["limit_after"]) == (2_000_000_000, 5_000_000)


def test_a_newer_version_takes_its_place_at_once_and_for_good(account_id, clock):
    change(5_000_000, effective_at=NOON)
    assert change(4_000_000) == 3
    assert selectors.planned_limits() == []
    clock(NOON + timedelta(minutes=1))
    assert move_up_planned(NOON + timedelta(minutes=1)) == 0
    assert in_force(account_id) == 4_000_000
    newest, void, _first = selectors.limit_history(VALUE, "firm")
    assert (newest.voided_at, void.voided_at, void.is_planned) == (None, MONDAY, False)


def test_one_person_tightens_at_once_and_what_is_planned_to_be_tighter_stays_planned(account_id, clock):
    change(5_000_000, effective_at=NOON)
    assert change(1_000_000_000) == 3
    assert in_force(account_id) == 1_000_000_000
    assert [(view.version, view.limit, view.reason) for view in selectors.planned_limits()] == [
        (4, 5_000_000, "the afternoon")
    ]
    clock(NOON)
    assert in_force(account_id) == 5_000_000
    assert move_up_planned(NOON) == 1
    assert versions() == [(1, False, False), (2, False, False), (3, False, False), (4, True, False)]


@pytest.mark.parametrize(
    ("limit", "more"),
    [
        (2_000_000_000, {}),
        (1_000_000_000, {"effective_at": NOON}),
        (1_000_000_000, {"effective_at": NOON + timedelta(days=9)}),
    ],
    ids=["as it is", "less tight", "later"],
)
def test_one_person_does_not_take_a_planned_tightening_back(account_id, limit, more):
    change(5_000_000, effective_at=NOON)
    with pytest.raises(SecondOfficerNeeded):
        change(limit, **more)
    assert [view.limit for view in selectors.planned_limits()] == [5_000_000]


def approved(wanted: LimitChange, *, meanwhile=lambda: None, now=MONDAY) -> None:
    people = [get_user_model().objects.filter(username=name).first() for name in NAMES]
    first, second = (found or make_user(name, Role.RISK_OFFICER) for found, name in zip(people, NAMES, strict=True))
    proposal_id = services.propose_limits([wanted], reason="large client", actor=actor_of(first), now=now)
    meanwhile()
    shown = ChangeProposal.objects.get(id=proposal_id).content_hash
    services.approve(proposal_id, seen_hash=shown, reason="seen", actor=actor_of(second), now=now)


def test_two_people_take_a_planned_tightening_back(account_id):
    change(5_000_000, effective_at=NOON)
    approved(LimitChange(code=VALUE, limit=2_000_000_000, seen_version=1))
    assert selectors.planned_limits() == []


def test_what_was_proposed_before_a_plan_was_made_does_not_void_it_unseen(account_id):
    wanted = LimitChange(code=VALUE, limit=3_000_000_000, seen_version=1)
    with pytest.raises(ApprovalRefused) as refusal:
        approved(wanted, meanwhile=lambda: change(5_000_000, effective_at=NOON))
    assert refusal.value.problem is ApprovalProblem.OVERTAKEN
    assert [view.limit for view in selectors.planned_limits()] == [5_000_000]


def test_a_plan_that_never_came_true_is_no_measure_of_how_far_a_day_may_go(account_id):
    """4 billion were agreed for noon and taken back; the next day begins with 2 billion all the same."""
    approved(LimitChange(code=VALUE, limit=4_000_000_000, seen_version=1, effective_at=NOON))
    change(1_500_000_000, effective_at=NOON + timedelta(days=30))
    tomorrow = MONDAY + timedelta(days=1)
    with pytest.raises(ApprovalRefused) as refusal:
        approved(LimitChange(code=VALUE, limit=4_000_000_001, seen_version=1), now=tomorrow)
    assert refusal.value.problem is ApprovalProblem.TOO_FAR_TODAY


def test_a_first_plan_that_was_taken_back_is_no_measure_either(account_id):
    """What one person planned out of reach does not open the day for a second one."""
    depth = {"code": RuleCode.OPEN_VALUE_EXCEEDS_MAX}
    change(10**15, **depth, effective_at=NOON)
    change(100, **depth)
    with pytest.raises(ApprovalRefused) as refusal:
        approved(LimitChange(**depth, limit=201, seen_version=2))
    assert refusal.value.problem is ApprovalProblem.TOO_FAR_TODAY


def test_a_strategys_planned_loss_counts_from_its_moment_on(account_id, clock):
    strategy = {"code": RuleCode.DAILY_LOSS_EXCEEDS_MAX, "scope": "strategy", "scope_id": STRATEGY}
    change(1_000_000, **strategy)
    change(500_000, **strategy, effective_at=NOON)
    assert selectors.strategy_loss_limits() == {STRATEGY: 1_000_000}
    clock(NOON)
    assert selectors.strategy_loss_limits() == {STRATEGY: 500_000}


def test_a_change_after_its_moment_builds_on_it(account_id, clock):
    """Nobody moved it up: loosening it again still takes two."""
    change(5_000_000, effective_at=NOON)
    clock(NOON)
    with pytest.raises(SecondOfficerNeeded):
        change(6_000_000, now=NOON)
    assert change(4_000_000, now=NOON, seen_version=2) == 3
    assert versions() == [(1, False, False), (2, False, False), (3, True, False)]


def test_one_person_does_not_loosen_for_later_either(account_id, clock):
    with pytest.raises(SecondOfficerNeeded):
        change(3_000_000_000, effective_at=NOON)
    first, second = make_user("first", Role.RISK_OFFICER), make_user("second", Role.RISK_OFFICER)
    wanted = LimitChange(code=VALUE, limit=3_000_000_000, seen_version=1, effective_at=NOON)
    proposal_id = services.propose_limits([wanted], reason="large client", actor=actor_of(first), now=MONDAY)
    assert "09/11/2026 13:15" in selectors.proposal(proposal_id).lines[0]
    shown = ChangeProposal.objects.get(id=proposal_id).content_hash
    services.approve(proposal_id, seen_hash=shown, reason="seen", actor=actor_of(second), now=MONDAY)
    assert in_force(account_id) == 2_000_000_000
    clock(NOON)
    assert in_force(account_id) == 3_000_000_000


def test_the_moment_is_part_of_what_the_second_officer_agrees_to(account_id):
    first = make_user("first", Role.RISK_OFFICER)
    hashes = set()
    for moment in (None, NOON):
        wanted = LimitChange(code=VALUE, limit=3_000_000_000, seen_version=1, effective_at=moment)
        proposal_id = services.propose_limits([wanted], reason="large client", actor=actor_of(first), now=MONDAY)
        proposal = ChangeProposal.objects.get(id=proposal_id)
        assert services.proposed_changes(selectors.proposal(proposal_id)) == [wanted]
        hashes.add(str(proposal.content))
    assert len(hashes) == 2


def test_the_officer_plans_it_in_the_admin(account_id):
    officer = verified_client(make_user("officer", Role.RISK_OFFICER))
    page = reverse("admin:risk_risklimit_change", args=[RiskLimit.objects.get(code=VALUE).pk])
    given = {"limit": "5000000", "is_active": "on", "reason": "the afternoon", "seen_version": "1"}
    answer = officer.post(page, given | {"in_force_from_0": "2026-11-09", "in_force_from_1": "13:15:00"}, follow=True)
    assert answer.status_code == HTTPStatus.OK
    assert "2026-11-09 13:15:00" in answer.content.decode()
    assert [view.effective_at for view in selectors.planned_limits()] == [NOON]
    assert codes(check(account_id, ORDER)) == []
    again = officer.get(page).content.decode()
    assert "5,000,000" in again
    assert "đã lên lịch" in again


def test_a_planned_limit_that_was_never_set_is_in_the_list(account_id):
    officer = verified_client(make_user("officer", Role.RISK_OFFICER))
    change(5, code=RuleCode.OPEN_ORDERS_EXCEED_MAX, scope="exchange", scope_id="HOSE", effective_at=NOON)
    (row,) = RiskLimit.objects.filter(is_planned=True)
    assert "2026-11-09 13:15:00" in officer.get(reverse("admin:risk_risklimit_changelist")).content.decode()
    answer = officer.post(
        reverse("admin:risk_risklimit_change", args=[row.pk]),
        {"limit": "4", "is_active": "on", "reason": "at once", "seen_version": "0"},
    )
    assert answer.status_code == HTTPStatus.FOUND
    assert (selectors.planned_limits(), RiskLimit.objects.get(scope="exchange", is_current=True).limit) == ([], 4)


@pytest.mark.parametrize(
    ("scope", "scope_id", "is_known"),
    [
        ("exchange", "HOSE", True), ("exchange", "NYSE", False), ("user", "{user}", True), ("user", "999999", False),
        ("user", "abc", False), ("sector", "Banks", True), ("sector", "Ships", False), ("symbol", "SSI", True),
        ("symbol", "XXX", False), ("strategy", "5525cb34-b425-4977-bd96-01e3de82e564", True), ("strategy", "x", False),
    ],
)  # fmt: skip
def test_every_scope_can_be_given_a_limit_by_hand(account_id, scope, scope_id, is_known):
    user = make_user("officer", Role.RISK_OFFICER)
    officer = verified_client(user)
    officer.post(reverse("admin:risk_securitysector_add"), {"symbol": "SSI", "sector": "Banks"})
    given = {"code": VALUE, "scope": scope, "scope_id": scope_id.format(user=user.pk), "limit": "5"}
    officer.post(reverse("admin:risk_risklimit_add"), given | {"is_active": "on", "reason": "a try at it"})
    assert RiskLimit.objects.filter(scope=scope).exists() is is_known


def test_a_first_limit_that_opens_something_waits_for_the_second_officer(account_id):
    """There is no row to show yet: the page says so instead of failing."""
    officer = verified_client(make_user("officer", Role.RISK_OFFICER))
    code = next(code for code, rule in RULES.items() if rule.grants)
    given = {"code": code, "scope": "firm", "scope_id": "", "limit": "1", "is_active": "on", "reason": "opened up"}
    answer = officer.post(reverse("admin:risk_risklimit_add"), given, follow=True, headers={"accept-language": "en"})
    assert answer.status_code == HTTPStatus.OK
    assert "waits for a second risk officer" in answer.content.decode()
    assert (RiskLimit.objects.filter(code=code).exists(), len(selectors.open_proposals())) == (False, 1)
