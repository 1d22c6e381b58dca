"""Four eyes: every way for one person to loosen something alone is refused, and nothing has changed after it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import ChangeProposal, RiskLimit
from apps.risk.services import ApprovalProblem, ApprovalRefused, LimitChange, LimitChangedMeanwhile, SecondOfficerNeeded
from apps.risk.tests.conftest import MONDAY, check, codes
from apps.sso.selectors import Role, actor_of
from apps.sso.services import assign_roles
from apps.sso.tests.sessions import make_user
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.values import Actor, ActorKind

VALUE = RuleCode.ORDER_VALUE_EXCEEDS_MAX
SEEDED = 2_000_000_000
Problem = ApprovalProblem


@pytest.fixture
def people(db):
    services.seed_limits(MONDAY - timedelta(days=1))
    first, second = make_user("first", Role.RISK_OFFICER), make_user("second", Role.RISK_OFFICER)
    return first, second


def current() -> RiskLimit:
    return RiskLimit.objects.get(code=VALUE, scope="firm", is_current=True)


def propose(user, limit=3_000_000_000, *, now=MONDAY, **more):
    change = LimitChange(**({"code": VALUE, "limit": limit, "seen_version": current().version} | more))
    return services.propose_limits([change], reason="large client", actor=actor_of(user), now=now)


def approve(proposal_id, user, *, now=MONDAY, seen_hash=None, reason="looked at it"):
    actor = user if isinstance(user, Actor) else actor_of(user)
    seen = ChangeProposal.objects.get(id=proposal_id).content_hash if seen_hash is None else seen_hash
    services.approve(proposal_id, seen_hash=seen, reason=reason, actor=actor, now=now)


def refusal_of(act, *arguments, **named) -> ApprovalProblem:
    with pytest.raises(ApprovalRefused) as refused:
        act(*arguments, **named)
    return refused.value.problem


def test_a_looser_limit_acts_when_a_second_officer_agreed_and_not_before(people, account_id):
    first, second = people
    services.change_limit(code=VALUE, limit=5_000_000, reason="wild day", actor=actor_of(first), now=MONDAY)
    proposal_id = propose(first, 10_000_000)
    assert codes(check(account_id, "BUY 300 SSI @ 25000")) == ["ORDER_VALUE_EXCEEDS_MAX"]
    approve(proposal_id, second)
    assert check(account_id, "BUY 300 SSI @ 25000") == ()
    assert (current().limit, current().changed_by, current().approved_by) == (
        10_000_000, f"user:{first.pk}", f"user:{second.pk}",
    )  # fmt: skip
    assert [event.body["status"] for event in eventlog.history(topic="risk.approval.decided")] == ["approved"]
    assert eventlog.history(topic="risk.limit.changed")[0].body["limit_after"] == 10_000_000


@pytest.mark.parametrize("change", [{"limit": SEEDED + 1}, {"limit": SEEDED, "is_active": False}], ids=str)
def test_one_person_cannot_loosen_even_by_one_dong(people, change):
    with pytest.raises(SecondOfficerNeeded):
        services.change_limit(code=VALUE, reason="hurry", actor=actor_of(people[0]), now=MONDAY, **change)
    assert (current().version, current().limit) == (1, SEEDED)


@pytest.mark.parametrize("change", [{"limit": SEEDED - 1}, {"limit": SEEDED}], ids=str)
def test_tightening_takes_one(people, change):
    assert services.change_limit(code=VALUE, reason="calm", actor=actor_of(people[0]), now=MONDAY, **change) == 2
    assert selectors.open_proposals() == []


def test_a_person_does_not_approve_their_own_proposal_whatever_session_it_is(people):
    first, _second = people
    proposal_id = propose(first)
    again = type(first).objects.get(pk=first.pk)  # another session, another object, the same person
    assert refusal_of(approve, proposal_id, again) is Problem.SAME_PERSON
    assert refusal_of(approve, proposal_id, Actor(ActorKind.USER, f"0{first.pk}")) is Problem.NOT_AN_OFFICER
    assert current().version == 1


def test_nobody_but_an_active_risk_officer_approves(people):
    first, second = people
    proposal_id = propose(first)
    others: list[Any] = [make_user(role.value, role) for role in Role if role is not Role.RISK_OFFICER]
    others += [Actor(ActorKind.SYSTEM, str(second.pk)), Actor(ActorKind.STRATEGY, str(second.pk))]
    others += [Actor(ActorKind.USER, "999999"), Actor(ActorKind.USER, "")]
    assert {refusal_of(approve, proposal_id, other) for other in others} == {Problem.NOT_AN_OFFICER}
    assign_roles(second, [Role.TRADER])
    assert refusal_of(approve, proposal_id, second) is Problem.NOT_AN_OFFICER
    assign_roles(second, [Role.RISK_OFFICER])
    second.is_active = False
    second.save()
    assert refusal_of(approve, proposal_id, second) is Problem.NOT_AN_OFFICER
    assert (current().version, selectors.open_proposals()[0].status) == (1, "open")


def test_nobody_but_a_risk_officer_proposes_a_limit(people):
    for role in (Role.TRADER, Role.OPERATOR, Role.ADMINISTRATOR):
        assert refusal_of(propose, make_user(f"p{role.value}", role)) is Problem.NOT_AN_OFFICER
    assert ChangeProposal.objects.exists() is False


@pytest.mark.parametrize(
    "edit",
    [
        {"content": {"changes": []}},
        {"content_hash": "0" * 64},
        {"proposed_by": "user:0"},
        {"reason": "harmless"},
        {"expires_at": MONDAY + timedelta(days=900)},
    ],
    ids=str,
)
def test_the_database_refuses_every_edit_of_a_proposal(people, edit):
    proposal_id = propose(people[0])
    with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
        ChangeProposal.objects.filter(id=proposal_id).update(**edit)
    with pytest.raises(IntegrityError, match="kept for good"), transaction.atomic():
        ChangeProposal.objects.filter(id=proposal_id).delete()


def test_an_edit_behind_the_databases_back_is_seen_at_the_approval(people):
    first, second = people
    proposal_id = propose(first)
    shown = ChangeProposal.objects.get(id=proposal_id).content_hash
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE risk_changeproposal DISABLE TRIGGER risk_proposal_guard")
        cursor.execute(
            "UPDATE risk_changeproposal SET content = replace(content::text, '3000000000', '3999999999')::jsonb"
        )
        cursor.execute("ALTER TABLE risk_changeproposal ENABLE TRIGGER risk_proposal_guard")
    assert refusal_of(approve, proposal_id, second, seen_hash=shown) is Problem.CONTENT_DIFFERS
    assert current().version == 1


def test_who_was_shown_something_else_does_not_approve_this(people):
    first, second = people
    harmless, wide = propose(first, SEEDED + 1), propose(first, 4_000_000_000)
    shown = ChangeProposal.objects.get(id=harmless).content_hash
    assert refusal_of(approve, wide, second, seen_hash=shown) is Problem.CONTENT_DIFFERS
    assert refusal_of(approve, wide, second, seen_hash="") is Problem.CONTENT_DIFFERS
    assert current().limit == SEEDED


def test_an_approval_works_once(people):
    first, second = people
    proposal_id = propose(first)
    approve(proposal_id, second)
    services.change_limit(code=VALUE, limit=1_000, reason="storm", actor=actor_of(first), now=MONDAY)
    assert refusal_of(approve, proposal_id, second) is Problem.ALREADY_DECIDED
    assert current().limit == 1_000
    with pytest.raises(IntegrityError, match="decided"), transaction.atomic():
        ChangeProposal.objects.filter(id=proposal_id).update(status="open", decided_by="")


def test_two_approved_for_one_version_are_one_change(people):
    first, second = people
    one, other = propose(first, SEEDED + 1_000), propose(first, SEEDED + 2_000)
    approve(one, second)
    assert refusal_of(approve, other, second) is Problem.OVERTAKEN
    assert current().limit == SEEDED + 1_000


def test_a_proposal_is_void_when_the_limit_was_tightened_meanwhile(people):
    first, second = people
    proposal_id = propose(first)
    services.change_limit(code=VALUE, limit=1_000, reason="storm", actor=actor_of(second), now=MONDAY)
    assert refusal_of(approve, proposal_id, second) is Problem.OVERTAKEN
    assert current().limit == 1_000
    with pytest.raises(LimitChangedMeanwhile):
        propose(first, seen_version=1)


def test_a_proposal_runs_out_by_the_wall_clock(people, settings):
    settings.RISK_APPROVAL_TTL_S = 0
    first, second = people
    proposal_id = propose(first)
    assert refusal_of(approve, proposal_id, second) is Problem.EXPIRED
    assert refusal_of(approve, proposal_id, second, now=MONDAY - timedelta(days=3)) is Problem.EXPIRED
    assert selectors.open_proposals() == []
    assert [found.is_expired for found in selectors.past_proposals()] == [True]
    assert current().version == 1


def test_many_small_raises_end_where_the_days_cap_is(people):
    first, second = people
    for step in range(1, 4):
        approve(propose(first, SEEDED + step), second)
    assert refusal_of(propose, first, SEEDED + 4) is Problem.TOO_MANY_TODAY
    assert current().limit == SEEDED + 3
    tomorrow = MONDAY + timedelta(days=1)
    approve(propose(first, SEEDED + 4, now=tomorrow), second, now=tomorrow)
    assert current().limit == SEEDED + 4


def test_proposals_made_before_the_cap_was_reached_do_not_pass_it(people, settings):
    settings.RISK_LOOSENINGS_PER_DAY_MAX = 1
    first, second = people
    approve(propose(first, SEEDED + 1), second)
    settings.RISK_LOOSENINGS_PER_DAY_MAX = 2
    proposal_id = propose(first, SEEDED + 2)
    settings.RISK_LOOSENINGS_PER_DAY_MAX = 1
    assert refusal_of(approve, proposal_id, second) is Problem.TOO_MANY_TODAY
    assert current().limit == SEEDED + 1


def test_no_number_of_steps_reaches_further_than_twice_the_mornings_limit(people):
    first, second = people
    assert refusal_of(propose, first, 2 * SEEDED + 1) is Problem.TOO_FAR_TODAY
    approve(propose(first, 2 * SEEDED), second)
    assert refusal_of(propose, first, 2 * SEEDED + 1) is Problem.TOO_FAR_TODAY
    assert current().limit == 2 * SEEDED


def test_what_was_lowered_today_comes_back_in_one_step(people):
    first, second = people
    services.change_limit(code=VALUE, limit=1_000, reason="storm", actor=actor_of(first), now=MONDAY)
    approve(propose(first, SEEDED), second)
    assert current().limit == SEEDED


def test_a_rejected_or_withdrawn_proposal_is_over(people):
    first, second = people
    for person, status in ((second, "rejected"), (first, "withdrawn")):
        proposal_id = propose(first)
        services.reject(proposal_id, reason="not today", actor=actor_of(person), now=MONDAY)
        assert ChangeProposal.objects.get(id=proposal_id).status == status
        assert refusal_of(approve, proposal_id, second) is Problem.ALREADY_DECIDED
    assert current().version == 1


def test_a_proposal_says_why_and_names_what_it_saw(people):
    first, second = people
    with pytest.raises(TerminalError, match="reason"):
        services.propose_limits(
            [LimitChange(code=VALUE, limit=3_000_000_000, seen_version=1)],
            reason=" ", actor=actor_of(first), now=MONDAY,
        )  # fmt: skip
    with pytest.raises(TerminalError, match="versions"):
        propose(first, seen_version=None)
    assert refusal_of(approve, propose(first), second, reason=" ") is Problem.REASON_MISSING
    assert current().version == 1


def test_several_limits_change_together_or_not_at_all(people):
    first, second = people
    changes = [
        LimitChange(code=VALUE, limit=SEEDED + 1, seen_version=1),
        LimitChange(code=RuleCode.OPEN_ORDERS_EXCEED_MAX, limit=101, seen_version=1),
    ]
    proposal_id = services.propose_limits(changes, reason="new desk", actor=actor_of(first), now=MONDAY)
    services.change_limit(
        code=RuleCode.OPEN_ORDERS_EXCEED_MAX, limit=50, reason="storm", actor=actor_of(second), now=MONDAY
    )
    assert refusal_of(approve, proposal_id, second) is Problem.OVERTAKEN
    assert current().version == 1


def test_the_row_itself_takes_two_people(people):
    proposal_id = propose(people[0])
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        ChangeProposal.objects.filter(id=proposal_id).update(status="approved", decided_by=f"user:{people[0].pk}")


@pytest.mark.django_db(transaction=True)
def test_two_officers_who_approve_at_once_make_one_change():
    services.seed_limits(MONDAY - timedelta(days=1))
    users = [make_user(f"officer{number}", Role.RISK_OFFICER) for number in range(4)]
    proposal_id = propose(users[0])
    problems: list[ApprovalProblem] = []

    def agree(user) -> None:
        try:
            approve(proposal_id, user)
        except ApprovalRefused as refused:
            problems.append(refused.problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=agree, args=(user,)) for user in users[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == [Problem.ALREADY_DECIDED] * 2
    assert current().version == 2
