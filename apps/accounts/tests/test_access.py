from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from apps.accounts import selectors, services
from apps.accounts.models import AccountMembership
from apps.sso.selectors import Role
from apps.sso.services.roles import assign_roles

VIEW, TRADE, MANAGE = AccountMembership.Role.VIEW, AccountMembership.Role.TRADE, AccountMembership.Role.MANAGE


@pytest.fixture
def other_id(account_id) -> UUID:
    return services.open_account(number="1184411", name="Other", connection_id=uuid4())


def person(name: str, *roles: Role):
    user = get_user_model().objects.create_user(name)
    assign_roles(user, roles)
    return user


@pytest.mark.parametrize(("role", "may_trade"), [(VIEW, False), (TRADE, True), (MANAGE, True)])
def test_a_membership_opens_one_account_and_no_other(account_id, other_id, role, may_trade):
    trader = person("trader", Role.TRADER)
    services.grant_membership(account_id=account_id, username="trader", role=role)
    assert [account.number for account in selectors.accounts_of(trader)] == ["0901351"]
    assert selectors.may_view(trader, account_id) is True
    assert selectors.may_trade(trader, account_id) is may_trade
    assert selectors.may_view(trader, other_id) is False
    assert selectors.may_trade(trader, other_id) is False


@pytest.mark.parametrize("role", [Role.RISK_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR])
def test_who_watches_over_accounts_sees_all_and_trades_none(account_id, other_id, role):
    watcher = person("watcher", role)
    assert [account.number for account in selectors.accounts_of(watcher)] == ["0901351", "1184411"]
    assert selectors.may_view(watcher, account_id) is True
    assert selectors.may_trade(watcher, account_id) is False


@pytest.mark.parametrize("roles", [(), (Role.RISK_OFFICER,), (Role.OPERATOR,)])
def test_a_membership_without_a_traders_role_lets_nobody_trade(account_id, roles):
    person("former", *roles)
    services.grant_membership(account_id=account_id, username="former", role=MANAGE)
    former = get_user_model().objects.get(username="former")
    assert selectors.may_view(former, account_id) is True
    assert selectors.may_trade(former, account_id) is False
    assert selectors.accounts_to_trade(former) == []


@pytest.mark.parametrize("who", ["trader without membership", "nobody"])
def test_everybody_else_sees_nothing(account_id, who):
    user = AnonymousUser() if who == "nobody" else person("trader", Role.TRADER)
    assert selectors.accounts_of(user) == []
    assert selectors.may_view(user, account_id) is False
    assert selectors.may_trade(user, account_id) is False


def test_a_membership_can_be_lowered(account_id):
    trader = person("trader", Role.TRADER)
    services.grant_membership(account_id=account_id, username="trader", role=TRADE)
    services.grant_membership(account_id=account_id, username="trader", role=VIEW)
    assert selectors.may_trade(trader, account_id) is False
    assert AccountMembership.objects.count() == 1
