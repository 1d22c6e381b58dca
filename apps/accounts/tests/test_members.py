"""Who lets whom into an account, and every way in which it is refused."""

from uuid import uuid4

import pytest

from apps.accounts import selectors, services
from apps.accounts.models import AccountMembership, BrokerageAccount, Portfolio
from apps.accounts.services import MemberProblem, MemberRefused
from apps.accounts.tests.conftest import MONDAY
from apps.accounts.tests.test_access import person
from apps.eventlog import selectors as eventlog
from apps.sso.selectors import Role
from qts.domain.errors import TerminalError


@pytest.fixture
def manager(account_id):
    found = person("manager", Role.TRADER)
    services.grant_membership(account_id=account_id, username="manager", role="manage")
    return found


def change(account_id, by, username="friend", role="view"):
    services.change_member(account_id=account_id, username=username, role=role, by=by, now=MONDAY)


def refused(account_id, by, **changes):
    before = list(AccountMembership.objects.order_by("id").values_list("user_id", "role"))
    with pytest.raises(MemberRefused) as refusal:
        change(account_id, by, **changes)
    assert list(AccountMembership.objects.order_by("id").values_list("user_id", "role")) == before
    assert eventlog.history(topic="account.membership.changed") == []
    return refusal.value.problem


def test_a_manager_lets_in_raises_lowers_and_removes(account_id, manager):
    friend = person("friend", Role.TRADER)
    for role, may in (("view", (True, False)), ("trade", (True, True)), ("view", (True, False)), ("", (False, False))):
        change(account_id, manager, role=role)
        assert (selectors.may_view(friend, account_id), selectors.may_trade(friend, account_id)) == may
    told = eventlog.history(topic="account.membership.changed")
    assert [event.body["role"] for event in told] in (["view", "trade", "view", ""], ["", "view", "trade", "view"])
    assert {event.body["user_id"] for event in told} == {str(friend.pk)}


@pytest.mark.parametrize("role", ["view", "trade", None])
def test_who_does_not_manage_it_changes_nothing(account_id, manager, role):
    person("friend")
    other = person("other", Role.TRADER)
    if role:
        services.grant_membership(account_id=account_id, username="other", role=role)
    assert refused(account_id, other) == MemberProblem.NOT_YOURS
    assert refused(account_id, other, username="other", role="manage") == MemberProblem.NOT_YOURS
    assert refused(account_id, other, username="manager", role="") == MemberProblem.NOT_YOURS


@pytest.mark.parametrize("role", [Role.RISK_OFFICER, Role.OPERATOR])
def test_watching_over_accounts_is_not_managing_them(account_id, role):
    person("friend")
    assert refused(account_id, person("watcher", role)) == MemberProblem.NOT_YOURS


def test_managing_one_account_is_not_managing_another(account_id, manager):
    person("friend")
    other_id = services.open_account(number="1184411", name="Other", connection_id=uuid4())
    assert refused(other_id, manager) == MemberProblem.NOT_YOURS
    assert refused(uuid4(), manager) == MemberProblem.NOT_YOURS


def test_an_administrator_lets_in_the_first_manager(account_id):
    friend = person("friend", Role.TRADER)
    change(account_id, person("admin", Role.ADMINISTRATOR), role="manage")
    assert selectors.may_manage(friend, account_id)
    assert [(one.username, one.role) for one in selectors.members(account_id)] == [("friend", "manage")]


@pytest.mark.parametrize("role", ["view", "trade", ""])
def test_the_last_manager_stays(account_id, manager, role):
    assert refused(account_id, manager, username="manager", role=role) == MemberProblem.LAST_MANAGER
    person("friend")
    services.grant_membership(account_id=account_id, username="friend", role="manage")
    change(account_id, manager, username="manager", role=role)
    assert not selectors.may_manage(manager, account_id)


def test_users_and_roles_that_there_are_not(account_id, manager):
    gone = person("gone")
    gone.is_active = False
    gone.save()
    for name in ("nobody", "gone", ""):
        assert refused(account_id, manager, username=name) == MemberProblem.NO_SUCH_USER
    person("friend")
    assert refused(account_id, manager, role="") == MemberProblem.NO_SUCH_USER  # nothing to take away
    assert refused(account_id, manager, role="own") == MemberProblem.NO_SUCH_ROLE


def test_whether_the_owner_is_a_foreigner_is_on_record(account_id):
    assert selectors.account(account_id).is_foreign is False
    BrokerageAccount.objects.filter(id=account_id).update(owner="FOREIGN")
    assert selectors.account(account_id).is_foreign is True


def test_a_portfolio_is_its_owners_and_shows_only_what_they_may_see(account_id, manager):
    other_id = services.open_account(number="1184411", name="Other", connection_id=uuid4())
    made = services.save_group(user=manager, name=" Family ", account_ids=[account_id, other_id])
    (group,) = selectors.groups_of(manager, [account_id])
    assert (group.id, group.name, group.account_ids, group.is_own) == (made, "Family", (account_id,), True)
    stranger = person("stranger", Role.TRADER)
    assert selectors.groups_of(stranger, [account_id]) == []
    for act in (
        lambda: services.save_group(user=stranger, name="Mine", account_ids=[], group_id=made),
        lambda: services.drop_group(user=stranger, group_id=made),
        lambda: services.save_group(user=manager, name="Family", account_ids=[]),
        lambda: services.save_group(user=manager, name=" ", account_ids=[]),
    ):
        with pytest.raises(TerminalError):
            act()
    services.save_group(user=stranger, name="Family", account_ids=[])  # a name is taken by its owner alone
    Portfolio.objects.create(name="Desk").accounts.add(account_id)
    assert [(one.name, one.is_own) for one in selectors.groups_of(manager, [account_id])] == [
        ("Desk", False), ("Family", True),
    ]  # fmt: skip
    assert selectors.names_by_account(selectors.groups_of(manager, [account_id])) == {account_id: ["Desk", "Family"]}
    services.drop_group(user=manager, group_id=made)
    assert [one.name for one in selectors.groups_of(manager, [account_id])] == ["Desk"]
