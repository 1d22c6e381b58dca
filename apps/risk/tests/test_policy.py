"""A whole policy goes out as text and comes back: tighter at once, looser by two people, wrong not at all."""

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from apps.risk import selectors, services
from apps.risk.models import RiskLimit
from apps.risk.services import ApprovalRefused
from apps.risk.tests.conftest import MONDAY
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user
from qts.domain.errors import TerminalError


@pytest.fixture
def officers(db):
    services.seed_limits(MONDAY)
    return make_user("first", Role.RISK_OFFICER), make_user("second", Role.RISK_OFFICER)


def edited(**limits: int | None) -> str:
    """The policy in force with other numbers; None leaves the limit out."""
    policy = yaml.safe_load(services.export_policy())
    for entry in policy["limits"]:
        entry["limit"] = limits.get(entry["code"], entry["limit"])
    policy["limits"] = [entry for entry in policy["limits"] if entry["limit"] is not None]
    return yaml.safe_dump(policy)


def take(text, user):
    return services.import_policy(text, reason="quarterly review", actor=actor_of(user), now=MONDAY)


def in_force() -> dict[str, int]:
    rows = RiskLimit.objects.filter(is_current=True, is_active=True)
    return dict(rows.values_list("code", "limit"))


def test_what_was_exported_changes_nothing_when_it_comes_back(officers):
    before = RiskLimit.objects.count()
    found, proposal_id = take(services.export_policy(), officers[0])
    assert (found.lines, proposal_id, RiskLimit.objects.count()) == ((), None, before)


def test_tighter_acts_at_once_and_looser_waits_for_the_second(officers):
    first, second = officers
    before = in_force()
    text = edited(POSITION_EXCEEDS_MAX=5_000, ORDER_VALUE_EXCEEDS_MAX=2_500_000_000, OPEN_ORDERS_EXCEED_MAX=None)
    found, proposal_id = take(text, first)
    assert found.lines == (
        "OPEN_ORDERS_EXCEED_MAX firm: 100 → –",
        "ORDER_VALUE_EXCEEDS_MAX firm: 2,000,000,000 → 2,500,000,000",
        "POSITION_EXCEEDS_MAX firm: 200,000 → 5,000",
    )
    assert in_force() == before | {"POSITION_EXCEEDS_MAX": 5_000}
    shown = selectors.proposal(proposal_id).content_hash
    with pytest.raises(ApprovalRefused, match="Nobody approves"):
        services.approve(proposal_id, seen_hash=shown, reason="as agreed", actor=actor_of(first), now=MONDAY)
    services.approve(proposal_id, seen_hash=shown, reason="as agreed", actor=actor_of(second), now=MONDAY)
    after = before | {"POSITION_EXCEEDS_MAX": 5_000, "ORDER_VALUE_EXCEEDS_MAX": 2_500_000_000}
    del after["OPEN_ORDERS_EXCEED_MAX"]
    assert in_force() == after
    assert services.diff_policy(text).lines == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "limits: []",
        "{policy: 2, limits: []}",
        "{policy: 1, limits: {}}",
        "{policy: 1, limits: [1]}",
        "{policy: 1, limits: [{code: NO_SUCH, scope: firm, scope_id: '', limit: 1}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, scope: firm, scope_id: '', limit: 1.5}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, scope: firm, scope_id: '', limit: true}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, scope: firm, scope_id: '', limit: -1}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, scope: firm, scope_id: '', limit: 9223372036854775808}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, scope: firm, scope_id: x, limit: 1}]}",
        "{policy: 1, limits: [{code: ORDER_VALUE_EXCEEDS_MAX, limit: 1}]}",
        "!!python/object/apply:os.system ['true']",
        "{policy: 1, limits: [",
    ],
)
def test_what_is_no_policy_changes_nothing(officers, text):
    before = in_force()
    with pytest.raises(TerminalError):
        take(text, officers[0])
    assert in_force() == before
    assert selectors.open_proposals() == []


def test_nobody_but_a_risk_officer_imports_even_what_tightens(officers):
    before = in_force()
    with pytest.raises(ApprovalRefused, match="Only a risk officer"):
        take(edited(POSITION_EXCEEDS_MAX=5), make_user("root", Role.ADMINISTRATOR))
    assert in_force() == before


def test_the_commands_write_and_read_a_file(officers, tmp_path):
    written, path = StringIO(), tmp_path / "policy.yaml"
    call_command("export_policy", stdout=written)
    assert written.getvalue() == services.export_policy()
    path.write_text(edited(POSITION_EXCEEDS_MAX=5_000))
    said = StringIO()
    call_command("import_policy", path, officer="first", reason="quarterly review", dry_run=True, stdout=said)
    assert in_force()["POSITION_EXCEEDS_MAX"] == 200_000
    call_command("import_policy", path, officer="first", reason="quarterly review", stdout=said)
    assert in_force()["POSITION_EXCEEDS_MAX"] == 5_000
    assert said.getvalue().splitlines() == ["POSITION_EXCEEDS_MAX firm: 200,000 → 5,000", "1 tighter, 0 looser"] * 2
    with pytest.raises(CommandError, match="no user"):
        call_command("import_policy", path, officer="nobody", reason="quarterly review")
