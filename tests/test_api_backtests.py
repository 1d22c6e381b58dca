"""Backtests over REST: bars sent, a study asked for once, its result read; and who may not."""

from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.sso import services as sso
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from apps.strategies import services

pytestmark = pytest.mark.django_db
URL = "/api/v1/backtests/"
BARS = "symbol,time,open,high,low,close,volume\n" + "".join(
    f"ABC,2026-0{1 + n // 28}-{1 + n % 28:02},{price},{price + 0.5},{price - 0.5},{price},900000\n"
    for n in range(140)
    if (price := 20 + abs(n % 24 - 12) * 0.1)
)
CROSS = {"strategy": "moving_average_cross", "parameters": {"fast": 2, "slow": 5, "quantity": 100}}


@pytest.fixture
def trader(market):
    return verified_client(make_user("quant", Role.TRADER))


def upload(client, text=BARS, name="bars.csv", **more):
    given = {"file": SimpleUploadedFile(name, text.encode()), "period": "DAY"} | more
    return client.post(f"{URL}data/", given)


def ask(client, key="k-1", **body):
    return client.post(URL, body, content_type="application/json", headers={"Idempotency-Key": key} if key else {})


def test_from_bars_to_the_result(trader):
    sent = upload(trader)
    assert sent.status_code == HTTPStatus.CREATED
    digest = sent.json()["digest"]
    body = {"digest": digest, "parts": [CROSS], "kind": "SWEEP", "grid": {"fast": [2, 3], "slow": [5, 8]}}
    asked = ask(trader, **body)
    assert (asked.status_code, asked.json()["status"]) == (HTTPStatus.CREATED, "QUEUED")
    assert ask(trader, **body).json() == asked.json()  # the same key: the same backtest
    assert ask(trader, **body, seed=2).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    run_id = asked.json()["id"]
    early = trader.get(f"{URL}{run_id}/result/")
    assert (early.status_code, early.json()["code"]) == (HTTPStatus.CONFLICT, "BACKTEST_NOT_DONE")
    services.run_backtest(run_id)
    found = trader.get(f"{URL}{run_id}/").json()
    assert (found["status"], found["data"]["digest"]) == ("DONE", digest)
    result = trader.get(f"{URL}{run_id}/result/").json()
    assert len(result["rows"]) == 4
    assert result["report"]["trades_hash"] == found["trades_hash"]
    assert [one["id"] for one in trader.get(f"{URL}?kind=SWEEP&status=DONE").json()] == [run_id]
    assert trader.get(f"{URL}?kind=RUN").json() == []
    assert trader.delete(f"{URL}{run_id}/").status_code == HTTPStatus.NO_CONTENT
    assert trader.get(f"{URL}{run_id}/").json()["code"] == "BACKTEST_NOT_FOUND"


def test_what_is_wrong_is_refused_with_a_stable_code(trader):
    assert upload(trader, text="a\n1\n").json()["code"] == "BACKTEST_REFUSED"
    assert upload(trader, period="HOUR").json()["code"] == "INVALID_INPUT"
    digest = upload(trader).json()["digest"]
    for number, (body, code) in enumerate(
        [
            ({"digest": digest, "parts": [CROSS | {"parameters": {"fast": 1}}]}, "BACKTEST_REFUSED"),
            ({"digest": "f" * 64, "parts": [CROSS]}, "BACKTEST_REFUSED"),
            ({"digest": digest, "parts": [{"strategy": "os:system"}]}, "BACKTEST_REFUSED"),
            ({"symbols": ["ABC"], "parts": [CROSS]}, "BACKTEST_REFUSED"),
            ({"digest": digest, "parts": []}, "INVALID_INPUT"),
            ({"digest": digest, "parts": [CROSS], "speed": 3}, "INVALID_INPUT"),
            ({"digest": digest, "parts": [CROSS], "cash_vnd": 1.5}, "INVALID_INPUT"),
        ]
    ):
        assert ask(trader, key=f"wrong-{number}", **body).json()["code"] == code, body
    assert ask(trader, key="", digest=digest, parts=[CROSS]).json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    assert trader.get(URL).json() == []


def test_who_may_do_what(trader):
    run_id = ask(trader, digest=upload(trader).json()["digest"], parts=[CROSS]).json()["id"]
    officer, other = verified_client(make_user("boss", Role.RISK_OFFICER)), make_user("friend", Role.TRADER)
    assert officer.get(f"{URL}{run_id}/").status_code == HTTPStatus.OK
    assert ask(officer, parts=[CROSS]).status_code == HTTPStatus.FORBIDDEN
    assert upload(officer).status_code == HTTPStatus.FORBIDDEN
    assert verified_client(make_user("guest")).get(URL).status_code == HTTPStatus.FORBIDDEN
    assert verified_client(other).post(f"{URL}{run_id}/cancel/").status_code == HTTPStatus.FORBIDDEN
    cancelled = trader.post(f"{URL}{run_id}/cancel/")
    assert cancelled.json()["status"] == "CANCELLED"
    reading, trading = (
        Client(
            headers={"Authorization": f"Bearer {sso.issue_api_key(user=other, name=scope, scope=scope, days=1).secret}"}
        )
        for scope in ("read", "trade")
    )
    assert reading.get(URL).status_code == HTTPStatus.OK
    assert upload(reading).status_code == HTTPStatus.FORBIDDEN
    assert upload(trading).status_code == HTTPStatus.CREATED


def test_strategies_come_with_their_parameters(trader):
    found = {one["key"]: one for one in trader.get(f"{URL}strategies/").json()}
    fast = found["moving_average_cross"]["parameters"][0]
    assert (fast["name"], fast["minimum"], fast["maximum"], fast["unit"]) == ("fast", 2, 100, "bars")
