"""Choosing, steering and watching a day that is played again; and that nothing can be ordered from it."""

import json
from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.conf import settings

from apps.marketdata import selectors
from apps.marketdata.services.time_machine import start_replay
from apps.marketdata.tests.replaying import DAY, forget_replays, record_day
from apps.portal.tests.conftest import ticket_of
from apps.sso.tests.sessions import verified_client
from qts.adapters.redis_client import redis_client
from qts.adapters.time_machine.names import RunNames
from qts.adapters.time_machine.replays import Replays, Source, State, Wish
from qts.web.replay_guard import CODE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def replay(desk, settings, tmp_path):
    """The trader's replay of a recorded day at 10:15, paused; no time machine runs here, so its picture is ours."""
    settings.WAL_DIR, settings.ARCHIVE_DIR = tmp_path / "wal", tmp_path / "archive"
    forget_replays()
    record_day(tmp_path, seconds=30)
    replay_id = start_replay(owner_id=desk.users.trader.pk, owner="trader", day=DAY, speed=10)
    replays = Replays(settings.REDIS_URL)
    at_ms = selectors.day_bounds_ms(DAY)[0] + (10 * 3600 + 15 * 60) * 1000
    replays.tell(replay_id, state=State.PAUSED, run=1, at_ms=at_ms, begins_ms=at_ms - 60_000, until_ms=at_ms + 60_000)
    client = redis_client(settings.REDIS_URL)
    for kind, body in client.hgetall("qts:live:SSI").items():
        client.hset(f"{RunNames(replay_id, 1).latest}SSI", kind, body)
    yield replay_id
    forget_replays()


def wishes(replay_id):
    return Replays(settings.REDIS_URL).wishes(replay_id)


def text(answer):
    return answer.content.decode()


def test_the_list_offers_what_is_recorded_and_what_is_played(desk, replay):
    said = text(desk.client("trader").get("/replay/"))
    assert "20/11/2026" in said
    assert "every message" in said
    assert f'data-replay="{replay}"' in said
    assert ">End<" in said
    assert ">End<" not in text(desk.client("risk").get("/replay/")), "only its owner and operators end it"
    assert ">End<" in text(desk.client("operator").get("/replay/"))


def test_every_page_of_a_replay_says_so_and_has_nothing_that_trades(desk, replay):
    client = desk.client("trader")
    for path in ("", "symbols/SSI/", "symbols/?q=chung"):
        answer = client.get(f"/replay/{replay}/{path}")
        assert answer.status_code == 200
        assert_it_says_so(text(answer), replay)


def assert_it_says_so(said, replay):
    assert 'class="replay-banner"' in said
    assert "20/11/2026" in said
    assert "10:15:00" in said
    assert "nothing can be ordered here" in said
    assert f'data-market="replay:{replay}"' in said
    assert f'"X-QTS-Market": "replay:{replay}"' in said
    for trading in (
        "/ticket/",
        "data-ticket-url",
        "/orders/conditional/new/",
        "/orders/sliced/new/",
        'id="orders-table"',
    ):
        assert trading not in said, trading


def test_the_live_pages_carry_no_banner(desk, replay):
    said = text(desk.client("trader").get("/board/"))
    assert "replay-banner" not in said
    assert "data-market=" not in said
    assert '"ticket_url": "/ticket/"' in said


def test_prices_are_the_replays_and_links_stay_in_it(desk, replay):
    said = text(desk.client("trader").get(f"/replay/{replay}/"))
    assert f'href="/replay/{replay}/symbols/SYMBOL/"' in said  # the row that stands for all
    data = desk.client("trader").get(f"/replay/{replay}/symbols/SSI/bars/").json()
    assert set(data) == {"symbol", "kind", "is_replay", "bars_url", "bars", "gaps"}, "nothing that is later"
    assert data["symbol"] == "SSI"
    assert data["bars_url"] == f"/replay/{replay}/symbols/SSI/bars/"
    found = desk.client("trader").get(f"/replay/{replay}/symbols/?q=ssi")
    assert found["Location"] == f"/replay/{replay}/symbols/SSI/"


def test_a_start_leads_to_its_board_and_a_refusal_back_to_the_list(desk, replay):
    client = desk.client("trader")
    answer = client.post("/replay/start/", {"day": "2026-11-20", "speed": "60", "at": "09:30"})
    assert answer.status_code == 302
    second = answer["Location"].split("/")[2]
    assert selectors.replay(second).speed == 60
    for typed in ({"day": "2020-01-01"}, {"day": "yesterday"}, {"day": "2026-11-20", "speed": "sixty"}, {}):
        answer = client.post("/replay/start/", typed, follow=True)
        assert answer.redirect_chain[-1][0] == "/replay/"
        assert 'class="note bad"' in text(answer)
    answer = client.post("/replay/start/", {"day": "2026-11-20"}, follow=True)
    assert "You play 2 days already; end one first." in text(answer)


def test_its_owner_and_operators_steer_it(desk, replay):
    address = f"/replay/{replay}/act/"
    assert desk.client("risk").post(address, {"act": "pause"}).status_code == 403
    assert wishes(replay) == []
    assert desk.client("trader").post(address, {"act": "speed", "speed": "20"}).status_code == 204
    assert desk.client("operator").post(address, {"act": "seek", "at": "10:30:05"}).status_code == 204
    at_ms = selectors.day_bounds_ms(DAY)[0] + (10 * 3600 + 30 * 60 + 5) * 1000
    assert wishes(replay) == [Wish("speed", speed=20), Wish("seek", to_ms=at_ms)]
    for nonsense in ({}, {"act": "rewind"}, {"act": "speed", "speed": "61"}, {"act": "seek", "at": "25:00"}):
        answer = desk.client("trader").post(address, nonsense)
        assert answer.status_code == 422
        assert text(answer)
    assert wishes(replay) == []


def test_a_replay_that_is_over_or_unknown_says_so(desk, replay):
    replays = Replays(settings.REDIS_URL)
    replays.end(replays.get(replay), State.ENDED, "nobody watched")
    answer = desk.client("trader").get(f"/replay/{replay}/")
    assert (answer.status_code, "Nobody has watched it" in text(answer)) == (410, True)
    assert desk.client("trader").get("/replay/0123456789abcdef/").status_code == 404
    assert desk.client("trader").get("/replay/nonsense/symbols/SSI/").status_code == 404


NAMED = {
    "header": {"headers": {"X-QTS-Market": "replay:{id}"}},
    "shouted": {"headers": {"X-QTS-Market": " REPLAY:{id}"}},
    "address": {"query": "?market=replay:{id}"},
    "form": {"typed": {"market": "replay:{id}"}},
    "page": {"headers": {"HX-Current-URL": "http://testserver/replay/{id}/symbols/SSI/"}},
    "referer": {"headers": {"Referer": "http://testserver/replay/{id}/"}},
}


def test_no_ticket_that_names_a_replay_is_taken_however_it_is_named(desk, replay):
    client = desk.client("trader")
    for how, named_by in NAMED.items():
        named = json.loads(json.dumps(named_by).replace("{id}", replay))
        typed = ticket_of(desk.mine) | named.get("typed", {})
        for path in ("/ticket/preview/", "/ticket/confirm/", "/ticket/submit/"):
            answer = client.post(path + named.get("query", ""), typed, headers=named.get("headers", {}))
            assert answer.status_code == 409, (how, path)
            assert "replay" in text(answer)
    assert not apps.get_model("orders", "Order").objects.exists()
    assert not apps.get_model("accounts", "Reservation").objects.exists()


def test_the_same_ticket_goes_out_where_no_replay_is_named(desk, replay):
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine))
    assert answer.status_code in {200, 422}, "the gate decides, not the guard"
    assert apps.get_model("orders", "Order").objects.count() == 1


def test_no_program_orders_in_a_replay(desk, replay):
    client, market = desk.client("trader"), {"X-QTS-Market": f"replay:{replay}"}
    body = {"account_id": str(desk.mine), "symbol": "SSI", "side": "BUY", "order_type": "LO", "quantity": 100,
            "price_vnd": 25_000}  # fmt: skip
    for path in ("orders/", "orders/cancel-all/", "conditional-orders/", "sliced-orders/", "baskets/", "risk/check/"):
        answer = client.post(f"/api/v1/{path}", body, content_type="application/json", headers=market)
        assert (answer.status_code, answer.json()["code"]) == (409, CODE)
        answer = client.post(f"/api/v1/{path}?market=replay:{replay}", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, CODE)
    assert not apps.get_model("orders", "Order").objects.exists()


def test_a_body_that_names_a_replay_is_refused_too(desk, replay):
    body = {"account_id": str(desk.mine), "symbol": "SSI", "side": "BUY", "order_type": "LO", "quantity": 100,
            "price_vnd": 25_000, "market": f"replay:{replay}"}  # fmt: skip
    answer = desk.client("trader").post(
        "/api/v1/orders/", body, content_type="application/json", headers={"Idempotency-Key": "one"}
    )
    assert answer.status_code == 400
    assert "market" in answer.json()["context"]["fields"]
    assert not apps.get_model("orders", "Order").objects.exists()


def test_the_kill_switch_works_from_anywhere(desk, replay):
    answer = desk.client("risk").post(
        "/api/v1/kill-switches/", {"scope": "firm", "engaged": True, "reason": "drill"},
        content_type="application/json", headers={"X-QTS-Market": f"replay:{replay}"},
    )  # fmt: skip
    assert answer.status_code not in {403, 409}, text(answer)


def test_rest_starts_steers_and_lists(desk, replay):
    client = desk.client("trader")
    days = client.get("/api/v1/replays/days/").json()
    assert days == [{"day": "2026-11-20", "medium": Source.LOG, "is_whole": True}]
    started = client.post(
        "/api/v1/replays/", {"day": "2026-11-20", "speed": 30, "at": "09:45:00"}, content_type="application/json"
    )
    assert started.status_code == 201
    told = started.json()
    assert (told["market"], told["speed"], told["state"]) == (f"replay:{told['id']}", 30, "starting")
    assert datetime.fromisoformat(told["now"]) == datetime(2026, 11, 20, 2, 45, tzinfo=UTC)
    assert {one["id"] for one in client.get("/api/v1/replays/").json()} == {replay, told["id"]}
    steered = client.post(f"/api/v1/replays/{replay}/", {"act": "resume"}, content_type="application/json")
    assert steered.status_code == 202
    assert wishes(replay) == [Wish("resume")]
    third = client.post("/api/v1/replays/", {"day": "2026-11-20"}, content_type="application/json")
    assert (third.status_code, third.json()["code"]) == (429, "TOO_MANY_REPLAYS")


REFUSED = [
    ("", {"day": "2020-01-01"}, (422, "NOT_RECORDED")),
    ("", {"day": "soon"}, (400, "INVALID_INPUT")),
    ("", {"day": "2026-11-20", "speed": 61}, (400, "INVALID_INPUT")),
    ("", {"day": "2026-11-20", "colour": "red"}, (400, "INVALID_INPUT")),
    ("0123456789abcdef/", None, (404, "REPLAY_NOT_FOUND")),
    ("x/", None, (404, "REPLAY_NOT_FOUND")),
    ("{id}/", {"act": "rewind"}, (400, "INVALID_INPUT")),
    ("{id}/", {"act": "seek"}, (400, "INVALID_INPUT")),
    ("{id}/", {"act": "speed"}, (400, "INVALID_INPUT")),
    ("{id}/", {"act": "speed", "speed": 1.5}, (400, "INVALID_INPUT")),
]


def test_rest_refuses_nonsense_with_a_code(desk, replay):
    client = desk.client("trader")
    for path, body, refusal in REFUSED:
        address = f"/api/v1/replays/{path.replace('{id}', replay)}"
        answer = client.post(address, body, content_type="application/json") if body else client.get(address)
        assert (answer.status_code, answer.json()["code"]) == refusal, (path, body)
    assert wishes(replay) == []


def test_rest_lets_others_look_and_not_steer(desk, replay):
    client = verified_client(desk.users.risk)
    assert client.get(f"/api/v1/replays/{replay}/").json()["owner"] == "trader"
    answer = client.post(f"/api/v1/replays/{replay}/", {"act": "stop"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")
    assert date.fromisoformat(client.get(f"/api/v1/replays/{replay}/").json()["day"]) == DAY
