"""Writes over REST that change what was placed: once for each key, and what a refusal leaves behind."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.db.models import F
from django.db.models.functions import Now

from apps.orders import services
from apps.orders.models import ApiRequest, Intent, Order
from apps.orders.services.once import RUNNING_S_MAX
from apps.orders.tests.conftest import Broker, Gateway, Stream
from tests.order_market import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def resting(floor):
    """The trader's 300 at 25,050 in the exchange's book."""
    order_id = floor.place(key="first").json()["id"]
    Gateway(floor.desk, Broker()).send()
    Stream(floor.desk).event(floor.desk.order(order_id), "QU")
    return order_id


def write(floor, path, body=None, key="k-1", client=None):
    return (client or floor.trader_client).post(
        f"/api/v1/orders/{path}",
        body or {},
        content_type="application/json",
        headers={"Idempotency-Key": key} if key else {},
    )


def test_an_amendment_is_asked_for_once_per_key(floor, resting):
    first = write(floor, f"{resting}/amend/", {"price_vnd": 25_100})
    assert (first.status_code, first.json()["status"], first.json()["price_vnd"]) == (202, "AMEND_PENDING", 25_050)
    assert (first.json()["wanted_quantity"], first.json()["wanted_price_vnd"]) == (300, 25_100)
    again = write(floor, f"{resting}/amend/", {"price_vnd": 25_100})
    assert (again.status_code, again.json()) == (202, first.json())
    assert Intent.objects.filter(kind="AMEND").count() == 1


def test_the_first_answer_is_given_again_whatever_became_of_it(floor, resting):
    first = write(floor, f"{resting}/cancel/")
    Stream(floor.desk).event(Order.objects.get(id=resting), "CL", cancelled=300, notify_id=50)
    assert Order.objects.get(id=resting).status == "CANCELLED"
    assert write(floor, f"{resting}/cancel/").json() == first.json()
    other = write(floor, f"{resting}/cancel/", key="k-2")
    assert (other.status_code, other.json()["code"]) == (422, "ORDER_NOT_CANCELLABLE")
    assert write(floor, f"{resting}/cancel/", key="k-2").json()["context"] == other.json()["context"]


@pytest.mark.parametrize(
    ("path", "body"), [("amend/", {"price_vnd": 25_200}), ("amend/", {"quantity": 400}), ("cancel/", None)]
)
def test_a_key_does_not_serve_another_request(floor, resting, path, body):
    write(floor, f"{resting}/amend/", {"price_vnd": 25_100})
    answer = write(floor, f"{resting}/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert Intent.objects.exclude(kind="PLACE").count() == 1


@pytest.mark.parametrize("path", ["amend/", "cancel/"])
def test_a_write_without_a_key_is_not_done(floor, resting, path):
    answer = write(floor, f"{resting}/{path}", {"price_vnd": 25_100}, key="")
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert write(floor, "cancel-all/", {"symbol": "SSI"}, key="").status_code == 400
    assert Order.objects.get(id=resting).status == "OPEN"


def test_while_a_request_runs_its_repetition_is_told_so(floor, resting):
    """The one that runs is dead after a minute: then the next one does it."""
    write(floor, f"{resting}/amend/", {"price_vnd": 25_100})
    ApiRequest.objects.update(status_code=None, answer=None)
    told = write(floor, f"{resting}/amend/", {"price_vnd": 25_100})
    assert (told.status_code, told.json()["code"]) == (409, "REQUEST_IN_PROGRESS")
    ApiRequest.objects.update(began_at=F("began_at") - timedelta(seconds=RUNNING_S_MAX))
    assert write(floor, f"{resting}/amend/", {"price_vnd": 25_100}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_process_has_died_is_done_by_its_repetition_at_once(floor, resting):
    """As the database sees it: the connection is gone, or another one has its number since."""
    write(floor, f"{resting}/cancel/")
    with psycopg.connect(**connection.get_connection_params()) as another:
        ApiRequest.objects.update(status_code=None, answer=None, backend_pid=another.info.backend_pid)
        later = write(floor, f"{resting}/cancel/")
        assert later.status_code == 202, "that connection began after the request"
        ApiRequest.objects.update(status_code=None, answer=None, backend_pid=another.info.backend_pid, began_at=Now())
        assert write(floor, f"{resting}/cancel/").status_code == 409
    wait_for(lambda: write(floor, f"{resting}/cancel/").status_code == 202, 60, "the dead one is still waited for")
    assert Intent.objects.filter(kind="CANCEL").count() == 1


def test_what_fails_may_come_again_under_its_key(floor, resting, monkeypatch):
    def stumble(**_):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(services, "request_cancel", stumble)
    with pytest.raises(RuntimeError):
        write(floor, f"{resting}/cancel/")
    assert not ApiRequest.objects.exists()
    monkeypatch.undo()
    assert write(floor, f"{resting}/cancel/").status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, ""), ({"price_vnd": 0}, "price_vnd"), ({"quantity": 1.5}, "quantity"), ({"side": "SELL"}, "side")],
)
def test_an_amendment_that_makes_no_sense_is_bad_input(floor, resting, body, field):
    answer = write(floor, f"{resting}/amend/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")
    assert field in answer.json()["message"]


def test_a_strangers_order_does_not_exist(floor, resting):
    for path in ("amend/", "cancel/"):
        answer = write(floor, f"{resting}/{path}", {"quantity": 400}, client=floor.officer_client)
        assert answer.status_code in (404, 422)
    assert Order.objects.get(id=resting).status == "OPEN"


# --- many at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def several(floor):
    """Three that were not sent yet: two purchases, one sale."""
    placed = [
        floor.place(key="a", price_vnd=25_000), floor.place(key="b", price_vnd=24_950),
        floor.place(key="c", side="SELL", price_vnd=25_500),
    ]  # fmt: skip
    return [answer.json()["id"] for answer in placed]


def left(several):
    return [Order.objects.get(id=order_id).status for order_id in several]


@pytest.mark.parametrize(
    ("choice", "statuses"),
    [
        ({"side": "SELL"}, ["PENDING", "PENDING", "CANCELLED"]),
        ({"symbol": "SSI", "side": "BUY"}, ["CANCELLED", "CANCELLED", "PENDING"]),
        ({"symbol": "VNM"}, ["PENDING"] * 3),
        ({"strategy_id": "7"}, ["PENDING"] * 3),
        ({"account_id": ...}, ["CANCELLED"] * 3),
    ],
)
def test_those_that_are_named_are_cancelled(floor, several, choice, statuses):
    named = {key: str(floor.desk.account_id) if value is ... else value for key, value in choice.items()}
    answer = write(floor, "cancel-all/", named)
    assert (answer.status_code, answer.json()["asked"]) == (202, statuses.count("CANCELLED"))
    assert left(several) == statuses
    assert write(floor, "cancel-all/", named).json() == answer.json()


def test_nobody_cancels_in_accounts_that_are_not_his(floor, several):
    own = write(floor, "cancel-all/", {"symbol": "SSI"}, client=floor.officer_client)
    assert (own.status_code, own.json()) == (202, {"kept": 0, "asked": 0, "waiting": 0, "refused": []})
    named = write(
        floor, "cancel-all/", {"account_id": str(floor.desk.account_id)}, client=floor.officer_client, key="x"
    )
    assert named.json()["code"] in ("ACCOUNT_NOT_FOUND", "ACCOUNT_NOT_TRADABLE")
    assert left(several) == ["PENDING"] * 3


def test_everything_at_once_has_to_be_named(floor, several):
    assert write(floor, "cancel-all/", {}).json()["code"] == "INVALID_INPUT"
    assert left(several) == ["PENDING"] * 3


# --- placing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_being_placed_is_not_placed_again(floor, monkeypatch):
    inside, go_on, answers = threading.Event(), threading.Event(), []
    honest = services.submit_order

    def slow(**asked):
        inside.set()
        assert go_on.wait(10)
        return honest(**asked)

    def place():
        answers.append(floor.place().status_code)
        connections.close_all()

    monkeypatch.setattr(services, "submit_order", slow)
    thread = threading.Thread(target=place)
    thread.start()
    assert inside.wait(10)
    told = floor.place()
    go_on.set()
    thread.join()
    assert (told.status_code, told.json()["code"], answers) == (409, "REQUEST_IN_PROGRESS", [201])
    assert floor.place().status_code == 201
    assert Order.objects.count() == 1


def test_an_order_is_replaced_once_per_key(floor, resting):
    terms = {"quantity": 500, "price_vnd": 25_100}
    first = write(floor, f"{resting}/replace/", terms)
    assert (first.status_code, first.json()["replaces"], first.json()["status"]) == (201, resting, "PENDING")
    assert write(floor, f"{resting}/replace/", terms).json()["id"] == first.json()["id"]
    assert write(floor, f"{resting}/replace/", terms | {"quantity": 600}).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (Order.objects.count(), Order.objects.get(id=resting).status) == (2, "CANCEL_PENDING")
    assert write(floor, f"{resting}/replace/", {"quantity": 500}, key="k-2").json()["code"] == "INVALID_INPUT"


def test_hold_changes_nothing_for_an_order_that_may_go_now(floor):
    placed = floor.place(hold=True)
    assert (placed.status_code, placed.json()["release_at"]) == (201, None)
    assert Intent.objects.get().state == "READY"
