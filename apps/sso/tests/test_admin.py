"""The admin site: staff in verified sessions, by role, and no secret on any page."""

import re
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.configuration import selectors as configuration
from apps.configuration import services as configuration_services
from apps.eventlog import selectors as eventlog
from apps.sso.models import User
from apps.sso.selectors import Role, roles_of
from apps.sso.services.roles import ADMIN_GRANTS
from apps.sso.tests.sessions import make_user, verified_client

pytestmark = pytest.mark.django_db

INDEX = reverse("admin:index")


@pytest.fixture
def boss():
    return make_user("boss", Role.ADMINISTRATOR)


def test_somebody_unknown_ends_at_the_one_log_in_page(client):
    answer = client.get(INDEX, follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('account_login')}?next=%2Fadmin%2F"


def test_a_password_alone_does_not_open_the_admin(boss):
    client = Client()
    client.force_login(boss)
    answer = client.get(INDEX, follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate"))


def test_not_even_for_a_superuser_without_a_second_factor():
    root = User.objects.create_superuser("root")
    client = Client()
    client.force_login(root)
    answer = client.get(reverse("admin:sso_user_changelist"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("mfa_activate_totp"))


def test_the_admin_has_no_log_in_form_of_its_own(client, boss):
    answer = client.post(reverse("admin:login"), {"username": "boss", "password": "correct-horse-battery"})
    assert answer.status_code == HTTPStatus.FOUND
    assert "_auth_user_id" not in client.session


def test_a_trader_is_told_that_the_admin_is_not_for_traders():
    answer = verified_client(make_user("trader-x", Role.TRADER)).get(INDEX, follow=True)
    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_a_verified_administrator_gets_in(boss):
    client = verified_client(boss)
    assert client.get(INDEX).status_code == HTTPStatus.OK
    answer = client.get(reverse("admin:login"), {"next": "https://evil.example/"})
    assert answer["Location"] == INDEX


def test_every_page_of_the_admin_opens_for_a_superuser():
    root = make_user("root", Role.ADMINISTRATOR)
    root.is_superuser = True
    root.save()
    client = verified_client(root)
    configuration_services.seed_demo_connections(SIMULATOR, now=NOW)
    for model in admin.site._registry:
        where = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{where}_changelist")).status_code == HTTPStatus.OK, where
        assert client.get(reverse(f"{where}_add")).status_code in {HTTPStatus.OK, HTTPStatus.FORBIDDEN}, where


def user_form(user, **changes):
    return {"username": user.username, "is_active": "on", "first_name": "", "last_name": "", "email": "", **changes}


def test_an_administrator_makes_a_user_with_roles(boss):
    answer = verified_client(boss).post(
        reverse("admin:sso_user_add"),
        {
            "username": "newcomer",
            "password1": "a-long-Enough-pass",
            "password2": "a-long-Enough-pass",
            "usable_password": "true",
            "roles": ["trader", "operator"],
        },
    )
    assert answer.status_code == HTTPStatus.FOUND
    newcomer = User.objects.get(username="newcomer")
    assert roles_of(newcomer) == {Role.TRADER, Role.OPERATOR}
    assert newcomer.is_staff is True
    assert newcomer.is_superuser is False


def test_the_form_shows_the_roles_that_the_user_has(boss):
    officer = make_user("officer", Role.RISK_OFFICER, Role.TRADER)
    shown = verified_client(boss).get(reverse("admin:sso_user_change", args=[officer.pk])).content.decode()
    boxes = re.findall(r'<input type="checkbox" name="roles" value="(\w+)"([^>]*)>', shown)
    checked = {value for value, attributes in boxes if re.search(r"\schecked(\s|$)", attributes)}
    assert checked == {"risk_officer", "trader"}
    assert len(boxes) == 4


def test_only_the_admin_may_evaluate_expressions_in_the_browser(boss):
    client = verified_client(boss)
    assert "'unsafe-eval'" in client.get(INDEX)["Content-Security-Policy"]
    for path in (reverse("account_login"), reverse("mfa_index")):
        assert "unsafe" not in client.get(path)["Content-Security-Policy"]


def test_taking_roles_away_closes_the_admin(boss):
    officer = make_user("officer", Role.RISK_OFFICER)
    client = verified_client(officer)
    assert client.get(INDEX).status_code == HTTPStatus.OK
    path = reverse("admin:sso_user_change", args=[officer.pk])
    assert verified_client(boss).post(path, user_form(officer, roles=["trader"])).status_code == HTTPStatus.FOUND
    assert roles_of(User.objects.get(pk=officer.pk)) == {Role.TRADER}
    assert client.get(INDEX, follow=True).status_code == HTTPStatus.FORBIDDEN


def test_nobody_becomes_superuser_through_the_form(boss):
    officer = make_user("officer", Role.RISK_OFFICER)
    path = reverse("admin:sso_user_change", args=[officer.pk])
    form = user_form(officer, roles=["risk_officer"], is_superuser="on", is_staff="on", groups=["4"])
    assert verified_client(boss).post(path, form).status_code == HTTPStatus.FOUND
    officer.refresh_from_db()
    assert officer.is_superuser is False
    assert [group.name for group in officer.groups.all()] == ["risk_officer"]


def test_a_lost_phone(boss):
    trader = make_user("trader-x", Role.TRADER)
    answer = verified_client(boss).post(
        reverse("admin:sso_user_changelist"), {"action": "remove_second_factor", "_selected_action": [trader.pk]}
    )
    assert answer.status_code == HTTPStatus.FOUND
    assert Authenticator.objects.filter(user=trader).count() == 0
    assert Authenticator.objects.filter(user=boss).count() == 1
    (event,) = eventlog.history(topic="identity.factor.changed")
    assert event.actor == f"user:{boss.pk}"


def test_roles_and_seeds_have_no_page():
    assert Group not in admin.site._registry
    assert Authenticator not in admin.site._registry


NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
SECRETS = {"consumer_secret": "s3cret-of-the-broker", "private_key": "PFJTQUtleVZhbHVlPg==", "pin": "135790"}
SIMULATOR = {
    "data": {"consumer_id": "data-id", "consumer_secret": "data-s3cret"},
    "customers": [{"name": "090135", "consumer_id": "id-1", **SECRETS, "accounts": ["0901351"]}],
}


@pytest.fixture
def operator():
    return verified_client(make_user("operator-x", Role.OPERATOR))


def test_an_operator_changes_a_connection_and_never_sees_its_secrets(operator):
    (connection_id,) = configuration_services.seed_demo_connections(SIMULATOR, now=NOW).values()
    path = reverse("admin:configuration_brokerconnection_change", args=[connection_id])
    shown = operator.get(path).content.decode()
    shown += operator.get(reverse("admin:configuration_brokerconnection_changelist")).content.decode()
    assert "id-1" in shown
    for secret in [*SECRETS.values(), "gAAAA"]:
        assert secret not in shown

    answer = operator.post(
        path,
        {
            "name": "another name",
            "consumer_id": "id-2",
            "second_factor": "PIN",
            "is_active": "on",
            "new_consumer_secret": "",
            "new_private_key": "",
            "new_pin": "999999",
        },
    )
    assert answer.status_code == HTTPStatus.FOUND
    found = configuration.trading_credentials(connection_id)
    assert (found.consumer_id, found.pin, found.consumer_secret) == ("id-2", "999999", SECRETS["consumer_secret"])
    assert [view.name for view in configuration.connections()] == ["090135"]


def said(client, path, form):
    client.cookies["django_language"] = "en"
    return client.post(path, form).content.decode()


def test_a_new_connection_needs_all_its_secrets(operator):
    path = reverse("admin:configuration_brokerconnection_add")
    form = {"name": "118441", "consumer_id": "id-3", "is_active": "on", "new_consumer_secret": "s"}
    form |= {"second_factor": "PIN", "new_private_key": "k"}
    assert "This second factor needs the PIN." in said(operator, path, form)
    assert configuration.connections() == []
    form |= {"new_pin": "1"}
    assert operator.post(path, form).status_code == HTTPStatus.FOUND
    assert [view.name for view in configuration.connections()] == ["118441"]


def test_a_connection_with_one_time_codes_keeps_no_pin(operator):
    path = reverse("admin:configuration_brokerconnection_add")
    form = {"name": "118441", "consumer_id": "id-3", "is_active": "on", "second_factor": "OTP"}
    form |= {"new_consumer_secret": "s", "new_private_key": "k"}
    assert "for the second factor PIN only" in said(operator, path, form | {"new_pin": "1"})
    assert operator.post(path, form).status_code == HTTPStatus.FOUND
    (found,) = configuration.log_ins()
    assert (found.second_factor, configuration.trading_credentials(found.connection_id).pin) == ("OTP", "")
    path = reverse("admin:configuration_brokerconnection_change", args=[found.connection_id])
    back = form | {"second_factor": "PIN", "new_consumer_secret": "", "new_private_key": ""}
    assert "This second factor needs the PIN." in said(operator, path, back)
    assert operator.post(path, back | {"new_pin": "135790"}).status_code == HTTPStatus.FOUND
    assert configuration.trading_credentials(found.connection_id).pin == "135790"


def test_an_operator_changes_a_setting_by_adding_a_version(operator):
    path = reverse("admin:configuration_settingversion_add")
    for value in ("15", "12"):
        form = {"name": "fees.rate_bps", "value": value, "reason": "price list"}
        assert operator.post(path, form).status_code == HTTPStatus.FOUND
    assert configuration.get_setting("fees.rate_bps", 0) == 12
    refused = operator.post(path, {"name": "fees.rate_bps", "value": '"ten"', "reason": "typo"})
    assert refused.status_code == HTTPStatus.OK
    assert configuration.get_setting("fees.rate_bps", 0) == 12


def test_the_event_log_can_be_read_and_not_edited(operator):
    configuration_services.seed_demo_connections(SIMULATOR, now=NOW)
    (event, *_) = eventlog.history()
    path = reverse("admin:eventlog_eventrecord_change", args=[event.id])
    assert operator.get(path).status_code == HTTPStatus.OK
    assert operator.post(path, {"topic": "x"}).status_code == HTTPStatus.FORBIDDEN
    assert operator.get(reverse("admin:eventlog_eventrecord_add")).status_code == HTTPStatus.FORBIDDEN
    delete = reverse("admin:eventlog_eventrecord_delete", args=[event.id])
    assert operator.post(delete, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN


def test_a_risk_officer_sees_no_connections():
    officer = verified_client(make_user("officer", Role.RISK_OFFICER))
    path = reverse("admin:configuration_brokerconnection_changelist")
    assert officer.get(path).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_in_the_admin_what_the_table_says(role):
    user = make_user("somebody", role)
    granted = {codename.partition("_")[0] for codename in user.get_all_permissions()}
    labels = {codename.partition(".")[0] for codename in user.get_all_permissions()}
    assert labels <= set(ADMIN_GRANTS[role])
    assert bool(granted) is bool(ADMIN_GRANTS[role])
    assert user.has_perm("eventlog.delete_eventrecord") is False
    assert user.has_perm("configuration.change_brokerconnection") is (role in {Role.OPERATOR, Role.ADMINISTRATOR})
    assert user.has_perm("sso.change_user") is (role is Role.ADMINISTRATOR)
