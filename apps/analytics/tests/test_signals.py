"""Publishing signals over REST: who may, what is taken, what is announced, and that saying it again changes nothing."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from django.apps import apps
from django.test import Client

from apps.analytics import selectors, services
from apps.analytics.models import SourceSignal
from apps.marketdata.selectors import market_now
from apps.sso.selectors import Role, actor_of
from apps.sso.services import issue_api_key
from apps.sso.tests.sessions import make_user, verified_client
from qts.adapters.bus import decode
from qts.domain.events import PredictionGenerated, SentimentGenerated
from qts.domain.strategy import SignalBoard

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    model = apps.get_model("marketdata", "Security")  # its tables are another app's own; only its services write them
    now = market_now()
    model.objects.bulk_create(
        model(symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=now) for symbol in ("SSI", "VNM")
    )
    return make_user("operator", Role.OPERATOR)


@pytest.fixture
def client(operator):
    return verified_client(operator)


def signal(**more):
    made_at = market_now() - timedelta(seconds=30)
    given = {
        "signal_id": "run-1:SSI", "source": "prediction", "symbol": "SSI", "name": "up", "direction": 1,
        "strength_percent": 70, "value": "0.63", "made_at": made_at.isoformat(), "valid_s": 3_600,
        "reason": "three of four trees",
    }  # fmt: skip
    return given | more


def post(client, *signals, **headers):
    return client.post("/api/v1/signals/", {"signals": list(signals)}, content_type="application/json", headers=headers)


def announced():
    rows = apps.get_model("eventlog", "EventRecord").objects.order_by("id")
    topics = (PredictionGenerated.topic, SentimentGenerated.topic)
    return [row for row in rows if row.topic in topics]


def test_signals_are_stored_and_announced_together(client, operator):
    before = market_now()
    answer = post(client, signal(), signal(signal_id="n1", source="sentiment", symbol="VNM", name="news", direction=-1))
    assert (answer.status_code, answer.json()) == (201, {"recorded": 2, "known": 0})
    first, second = announced()
    assert (first.topic, first.key, second.topic, second.key) == (
        "prediction.signal.generated", "SSI", "sentiment.signal.generated", "VNM",
    )  # fmt: skip
    event = decode(first.topic, msgspec.json.encode(first.body))
    assert isinstance(event, PredictionGenerated)
    assert (event.value, event.direction, event.strength_percent, event.name) == ("0.630000", 1, 70, "up")
    assert event.signal_id == f"user:{operator.pk}/run-1:SSI"
    assert event.ts_known_ms >= before.timestamp() * 1_000 - 1  # by our clock, whatever its publisher says
    assert event.ts_made_ms < event.ts_known_ms


def test_one_that_no_longer_holds_is_refused_unless_it_is_known(client):
    over = signal(made_at=(market_now() - timedelta(seconds=61)).isoformat(), valid_s=60)
    answer = post(client, signal(signal_id="fine"), over)
    assert answer.status_code == 422
    assert "it no longer holds" in answer.content.decode()
    assert SourceSignal.objects.count() == 0
    said = signal(valid_s=60)
    assert post(client, said).status_code == 201
    SourceSignal.objects.update(made_at=market_now() - timedelta(seconds=61))
    known = SourceSignal.objects.get()
    assert post(client, said | {"made_at": known.made_at.isoformat()}).status_code == 200
    assert announced()[1:] == []


def test_the_same_again_changes_nothing_and_another_under_its_id_is_refused(client):
    said = signal()
    assert post(client, said).status_code == 201
    again = post(client, said, signal(signal_id="new", made_at=said["made_at"]))
    assert (again.status_code, again.json()) == (201, {"recorded": 1, "known": 1})
    assert post(client, said).status_code == 200
    other = post(client, said | {"direction": -1}, signal(signal_id="third"))
    assert (other.status_code, other.json()["code"]) == (422, "SIGNALS_REFUSED")
    assert other.json()["context"] == {"signals": {"run-1:SSI": "this id came with another signal before"}}
    assert (SourceSignal.objects.count(), len(announced())) == (2, 2)


def test_two_publishers_may_use_the_same_id(client):
    said = signal()
    assert post(client, said).status_code == 201
    other = verified_client(make_user("other", Role.OPERATOR))
    assert post(other, said | {"direction": -1}).status_code == 201
    assert SourceSignal.objects.count() == 2


WRONG = [
    ({"symbol": "XXX"}, 422),
    ({"made_at": "2099-01-01T00:00:00Z"}, 422),
    ({"direction": 2}, 400),
    ({"direction": "1"}, 400),
    ({"strength_percent": 101}, 400),
    ({"value": "NaN"}, 400),
    ({"value": "1e30"}, 400),
    ({"name": "Up!"}, 400),
    ({"source": "technical"}, 400),
    ({"valid_s": 0}, 400),
    ({"valid_s": 31 * 86_400}, 400),
    ({"reason": "x" * 201}, 400),
    ({"signal_id": "a b"}, 400),
    ({"more": 1}, 400),
]


@pytest.mark.parametrize(("wrong", "status"), WRONG)
def test_one_that_is_wrong_and_none_is_taken(client, wrong, status):
    answer = post(client, signal(signal_id="right"), signal() | wrong)
    assert answer.status_code == status
    assert (SourceSignal.objects.count(), announced()) == (0, [])


def test_not_too_many_and_not_twice_in_one_request(client):
    assert post(client).status_code == 400
    assert post(client, *(signal(signal_id=str(number)) for number in range(501))).status_code == 400
    twice = post(client, signal(), signal())
    assert twice.json()["context"] == {"signals": {"run-1:SSI": "this id stands in the request twice"}}


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (Role.OPERATOR, "signals", 201),
        (Role.ADMINISTRATOR, "signals", 201),
        (Role.OPERATOR, "trade", 403),
        (Role.OPERATOR, "read", 403),
        (Role.TRADER, "signals", 403),  # it moves everybody's strategies
    ],
)
def test_a_key_publishes_that_was_made_for_it_by_somebody_who_may(operator, role, scope, status):
    key = issue_api_key(user=make_user(f"{role}-{scope}", role), name="model", scope=scope, days=1)
    answer = post(Client(), signal(), Authorization=f"Bearer {key.secret}")
    assert answer.status_code == status
    assert SourceSignal.objects.exists() == (status == 201)


def test_a_key_that_publishes_places_no_order(operator):
    key = issue_api_key(user=operator, name="model", scope="signals", days=1)
    asked = {"headers": {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": "k"}}
    assert Client().post("/api/v1/orders/", {}, content_type="application/json", **asked).status_code == 403
    assert Client().get("/api/v1/patterns/", **asked).status_code == 200


def test_who_only_trades_publishes_nothing():
    trader = verified_client(make_user("trader", Role.TRADER))
    assert post(trader, signal()).status_code == 403
    assert post(Client(), signal()).status_code in {401, 403}


def given(signal_id, made_at, **more):
    told = {
        "signal_id": signal_id, "source": "prediction", "symbol": "SSI", "name": "up", "direction": 1,
        "strength_percent": 70, "value": "0.5", "made_at": made_at, "valid_s": 3_600,
    }  # fmt: skip
    return services.GivenSignal(**(told | more))


def test_what_stands_now_and_what_was_known_between_two_moments(operator, django_assert_num_queries):
    now = market_now()
    for signal_id, before_s in (("old", 7_200), ("mid", 1_800), ("new", 60)):
        at = now - timedelta(seconds=before_s)
        services.publish_signals([given(signal_id, at)], actor=actor_of(operator), now=at)
    services.publish_signals([given("x", now, symbol="VNM")], actor=actor_of(operator), now=now)
    with django_assert_num_queries(1):
        standing = selectors.standing_signals({"SSI"}, now)
    assert [one.signal_id.partition("/")[2] for one in standing] == ["old", "mid", "new"]
    recorded = selectors.recorded_signals({"SSI"}, now - timedelta(hours=3), now - timedelta(seconds=60))
    assert [one.signal_id.partition("/")[2] for one in recorded] == ["old", "mid"]  # the end is excluded
    assert recorded[0].value == 0.5
    assert services.prune_signals(before=now - timedelta(hours=1)) == 1


def test_after_a_new_start_a_superseded_signal_does_not_come_back(operator):
    now = market_now()
    for signal_id, made_at, valid_s in (("long", now - timedelta(minutes=9), 3_600), ("short", now, 10)):
        told = signal(signal_id=signal_id, valid_s=valid_s) | {"made_at": made_at, "value": Decimal(1)}
        services.publish_signals([services.GivenSignal(**told)], actor=actor_of(operator), now=made_at)
    later = now + timedelta(seconds=20)
    begun = SignalBoard(selectors.standing_signals({"SSI"}, later))
    assert dict(begun.standing("prediction", "SSI", round(later.timestamp() * 1_000))) == {}
