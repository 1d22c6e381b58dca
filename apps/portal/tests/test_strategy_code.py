"""From a file to a strategy, to another version, to a mode that two people agreed to: the pages and the API."""

import json
from uuid import UUID

import pytest

from apps.strategies import selectors as strategies
from apps.strategies import services
from apps.strategies.tests.test_bad_files import COUNTER


@pytest.fixture
def folder(settings, tmp_path):
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    made = services.strategies_folder()
    (made / "counter.py").write_text(COUNTER)
    return made


def made(desk, **more) -> UUID:
    form = {
        "code": "file:counter",
        "name": "Mine",
        "account": str(desk.mine),
        "symbols": "ssi",
        "parameter-quantity": "300",
    }
    answer = desk.client("trader").post("/strategies/new/", form | more)
    assert answer.status_code == 200, answer.content.decode()
    return next(one.id for one in strategies.strategies() if one.name == "Mine")


def test_from_a_file_to_a_strategy(desk, folder):
    client = desk.client("trader")
    page = client.get("/strategies/code/").content.decode()
    assert 'data-file="counter"' in page
    assert "Check and take in" in page
    assert client.post("/strategies/code/counter/").status_code == 200
    assert "Check and take in" not in client.get("/strategies/code/").content.decode()
    form = client.get("/strategies/new/?code=file:counter").content.decode()
    assert "Shares to hold." in form
    assert 'name="parameter-quantity"' in form
    mine = strategies.strategy(made(desk))
    assert (mine.title, mine.parameters, mine.symbols, mine.mode) == ("Counter", {"quantity": 300}, ("SSI",), "PAPER")
    card = client.get("/strategies/").content.decode()
    assert 'data-mode="PAPER"' in card
    assert mine.code_hash[:8] in card


def test_what_is_wrong_is_said_and_nothing_is_made(desk, folder):
    client = desk.client("trader")
    (folder / "counter.py").write_text("import socket\nsocket.socket()")
    answer = client.post("/strategies/code/counter/")
    assert answer.status_code == 422
    assert "line 2" in answer.content.decode()
    form = {
        "code": "moving_average_cross",
        "name": "",
        "account": str(desk.mine),
        "symbols": "NONE",
        "parameter-fast": "x",
    }
    refused = client.post("/strategies/new/", form).content.decode()
    for said in ("It needs a name.", "fast must be a whole number.", "Unknown symbol NONE."):
        assert said in refused
    somebody = client.post("/strategies/new/", form | {"account": "9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11"})
    assert "an account that you may trade" in somebody.content.decode()
    assert [one.name for one in strategies.strategies()] == ["MA cross", "RSI reversion"]


def test_another_version_is_chosen(desk, folder):
    client = desk.client("trader")
    client.post("/strategies/code/counter/")
    mine = made(desk)
    (folder / "counter.py").write_text(COUNTER.replace("VERSION", "NEWER"))
    client.post("/strategies/code/counter/")
    newest, oldest = strategies.versions("counter")
    assert newest.content_hash[:8] in client.get(f"/strategies/{mine}/version/").content.decode()
    assert strategies.strategy(mine).code_hash == oldest.content_hash
    assert (
        client.post(f"/strategies/{mine}/version/", {"version": newest.content_hash, "state": "keep"}).status_code
        == 200
    )
    assert (strategies.strategy(mine).code_hash, strategies.strategy(mine).keeps_state) == (newest.content_hash, True)
    assert client.post(f"/strategies/{mine}/version/", {"version": "f" * 64}).status_code == 422
    assert desk.client("trader2").get(f"/strategies/{mine}/version/").status_code == 404


def test_two_people_promote_and_one_alone_does_not(desk, folder):
    client, officer = desk.client("trader"), desk.client("risk")
    client.post("/strategies/code/counter/")
    mine = made(desk)
    assert "Propose Shadow" in client.get(f"/strategies/{mine}/mode/").content.decode()
    assert client.post(f"/strategies/{mine}/mode/", {"act": "propose", "reason": ""}).status_code == 422
    assert client.post(f"/strategies/{mine}/mode/", {"act": "propose", "reason": "a good month"}).status_code == 200
    (waiting,) = strategies.promotions([desk.mine])
    url = f"/strategies/promotions/{waiting.id}/"
    shown = officer.get(url).content.decode()
    assert "class Counter(Strategy" in shown  # what is agreed to can be read
    given = {"content_hash": waiting.content_hash, "reason": "read it", "act": "approve"}
    assert client.post(url, given).status_code == 422
    assert officer.post(url, given | {"content_hash": ""}).status_code == 422
    assert strategies.strategy(mine).mode == "PAPER"
    answer = officer.post(url, given)
    assert json.loads(answer.headers["HX-Trigger"])["qts:toast"]["text"] == "Approved. Start it when you are ready."
    assert strategies.strategy(mine).mode == "SHADOW"
    client.post(f"/strategies/{mine}/mode/", {"act": "down"})
    assert strategies.strategy(mine).mode == "PAPER"
    assert desk.client("trader2").get(url).status_code == 404


def test_the_api_says_the_same(desk, folder):
    client, officer = desk.client("trader"), desk.client("risk")

    def post(who, path, body=None):
        return who.post(f"/api/v1/{path}/", json.dumps(body or {}), content_type="application/json")

    assert [one["is_registered"] for one in client.get("/api/v1/strategy-files/").json()] == [False]
    version = post(client, "strategy-files/counter").json()
    assert post(officer, "strategy-files/counter").status_code == 403
    body = {"name": "Mine", "class_key": "file:counter", "account_id": str(desk.mine), "symbols": ["SSI"]}
    mine = post(client, "strategies", body).json()
    assert (mine["code_hash"], mine["mode"]) == (version["content_hash"], "PAPER")
    assert post(client, "strategies", body | {"class_key": "os:system"}).json()["code"] == "STRATEGY_REFUSED"
    assert post(client, f"strategies/{mine['id']}/version", {"content_hash": "f" * 64}).status_code == 422
    assert post(client, f"strategies/{mine['id']}/mode", {"mode": "LIVE", "reason": "now"}).status_code == 422
    asked = post(client, f"strategies/{mine['id']}/mode", {"mode": "SHADOW", "reason": "a good month"})
    assert asked.status_code == 202
    promotion = asked.json()
    given = {"approve": True, "content_hash": promotion["content_hash"], "reason": "read it"}
    assert post(client, f"promotions/{promotion['id']}", given).json()["code"] == "NOT_AN_OFFICER"
    assert post(officer, f"promotions/{promotion['id']}", given).json()["status"] == "approved"
    assert [one["mode"] for one in client.get("/api/v1/promotions/").json()] == ["SHADOW"]
