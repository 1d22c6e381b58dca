"""Watchlists and layouts over REST: everybody's own, kept on the server, strict about what goes in."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.utils import timezone

from apps.accounts.models import ScreenLayout, Watchlist
from apps.sso.selectors import Role
from apps.sso.services import issue_api_key
from apps.sso.tests.sessions import make_user, verified_client

pytestmark = pytest.mark.django_db
LISTS = "/api/v1/watchlists/"


@pytest.fixture
def listed():
    model, now = apps.get_model("marketdata", "Security"), timezone.now()
    model.objects.bulk_create(
        model(symbol=symbol, exchange="HOSE", kind="STOCK", is_active=symbol != "OLD", updated_at=now)
        for symbol in ("SSI", "VNM", "FPT", "OLD")
    )


@pytest.fixture
def client(listed):
    return verified_client(make_user("trader", Role.TRADER))


def sent(client, method, address, **body):
    return getattr(client, method)(address, body, content_type="application/json")


def made(client, name, *symbols):
    answer = sent(client, "post", LISTS, name=name, symbols=symbols)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_several_lists_of_one_person_keep_the_order_of_their_symbols(client):
    made(client, "Ngân hàng", "VNM", "SSI", "VNM")
    made(client, "Công nghệ", "FPT")
    assert [(one["name"], one["symbols"]) for one in client.get(LISTS).json()] == [
        ("Công nghệ", ["FPT"]),
        ("Ngân hàng", ["VNM", "SSI"]),
    ]


def test_a_list_is_changed_part_by_part_and_deleted(client):
    address = f"{LISTS}{made(client, 'Banks', 'SSI')['id']}/"
    assert sent(client, "patch", address, symbols=["FPT", "OLD", "SSI"]).json()["symbols"] == ["FPT", "OLD", "SSI"]
    assert sent(client, "patch", address, name="Mixed").json() == client.get(address).json()
    assert (client.get(address).json()["name"], client.get(address).json()["symbols"]) == (
        "Mixed", ["FPT", "OLD", "SSI"],
    )  # fmt: skip
    assert client.delete(address).status_code == 204
    assert (client.delete(address).status_code, client.get(address).status_code) == (404, 404)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"name": "Banks"}, 422, "You have a watchlist of that name already."),
        ({"name": "New", "symbols": ["SSI", "NOPE"]}, 422, "Not listed: NOPE."),
        ({"name": "New", "symbols": ["SSI"] * 3 + [f"X{n}" for n in range(500)]}, 422, "at most 500 symbols"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 41}, 400, "name"),
        ({"name": "New", "owner": 1}, 400, "Unknown field."),
        ({"name": "New", "symbols": "SSI"}, 400, "symbols"),
    ],
)
def test_what_makes_no_list_says_why_and_leaves_everything_as_it_was(client, body, status, sentence):
    made(client, "Banks", "SSI")
    client.cookies["django_language"] = "en"
    answer = client.post(LISTS, body, content_type="application/json")
    assert (answer.status_code, sentence in answer.json()["message"]) == (status, True), answer.json()
    assert list(Watchlist.objects.values_list("name", "symbols")) == [("Banks", ["SSI"])]


def test_renaming_onto_another_list_is_refused_and_changes_neither(client):
    made(client, "Banks", "SSI")
    other = made(client, "Techs", "FPT")
    assert sent(client, "patch", f"{LISTS}{other['id']}/", name="Banks", symbols=[]).status_code == 422
    assert {one["name"]: one["symbols"] for one in client.get(LISTS).json()} == {"Banks": ["SSI"], "Techs": ["FPT"]}


def test_thirty_lists_are_the_most(client):
    for number in range(30):
        made(client, f"List {number}")
    assert sent(client, "post", LISTS, name="One more").status_code == 422
    assert Watchlist.objects.count() == 30


def test_nobody_sees_or_changes_somebody_elses(client):
    address = f"{LISTS}{made(client, 'Mine', 'SSI')['id']}/"
    stranger = verified_client(make_user("trader2", Role.TRADER))
    assert stranger.get(LISTS).json() == []
    answers = [stranger.get(address), sent(stranger, "patch", address, symbols=[]), stranger.delete(address)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert client.get(address).json()["symbols"] == ["SSI"]
    made(stranger, "Mine", "FPT")  # a name is taken for its owner only
    assert client.get(f"{LISTS}{uuid4()}/").status_code == 404


def test_a_key_reads_lists_and_writes_none(client, django_user_model):
    made(client, "Mine", "SSI")
    user = django_user_model.objects.get(username="trader")
    key = issue_api_key(user=user, name="robot", scope="trade", days=1)
    bearer = {"Authorization": f"Bearer {key.secret}"}
    client.logout()
    assert [one["name"] for one in client.get(LISTS, headers=bearer).json()] == ["Mine"]
    refused = client.post(LISTS, {"name": "Robot's"}, content_type="application/json", headers=bearer)
    assert (refused.status_code, Watchlist.objects.count()) == (403, 1)


def test_a_layout_is_kept_for_its_owner_and_taken_back_by_an_empty_one(client):
    address = "/api/v1/layouts/board/"
    assert client.get(address).json() == {}
    chosen = {"hidden": ["foreign", "range"], "sort": "percent", "is_descending": True, "is_dense": True}
    assert sent(client, "put", address, **chosen).status_code == 200
    assert client.get(address).json() == chosen
    assert verified_client(make_user("trader2", Role.TRADER)).get(address).json() == {}
    sent(client, "put", address)
    assert (client.get(address).json(), ScreenLayout.objects.count()) == ({}, 0)


@pytest.mark.parametrize(
    ("screen", "body", "status"),
    [
        ("board", {"hidden": ["everything"]}, 400),
        ("board", {"sort": "luck"}, 400),
        ("board", {"indicators": ["sma_20"]}, 400),
        ("chart", {"indicators": ["sma_20"] * 9}, 400),
        ("chart", {"timeframe": "2m"}, 400),
        ("chart", {"indicators": ["sma_20", "rsi_14"], "timeframe": "1d"}, 200),
        ("orders", {}, 404),
    ],
)
def test_a_screen_takes_its_own_choices_only(client, screen, body, status):
    assert sent(client, "put", f"/api/v1/layouts/{screen}/", **body).status_code == status
    assert ScreenLayout.objects.count() == (status == 200)
