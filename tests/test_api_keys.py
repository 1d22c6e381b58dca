"""API keys: a program has its owner's eyes, trades only with a key that may, and is never an officer."""

from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.eventlog import selectors as eventlog
from apps.orders.models import Order
from apps.risk import selectors as risk
from apps.risk.models import ChangeProposal
from apps.sso import services
from apps.sso.models import ApiKey
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.values import Actor, ActorKind
from qts.rpc.sessions import user_of

LIMIT = {"code": RuleCode.ORDER_VALUE_EXCEEDS_MAX, "limit": 5_000_000, "seen_version": 1, "reason": "wild day"}


def key_of(user, scope="trade", days=30) -> services.NewApiKey:
    return services.issue_api_key(user=user, name="my program", scope=scope, days=days)


def program(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


def order(floor, secret: str):
    return floor.place(client=program(secret), key=str(uuid4()))


def refused(answer, code: str) -> bool:
    return (answer.status_code, answer.json()["code"]) == (HTTPStatus.FORBIDDEN, code)


def test_a_key_that_may_trade_places_asks_and_cancels(floor):
    secret = key_of(floor.trader).secret
    placed = order(floor, secret)
    assert placed.status_code == HTTPStatus.CREATED
    assert Order.objects.get().actor_id == str(floor.trader.pk)
    seen = program(secret).get(f"/api/v1/orders/{placed.json()['id']}/").json()
    assert seen["quantity"] == 300
    answer = program(secret).post(f"/api/v1/orders/{seen['id']}/cancel/", headers={"Idempotency-Key": "c-1"})
    assert answer.status_code == HTTPStatus.ACCEPTED
    assert ApiKey.objects.get().last_used_at is not None


def test_a_key_that_reads_does_nothing_else(floor):
    secret = key_of(floor.trader, scope="read").secret
    assert program(secret).get("/api/v1/orders/").status_code == HTTPStatus.OK
    assert refused(order(floor, secret), "PERMISSION_DENIED")
    assert Order.objects.exists() is False


def test_a_key_sees_no_more_than_its_owner(floor):
    answer = program(key_of(floor.trader).secret).get("/api/v1/orders/", {"account_id": str(floor.foreign_account_id)})
    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("wrong", ["", "qts_", "qts_" + "x" * 43, "{prefix}", "{digest}", "{secret}x"])
def test_what_is_no_key_opens_nothing(floor, wrong):
    secret = key_of(floor.trader).secret
    row = ApiKey.objects.get()
    given = wrong.format(prefix=row.prefix, digest=row.digest, secret=secret)
    assert refused(program(given).get("/api/v1/orders/"), "NOT_AUTHENTICATED")
    assert user_of({"authorization": f"Bearer {given}"}) is None


@pytest.mark.parametrize("end", ["revoked", "over", "locked out"])
def test_a_key_that_is_over_opens_nothing(floor, end):
    made = key_of(floor.trader)
    assert user_of({"authorization": f"Bearer {made.secret}"}) == floor.trader
    if end == "revoked":
        assert services.revoke_api_key(made.id, user=floor.trader) is True
        assert services.revoke_api_key(made.id, user=floor.trader) is False
    elif end == "over":
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        type(floor.trader).objects.filter(pk=floor.trader.pk).update(is_active=False)
    assert refused(order(floor, made.secret), "NOT_AUTHENTICATED")
    assert user_of({"authorization": f"Bearer {made.secret}"}) is None


def test_with_the_second_factor_its_keys_go_too(floor):
    """They were made in a session that it had verified; whoever has the lost phone may have made one."""
    made, over = key_of(floor.trader), key_of(floor.trader, days=1)
    services.revoke_api_key(over.id, user=floor.trader)
    told = len(eventlog.history(topic="identity.apiKey.changed"))
    services.remove_factors(floor.trader, by=Actor(ActorKind.USER, "1"))
    assert refused(order(floor, made.secret), "NOT_AUTHENTICATED")
    newest, *before = eventlog.history(topic="identity.apiKey.changed")
    assert (newest.actor, newest.body["is_active"], len(before)) == ("user:1", False, told)


def test_no_key_is_an_officers_hand(floor):
    """Not even with a session of the same officer elsewhere: limits, stops and approvals are for people."""
    officer = make_user("first", Role.RISK_OFFICER)
    secret = key_of(officer).secret
    proposed = verified_client(officer).post("/api/v1/limits/", LIMIT | {"limit": 3_000_000_000}, "application/json")
    assert proposed.status_code == HTTPStatus.ACCEPTED
    (proposal,) = risk.open_proposals()
    decision = {"approve": True, "content_hash": proposal.content_hash, "reason": "by my program"}
    for path, body in (
        ("/api/v1/limits/", LIMIT),
        ("/api/v1/kill-switches/", {"scope": "firm", "engaged": True, "reason": "by program"}),
        (f"/api/v1/approvals/{proposal.id}/", decision),
    ):
        assert refused(program(secret).post(path, body, "application/json"), "PERMISSION_DENIED"), path
    assert program(secret).get("/api/v1/limits/").status_code == HTTPStatus.OK
    assert refused(program(secret).get("/api/v1/approvals/"), "PERMISSION_DENIED")
    assert [row.status for row in ChangeProposal.objects.all()] == ["open"]
    assert risk.kill_switches() == []


def test_a_session_that_showed_a_password_only_is_not_lifted_by_a_key(floor):
    client = program(key_of(floor.trader).secret)
    client.force_login(floor.trader)
    assert refused(client.get("/api/v1/orders/"), "PERMISSION_DENIED")


@pytest.mark.parametrize("wrong", [{"name": " "}, {"scope": "own"}, {"days": 0}, {"days": 366}, {"name": "x" * 61}])
def test_what_no_key_may_be_is_refused(floor, wrong):
    with pytest.raises(TerminalError):
        services.issue_api_key(**({"user": floor.trader, "name": "a", "scope": "read", "days": 30} | wrong))
    assert ApiKey.objects.exists() is False


def test_nobody_has_more_than_twenty_that_live(floor):
    keys = [key_of(floor.trader) for _ in range(services.KEYS_PER_USER_MAX)]
    with pytest.raises(services.TooManyKeys):
        key_of(floor.trader)
    services.revoke_api_key(keys[0].id, user=floor.trader)
    key_of(floor.trader)


def test_the_page_shows_the_secret_once_and_the_log_never(floor):
    answer = floor.trader_client.post("/api-keys/", {"name": "bot <1>", "scope": "trade", "days": "90"})
    text = answer.content.decode()
    secret = answer.context["secret"]
    assert f">{secret}<" in text
    assert "bot &lt;1&gt;" in text
    assert answer["Cache-Control"].count("no-store") == 1
    assert order(floor, secret).status_code == HTTPStatus.CREATED
    assert secret not in floor.trader_client.get("/api-keys/").content.decode()
    assert secret not in str(list(ApiKey.objects.values()))
    (told,) = eventlog.history(topic="identity.apiKey.changed")
    assert secret not in str(told.body)
    assert (told.body["prefix"], told.body["is_active"]) == (secret[:12], True)


def test_the_page_revokes_ones_own_and_nobody_elses(floor):
    mine, other = key_of(floor.trader), key_of(make_user("other", Role.TRADER))
    assert floor.trader_client.post(f"/api-keys/{other.id}/revoke/").status_code == HTTPStatus.NOT_FOUND
    assert floor.trader_client.post(f"/api-keys/{mine.id}/revoke/").status_code == HTTPStatus.FOUND
    assert ApiKey.objects.get(id=other.id).revoked_at is None
    assert ApiKey.objects.get(id=mine.id).revoked_at is not None


def test_what_is_missing_is_said_and_nothing_is_made(floor):
    answer = floor.trader_client.post("/api-keys/", {"name": "", "scope": "trade", "days": "90"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Hãy đặt tên cho khóa" in answer.content.decode()
    assert ApiKey.objects.exists() is False
