"""Indicators by name over REST: of minutes and of wider bars, as a plain computation over the same closes has them."""

from datetime import datetime, timedelta

import pytest
from django.apps import apps

from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.market import VIETNAM

pytestmark = pytest.mark.django_db
OPEN = datetime(2026, 11, 23, 9, 15, tzinfo=VIETNAM)
CLOSES = [25_000 + 50 * (number * 7 % 23) for number in range(60)]


@pytest.fixture
def client(monkeypatch):
    """SSI with an hour of minutes; it is 10:15."""
    model, bar = apps.get_model("marketdata", "Security"), apps.get_model("marketdata", "Bar1m")
    model.objects.create(symbol="SSI", exchange="HOSE", kind="STOCK", updated_at=OPEN)
    bar.objects.bulk_create(
        bar(
            symbol="SSI", trading_day=OPEN.date(), starts_at=OPEN + timedelta(minutes=number), wal_position="1:0",
            open_vnd=close, high_vnd=close + 50, low_vnd=close - 50, close_vnd=close, volume=100,
            value_vnd=100 * close, trade_count=1, received_at_ns=1,
        )
        for number, close in enumerate(CLOSES)
    )  # fmt: skip
    monkeypatch.setattr("apps.analytics.apis.market_now", lambda: OPEN + timedelta(hours=1))
    return verified_client(make_user("trader", Role.TRADER))


def ask(client, symbol="SSI", **query):
    return client.get(f"/api/v1/indicators/{symbol}/", query)


def test_an_average_of_minutes_begins_where_there_are_enough_of_them(client):
    (found,) = ask(client, names="sma_5").json()
    assert (found["name"], found["is_price"], len(found["points"])) == ("sma_5", True, 56)
    at, value = found["points"][0]
    assert (at, value) == (round((OPEN + timedelta(minutes=4)).timestamp() * 1_000), sum(CLOSES[:5]) / 5)
    assert found["points"][-1][1] == pytest.approx(sum(CLOSES[-5:]) / 5)


def test_of_five_minutes_it_is_taken_of_the_last_close_of_each(client):
    (found,) = ask(client, names="sma_3", timeframe="5m").json()
    wide = CLOSES[4::5]
    assert [value for _, value in found["points"]] == pytest.approx(
        [sum(wide[end - 3 : end]) / 3 for end in range(3, len(wide) + 1)]
    )
    assert {at % 300_000 for at, _ in found["points"]} == {0}


def test_what_is_no_price_says_so(client):
    found = ask(client, names="rsi_14,bbands_20_2_upper,sma_5_of_volume").json()
    assert [(one["name"], one["is_price"]) for one in found] == [
        ("rsi_14", False), ("bbands_20_2_upper", True), ("sma_5_of_volume", False),
    ]  # fmt: skip


def test_the_newest_are_kept_when_fewer_are_asked_for(client):
    (few,), (all_of_them,) = ask(client, names="sma_5", limit=7).json(), ask(client, names="sma_5").json()
    assert few["points"] == [pytest.approx(point) for point in all_of_them["points"][-7:]]


@pytest.mark.parametrize(
    ("symbol", "query", "status", "code"),
    [
        ("NOPE", {"names": "sma_5"}, 404, "UNKNOWN_SYMBOL"),
        ("SSI", {"names": "smaa_5"}, 422, "INDICATOR_UNKNOWN"),
        ("SSI", {"names": ",".join(f"sma_{n}" for n in range(2, 11))}, 400, "INVALID_INPUT"),
        ("SSI", {"names": "sma_5", "timeframe": "7m"}, 400, "INVALID_INPUT"),
        ("SSI", {}, 400, "INVALID_INPUT"),
    ],
)
def test_what_cannot_be_computed_says_why(client, symbol, query, status, code):
    answer = ask(client, symbol, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_symbol_without_bars_has_no_points(client):
    apps.get_model("marketdata", "Bar1m").objects.all().delete()
    assert [one["points"] for one in ask(client, names="sma_5,rsi_14").json()] == [[], []]


def test_everything_that_can_be_asked_for_is_told_with_its_numbers(client):
    known = {one["function"]: one for one in client.get("/api/v1/indicators/").json()}
    assert known["sma"]["numbers"] == [["timeperiod", 30]]
    assert known["macd"]["outputs"] == ["", "signal", "hist"]
