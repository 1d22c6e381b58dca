"""Seeds of codes are sealed at rest; the demo's users are made once and only there."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from apps.sso import services
from apps.sso.models import User
from apps.sso.selectors import Role, roles_of
from apps.sso.tests.sessions import make_user
from qts.domain.errors import TerminalError

pytestmark = pytest.mark.django_db


def test_the_seed_of_the_codes_is_not_in_the_database():
    user = make_user("trader-x", Role.TRADER, with_factor=False)
    secret = generate_totp_secret()
    services.enrol_totp(user, secret)
    RecoveryCodes.activate(user)
    for authenticator in Authenticator.objects.all():
        assert secret not in str(authenticator.data)
        sealed = authenticator.data.get("secret") or authenticator.data.get("seed")
        assert sealed.startswith("gAAAA")


def test_the_command_prints_the_code_that_logs_in():
    user = make_user("trader-x", Role.TRADER)
    printed = StringIO()
    call_command("totp", "trader-x", stdout=printed)
    code = printed.getvalue().strip()
    assert len(code) == 6
    assert Authenticator.objects.get(user=user).wrap().validate_code(code) is True


def test_the_command_refuses_outside_the_demo(settings):
    make_user("trader-x", Role.TRADER)
    settings.IS_DEMO = False
    printed = StringIO()
    with pytest.raises(CommandError, match="demo settings only"):
        call_command("totp", "trader-x", stdout=printed)
    assert printed.getvalue() == ""


def test_the_command_says_who_has_no_authenticator():
    with pytest.raises(CommandError, match="nobody has no authenticator"):
        call_command("totp", "nobody", stdout=StringIO())


def test_demo_users_are_made_once():
    services.seed_demo_users()
    codes_before = list(Authenticator.objects.order_by("id").values_list("id", "data"))
    trader = User.objects.get(username="trader")
    trader.set_password("changed-by-its-owner")
    trader.save()
    services.assign_roles(trader, [Role.TRADER, Role.OPERATOR])

    services.seed_demo_users()
    assert list(Authenticator.objects.order_by("id").values_list("id", "data")) == codes_before
    trader.refresh_from_db()
    assert trader.check_password("changed-by-its-owner")
    assert User.objects.count() == 6


def test_demo_users_log_in_with_the_printed_passwords_and_have_their_roles():
    for person in services.seed_demo_users():
        user = authenticate(RequestFactory().post("/"), username=person.username, password=person.password)
        assert user is not None, person.username
        assert roles_of(user) == set(person.roles)
        assert Authenticator.objects.filter(user=user, type="totp").count() == 1
    assert list(User.objects.filter(is_superuser=True).values_list("username", flat=True)) == ["admin"]
    staff = set(User.objects.filter(is_staff=True).values_list("username", flat=True))
    assert staff == {"admin", "operator", "risk", "risk2"}


def test_demo_users_are_refused_outside_the_demo(settings):
    settings.IS_DEMO = False
    with pytest.raises(TerminalError, match="only under demo settings"):
        services.seed_demo_users()
    assert User.objects.count() == 0


def test_the_keys_of_stored_secrets_can_be_replaced(tmp_path, settings):
    path = tmp_path / "secret.key"
    path.write_text("the-first-secret-of-this-machine\n")
    settings.QTS_SECRET_KEY_FILE = path
    user = make_user("trader-x", Role.TRADER)
    codes = RecoveryCodes.activate(user).generate_codes()

    path.write_text("a-newer-one\nthe-first-secret-of-this-machine\n")
    printed = StringIO()
    call_command("rotate_secrets", stdout=printed)
    assert printed.getvalue() == "2 secrets are sealed with the newest key.\n"

    path.write_text("a-newer-one\n")
    assert Authenticator.objects.get(type="totp").wrap().validate_code(services.current_code("trader-x")) is True
    assert Authenticator.objects.get(type="recovery_codes").wrap().generate_codes() == codes
