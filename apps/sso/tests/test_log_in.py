"""Password, then code, then a verified session; and what happens to everybody else."""

import time
from http import HTTPStatus

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django_otp import DEVICE_ID_SESSION_KEY

from apps.eventlog import selectors as eventlog
from apps.sso import services
from apps.sso.models import AllauthDevice
from apps.sso.selectors import Role, actor_of, is_session_verified
from apps.sso.tests.sessions import PASSWORD, make_user, verified_client

pytestmark = pytest.mark.django_db(transaction=True)

CODE_PERIOD_S = 30
LOG_IN, CODE = reverse("account_login"), reverse("mfa_authenticate")
ENROL, STEP_UP = reverse("mfa_activate_totp"), reverse("mfa_reauthenticate")


@pytest.fixture(autouse=True)
def fresh_rate_limits():
    cache.clear()


@pytest.fixture
def trader():
    return make_user("trader-x", Role.TRADER)


def give_password(client, username="trader-x", password=PASSWORD, **more):
    return client.post(LOG_IN, {"login": username, "password": password, **more})


def give_code(client, username="trader-x", path=CODE, **more):
    return client.post(path, {"code": services.current_code(username), **more})


def log_in(username="trader-x"):
    client = Client()
    give_password(client, username)
    assert give_code(client, username).status_code == HTTPStatus.FOUND
    return client


def is_verified(client, user):
    return is_session_verified(client.session, user)


def events(topic):
    return [event.body for event in eventlog.history(topic=topic)]


def test_password_and_code_make_a_verified_session(trader, client):
    answer = give_password(client)
    assert (answer.status_code, answer.url) == (HTTPStatus.FOUND, CODE)
    assert "_auth_user_id" not in client.session, "logged in by the password alone"

    answer = give_code(client)
    assert (answer.status_code, answer.url) == (HTTPStatus.FOUND, "/")
    assert client.session["_auth_user_id"] == str(trader.pk)
    assert is_verified(client, trader)
    assert events("identity.session.started") == [
        {"user_id": str(trader.pk), "username": "trader-x", "is_verified": True, "ip_address": "127.0.0.1"}
    ]


def test_the_session_gets_a_new_key_and_a_closed_cookie(trader, client):
    client.get(LOG_IN)
    client.get(ENROL)
    give_password(client)
    before = client.session.session_key
    answer = give_code(client)
    cookie = answer.cookies["sessionid"]
    assert cookie.value != before
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


def test_the_page_that_was_asked_for_comes_after_the_code(trader, client):
    give_password(client, next="/orders/")
    assert give_code(client).url == "/orders/"


def test_an_address_outside_is_not_followed(trader, client):
    give_password(client, next="https://evil.example/")
    assert give_code(client).url == "/"


def test_a_code_works_once(trader):
    now_s = int(time.time())
    with time_machine.travel(now_s - now_s % CODE_PERIOD_S, tick=False):  # the same code for all of it
        log_in()
        second = Client()
        give_password(second)
        assert give_code(second).status_code == HTTPStatus.OK
    assert "_auth_user_id" not in second.session


def test_a_wrong_code_does_not_log_in_and_is_recorded(trader, client):
    give_password(client)
    answer = client.post(CODE, {"code": "000000"})
    assert answer.status_code == HTTPStatus.OK
    assert "_auth_user_id" not in client.session
    assert events("identity.login.failed") == [
        {"user_id": str(trader.pk), "username": "trader-x", "factor": "code", "ip_address": "127.0.0.1"}
    ]
    assert events("identity.session.started") == []


def test_codes_cannot_be_tried_without_end(trader, client):
    give_password(client)
    answers = [client.post(CODE, {"code": f"{number:06}"}).content.decode() for number in range(12)]
    assert answers[-1] != answers[0]
    assert give_code(client).status_code == HTTPStatus.OK, "the right code after too many wrong ones"
    assert "_auth_user_id" not in client.session


def test_a_wrong_password_is_recorded_without_the_name_that_nobody_has(trader, client):
    give_password(client, password="wrong")
    give_password(client, username="Tr0ub4dor&3", password="wrong")
    unknown, known = events("identity.login.failed")
    assert known == {
        "user_id": str(trader.pk),
        "username": "trader-x",
        "factor": "password",
        "ip_address": "127.0.0.1",
    }
    assert (unknown["user_id"], unknown["username"]) == ("", "")


def test_too_many_wrong_passwords_lock_the_right_one_out(trader, client):
    for _ in range(5):
        last = give_password(client, password="wrong")
    assert last.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert give_password(client).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "_auth_user_id" not in client.session
    other = make_user("other", Role.TRADER)
    assert give_password(client, username=other.username).url == CODE, "one name's lock-out hit another name"


def test_a_complete_log_in_forgives_wrong_passwords(trader, client):
    for _ in range(2):
        for _ in range(4):
            assert give_password(client, password="wrong").status_code == HTTPStatus.OK
        cache.clear()  # allauth's limits and used codes: this is about the lock-out
        give_password(client)
        assert give_code(client).url == "/"
        client.post(reverse("account_logout"))


def test_the_password_alone_forgives_nothing(trader, client):
    for _ in range(4):
        give_password(client, password="wrong")
    give_password(client)
    client.post(reverse("account_logout"))
    assert give_password(client, password="wrong").status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_logging_out_ends_the_session_and_is_recorded(trader):
    client = log_in()
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session
    assert DEVICE_ID_SESSION_KEY not in client.session
    assert [body["username"] for body in events("identity.session.ended")] == ["trader-x"]


def test_logging_out_needs_a_post(trader):
    client = log_in()
    client.get(reverse("account_logout"))
    assert "_auth_user_id" in client.session


def test_a_user_who_was_switched_off_cannot_log_in(trader, client):
    trader.is_active = False
    trader.save()
    give_password(client)
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_replaces_the_phone_once(trader):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    code = RecoveryCodes.activate(trader).generate_codes()[0]
    client = Client()
    give_password(client)
    assert client.post(CODE, {"code": code}).status_code == HTTPStatus.FOUND
    assert is_verified(client, trader)
    again = Client()
    give_password(again)
    assert again.post(CODE, {"code": code}).status_code == HTTPStatus.OK


def enrolment_code(client):
    from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(client.session[SECRET_SESSION_KEY], int(time.time()) // 30))


def test_a_user_without_a_second_factor_enrols_right_after_the_password(client):
    novice = make_user("novice", Role.TRADER, with_factor=False)
    give_password(client, username="novice")
    assert client.session["_auth_user_id"] == str(novice.pk)
    assert not is_verified(client, novice)
    before = client.session.session_key

    assert client.get(ENROL).status_code == HTTPStatus.OK
    answer = client.post(ENROL, {"code": enrolment_code(client)})
    assert (answer.status_code, answer.url) == (HTTPStatus.FOUND, reverse("mfa_view_recovery_codes"))
    assert is_verified(client, novice)
    assert client.session.session_key != before
    assert {(body["factor"], body["is_present"]) for body in events("identity.factor.changed")} == {
        ("totp", True),
        ("recovery_codes", True),
    }

    shown = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = Authenticator.objects.get(user=novice, type="recovery_codes").wrap().get_unused_codes()
    assert all(code in shown for code in codes)
    shown_again = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert not any(code in shown_again for code in codes)


def test_a_wrong_enrolment_code_enrols_nothing(client):
    novice = make_user("novice", Role.TRADER, with_factor=False)
    give_password(client, username="novice")
    client.get(ENROL)
    assert client.post(ENROL, {"code": "000000"}).status_code == HTTPStatus.OK
    assert not is_verified(client, novice)
    assert Authenticator.objects.count() == 0


def test_a_session_that_is_older_than_the_second_factor_is_verified_by_a_code(trader, client):
    client.force_login(trader)
    assert not is_verified(client, trader)
    answer = give_code(client, path=STEP_UP, next="/orders/")
    assert (answer.status_code, answer.url) == (HTTPStatus.FOUND, "/orders/")
    assert is_verified(client, trader)


def test_removing_the_authenticator_ends_the_verified_state_of_every_session(trader):
    first, second = verified_client(trader), verified_client(trader)
    assert is_verified(first, trader)
    admin = make_user("boss", Role.ADMINISTRATOR)
    services.remove_factors(trader, by=actor_of(admin))
    assert not is_verified(first, trader)
    assert not is_verified(second, trader)
    assert AllauthDevice.objects.filter(user=trader).count() == 0
    assert events("identity.factor.changed")[0] == {
        "user_id": str(trader.pk),
        "username": "trader-x",
        "factor": "totp",
        "is_present": False,
    }


def test_a_session_cannot_borrow_the_device_of_somebody_else(trader):
    other = make_user("other", Role.TRADER)
    client = Client()
    client.force_login(trader)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = AllauthDevice.objects.get(user=other).persistent_id
    session.save()
    assert not is_verified(client, trader)


def test_the_device_slows_guessing_down(trader):
    device = AllauthDevice.objects.get(user=trader)
    assert device.verify_token("000000") is False
    assert device.verify_token(services.current_code("trader-x")) is False, "right, but a second too early"
    device.throttle_reset()
    assert device.verify_token(services.current_code("trader-x")) is True
    assert device.verify_token(services.current_code("trader-x")) is False, "each code once"


@pytest.mark.parametrize("path", ["signup/", "email/", "password/reset/", "password/set/", "login/code/confirm/"])
def test_pages_of_allauth_that_qts_does_not_have_are_not_there(client, path):
    assert client.get(f"/accounts/{path}").status_code == HTTPStatus.NOT_FOUND
