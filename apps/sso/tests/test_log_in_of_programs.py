"""The log-in as JSON, for the terminal: the same doors, locks and records as the pages."""

from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.test import Client

from apps.eventlog import selectors as eventlog
from apps.sso import services
from apps.sso.selectors import Role, is_session_verified
from apps.sso.tests.sessions import PASSWORD, make_user

pytestmark = pytest.mark.django_db

AUTH = "/accounts/browser/v1/auth/"


@pytest.fixture(autouse=True)
def fresh_rate_limits():
    cache.clear()


@pytest.fixture
def trader():
    return make_user("trader-x", Role.TRADER)


def post(client, path, **body):
    return client.post(f"{AUTH}{path}", body, content_type="application/json")


def give_password(client, password=PASSWORD, username="trader-x"):
    return post(client, "login", username=username, password=password)


def give_code(client, code=""):
    return post(client, "2fa/authenticate", code=code or services.current_code("trader-x"))


def test_password_and_code_make_a_verified_session(trader, client):
    half = give_password(client)
    assert half.status_code == HTTPStatus.UNAUTHORIZED
    assert {"id": "mfa_authenticate", "is_pending": True, "types": ["totp"]} in half.json()["data"]["flows"]
    assert "_auth_user_id" not in client.session
    assert client.get("/api/v1/accounts/").status_code == HTTPStatus.FORBIDDEN

    whole = give_code(client)
    assert (whole.status_code, whole.json()["data"]["user"]["username"]) == (HTTPStatus.OK, "trader-x")
    assert is_session_verified(client.session, trader)
    assert client.get("/api/v1/accounts/").status_code == HTTPStatus.OK
    (started,) = eventlog.history(topic="identity.session.started")
    assert started.body["is_verified"] is True


def test_a_wrong_code_does_not_log_in_and_is_recorded(trader, client):
    give_password(client)
    answer = give_code(client, "000000")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (HTTPStatus.BAD_REQUEST, "incorrect_code")
    assert "_auth_user_id" not in client.session
    (failed,) = eventlog.history(topic="identity.login.failed")
    assert failed.body["factor"] == "code"


def test_a_code_without_a_password_is_nothing(trader, client):
    assert give_code(client).status_code == HTTPStatus.UNAUTHORIZED
    assert "_auth_user_id" not in client.session


def test_a_password_without_a_second_factor_opens_nothing(client):
    make_user("novice", Role.TRADER, with_factor=False)
    assert give_password(client, username="novice").status_code == HTTPStatus.OK
    assert client.get("/api/v1/accounts/").status_code == HTTPStatus.FORBIDDEN


def test_wrong_passwords_lock_the_right_one_out_and_count_together_with_those_of_the_page(trader, client):
    for _ in range(2):
        client.post("/accounts/login/", {"login": "trader-x", "password": "wrong"})
    for _ in range(3):
        last = give_password(client, "wrong")
    assert last.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert give_password(client).status_code == HTTPStatus.TOO_MANY_REQUESTS
    page = client.post("/accounts/login/", {"login": "trader-x", "password": PASSWORD})
    assert page.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "_auth_user_id" not in client.session


def test_codes_cannot_be_tried_without_end(trader, client):
    give_password(client)
    for number in range(12):
        give_code(client, f"{number:06}")
    assert give_code(client).status_code == HTTPStatus.BAD_REQUEST, "the right code after too many wrong ones"
    assert "_auth_user_id" not in client.session


def test_another_site_cannot_log_somebody_in(trader):
    client = Client(enforce_csrf_checks=True)
    assert give_password(client).status_code == HTTPStatus.FORBIDDEN
    token = client.get(f"{AUTH}session").cookies["csrftoken"].value
    body = {"username": "trader-x", "password": PASSWORD}
    answer = client.post(f"{AUTH}login", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED, "the code is asked for"


def test_logging_out_ends_the_session(trader, client):
    give_password(client)
    give_code(client)
    assert client.delete(f"{AUTH}session").status_code == HTTPStatus.UNAUTHORIZED
    assert "_auth_user_id" not in client.session
    assert client.get("/api/v1/accounts/").status_code == HTTPStatus.FORBIDDEN


def test_the_rest_of_allauths_interface_is_not_there(client):
    for path in ("signup", "password/request", "password/reset", "email/verify", "code/request", "2fa/reauthenticate"):
        assert post(client, path).status_code == HTTPStatus.NOT_FOUND
        assert client.get(f"/accounts/app/v1/auth/{path}").status_code == HTTPStatus.NOT_FOUND
