"""The page on which a person logs a connection in at the broker, its banner, and the same over REST."""

import re
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from apps.accounts import services as accounts
from apps.configuration import selectors as configuration
from apps.configuration import services
from apps.risk.services import alert_log_in_ends
from apps.sso import services as sso
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, reply, success
from qts.domain.values import Actor, ActorKind

CODE = "482915"
PAGE = "/broker-log-in/"
API = "/api/v1/broker-logins/"
WRONG = reply({"message": "Wrong OTP", "status": 400, "data": None})


@pytest.fixture
def fastconnect(settings):
    server = FakeFastConnect()
    server.start()
    server.answers["GetOTP"] = reply({"message": "Success", "status": 200})
    settings.SSI_TRADING_URL = server.url
    yield server
    server.stop()


@pytest.fixture
def connection_id(desk, fastconnect) -> UUID:
    """Of the trader's account; trader2's has another one, with a PIN."""
    found = store("090135", SecondFactor.OTP)
    accounts.open_account(number="0901351", name="An", connection_id=found)
    accounts.open_account(number="1184411", name="Binh", connection_id=store("118441", SecondFactor.PIN, pin="135790"))
    return found


def store(name: str, second_factor: SecondFactor, pin: str = "") -> UUID:
    return services.store_connection(
        name=name, consumer_id=f"id-{name}", consumer_secret="SEC-1", private_key=vectors.PRIVATE_KEY, pin=pin,
        second_factor=second_factor, actor=Actor(ActorKind.SYSTEM, "test"), now=timezone.now(),
    )  # fmt: skip


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def card_of(answer, name="090135") -> str:
    return answer.content.decode().split(f'data-connection="{name}"')[1].split("</section>")[0]


def request(client: Client, connection_id: UUID):
    return client.post(f"{PAGE}{connection_id}/request/", follow=True)


def enter(client: Client, connection_id: UUID, code: str = CODE):
    return client.post(f"{PAGE}{connection_id}/enter/", {"code": code}, follow=True)


def log_ins(connection_id: UUID):
    return apps.get_model("configuration", "BrokerLogIn").objects.filter(connection_id=connection_id)


def age_request(connection_id: UUID, seconds: float) -> None:
    asked_at = timezone.now() - timedelta(seconds=seconds)
    log_ins(connection_id).update(code_requested_at=asked_at, code_asked_at=asked_at)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_code_is_wanted_requested_and_entered(desk, connection_id):
    client = desk.client("trader")
    apps.get_model("orders", "GatewayState").objects.create(
        connection_id=connection_id, circuit="OPEN", trouble=CODE_WANTED
    )
    before = card_of(client.get(PAGE))
    assert "code wanted" in before
    assert CODE_WANTED in before
    assert 'autocomplete="one-time-code"' in before
    assert 'inputmode="numeric"' in before
    assert "118441" not in text_of(client.get(PAGE)), "somebody else's"
    asked = request(client, connection_id)
    assert "The broker sends a code" in text_of(asked)
    left_s = int(re.search(r'data-left-s="(\d+)"', card_of(asked))[1])
    assert 175 <= left_s <= 180
    done = enter(client, connection_id)
    assert "Logged in: orders leave again." in text_of(done)
    assert "valid until" in card_of(done)
    assert "trader" in card_of(done)
    assert configuration.log_in(connection_id).logged_in_by == f"user:{desk.users.trader.pk}"


def test_a_banner_stands_on_every_page_while_a_code_is_wanted(desk, connection_id):
    client = desk.client("trader")
    for address in ("/", "/orders/", "/positions/", "/banners/"):
        assert "The broker wants a one-time code for 090135" in text_of(client.get(address)), address
    for other in ("trader2", "risk"):
        assert "one-time code" not in text_of(desk.client(other).get("/orders/"))
    assert "one-time code for 090135" in text_of(desk.client("operator").get("/system/"))
    request(client, connection_id)
    enter(client, connection_id)
    assert "one-time code" not in text_of(client.get("/orders/"))
    ends_at = timezone.now() + timedelta(minutes=20)
    log_ins(connection_id).update(expires_at=ends_at)
    local = timezone.localtime(ends_at)
    assert f"The log-in at the broker for 090135 ends at {local:%H:%M}" in text_of(client.get("/orders/"))


def test_its_near_end_stands_among_the_alerts_of_the_day(desk, connection_id, market):
    assert alert_log_in_ends(desk.mine, minutes_left=29, now=market.now()) is True
    assert alert_log_in_ends(desk.mine, minutes_left=28, now=market.now()) is False
    page = text_of(desk.client("trader").get("/risk/monitor/"))
    assert "The log-in at the broker ends within the trading day" in page
    assert "29 minutes left" in page


def test_a_pin_asks_nobody(desk, connection_id):
    client = desk.client("trader2")
    card = card_of(client.get(PAGE), "118441")
    assert "by itself" in card
    assert "<form" not in card
    other = configuration.log_ins()[1].connection_id
    assert enter(client, other).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_wrong_codes_are_told_counted_warned_of_and_stopped(desk, connection_id, fastconnect):
    client = desk.client("trader")
    request(client, connection_id)
    fastconnect.answers["AccessToken"] = WRONG
    pages = []
    for number in range(5):
        answer = enter(client, connection_id, f"73916{number}")
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f"73916{number}" not in answer.content.decode(), "it is not shown again"
        pages.append(text_of(answer))
    assert "it is wrong, or it came too late" in pages[0]
    assert "Wrong OTP" in pages[0]
    assert "1 wrong code so far" in pages[0]
    assert "The codes before were wrong. One more wrong one" in pages[3]
    assert "no code is taken here before" in pages[4]
    stopped = text_of(enter(client, connection_id))
    assert "for half an hour none is sent" in stopped
    assert fastconnect.names().count("AccessToken") == 5


def test_a_late_code_and_a_hasty_request_are_told(desk, connection_id, fastconnect):
    client = desk.client("trader")
    request(client, connection_id)
    assert "A code was requested a moment ago" in text_of(request(client, connection_id))
    age_request(connection_id, 181)
    assert "too late: request a new one" in text_of(client.get(PAGE))
    assert "more than three minutes old" in text_of(enter(client, connection_id))
    assert fastconnect.names() == ["GetOTP"]
    assert "The broker sends a code" in text_of(request(client, connection_id))


def test_a_broker_that_is_away_is_told(desk, connection_id, settings):
    client = desk.client("trader")
    settings.SSI_TRADING_URL = "http://127.0.0.1:1/"
    assert "The broker cannot be reached" in text_of(request(client, connection_id))


def test_the_live_part_comes_without_the_forms(desk, connection_id):
    client = desk.client("trader")
    part = client.get(PAGE, {"connection": str(connection_id)}, headers={"HX-Request": "true"}).content.decode()
    assert "code wanted" in part
    assert "<form" not in part
    assert "<html" not in part


@pytest.mark.parametrize("asked", ["", "x", "9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11"])
def test_somebody_elses_connection_does_not_exist(desk, connection_id, asked, fastconnect):
    other = desk.client("trader2")
    assert request(other, connection_id).status_code == HTTPStatus.NOT_FOUND
    assert enter(other, connection_id).status_code == HTTPStatus.NOT_FOUND
    part = other.get(PAGE, {"connection": asked or str(connection_id)}, headers={"HX-Request": "true"})
    assert part.status_code == HTTPStatus.NOT_FOUND
    assert desk.client("risk").get(PAGE).status_code == HTTPStatus.FORBIDDEN
    assert fastconnect.asked == []


def test_a_foreign_form_enters_nothing(desk, connection_id, fastconnect):
    client = desk.client("trader")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert enter(strict, connection_id).status_code == HTTPStatus.FORBIDDEN
    assert fastconnect.asked == []


# --- REST -------------------------------------------------------------------------------------------------------------


def post(client: Client, path: str, body=None):
    return client.post(path, body, content_type="application/json")


def test_the_same_over_rest(desk, connection_id):
    client = desk.client("trader")
    (found,) = client.get(API).json()
    assert (found["name"], found["second_factor"], found["is_wanted"]) == ("090135", "OTP", True)
    asked = post(client, f"{API}{connection_id}/request-code/")
    assert asked.status_code == HTTPStatus.OK
    assert asked.json()["code_until"] > asked.json()["code_requested_at"]
    done = post(client, f"{API}{connection_id}/enter-code/", {"code": CODE})
    assert done.status_code == HTTPStatus.OK
    assert (done.json()["is_wanted"], CODE in done.content.decode()) == (False, False)
    again = post(client, f"{API}{connection_id}/enter-code/", {"code": CODE})
    assert (again.status_code, again.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "JUST_LOGGED_IN")


def test_rest_refuses_with_codes_that_programs_compare(desk, connection_id, fastconnect):
    client = desk.client("trader")
    early = post(client, f"{API}{connection_id}/enter-code/", {"code": CODE})
    assert (early.status_code, early.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "CODE_NOT_REQUESTED")
    post(client, f"{API}{connection_id}/request-code/")
    fastconnect.answers["AccessToken"] = WRONG
    refused = post(client, f"{API}{connection_id}/enter-code/", {"code": CODE}).json()
    assert (refused["code"], refused["context"]["log_in"]["wrong_code_count"]) == ("CODE_WRONG", 1)
    assert refused["message"].startswith("The broker refuses the code")
    assert CODE not in str(refused)
    for body in ({}, {"code": CODE, "more": 1}, {"code": None}, [CODE]):
        answer = post(client, f"{API}{connection_id}/enter-code/", body)
        assert (answer.status_code, CODE in answer.content.decode()) == (HTTPStatus.BAD_REQUEST, False), body
    assert fastconnect.names() == ["GetOTP", "AccessToken"]


def test_no_program_logs_in_at_the_broker(desk, connection_id, fastconnect):
    made = sso.issue_api_key(user=desk.users.trader, name="my program", scope="trade", days=30)
    program = Client(headers={"Authorization": f"Bearer {made.secret}"})
    answers = [
        program.get(API),
        post(program, f"{API}{connection_id}/request-code/"),
        post(program, f"{API}{connection_id}/enter-code/", {"code": CODE}),
    ]
    assert [answer.status_code for answer in answers] == [HTTPStatus.FORBIDDEN] * 3
    other = desk.client("trader2")
    assert [one["name"] for one in other.get(API).json()] == ["118441"]
    foreign = post(other, f"{API}{connection_id}/enter-code/", {"code": CODE})
    assert foreign.status_code == HTTPStatus.NOT_FOUND
    assert fastconnect.asked == []


def test_a_yes_without_a_token_is_told(desk, connection_id, fastconnect):
    client = desk.client("trader")
    post(client, f"{API}{connection_id}/request-code/")
    fastconnect.answers["AccessToken"] = success(None)
    refused = post(client, f"{API}{connection_id}/enter-code/", {"code": CODE})
    assert refused.json()["code"] == "CODE_WRONG"
