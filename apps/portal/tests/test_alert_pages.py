"""The alerts centre as a reader gets it, over pages, REST and WebSocket."""

import json

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.utils import timezone

from apps.notifications.consumers import AlertsConsumer
from qts.domain.events import AlertFired

RULE = {"kind": "PRICE_ABOVE", "symbol": "ssi", "threshold": "26.05", "cooldown": "5", "note": "<b>sell</b>"}


def rules():
    return apps.get_model("notifications", "AlertRule").objects


def alert(user, **given):
    facts = {"value": 26_050, "threshold": 26_000, "reference_vnd": 25_000}
    told = {"kind": "PRICE_ABOVE", "symbol": "SSI", "facts": facts, "note": "<b>sell</b>"} | given
    key = f"key-{apps.get_model('notifications', 'Alert').objects.count()}"
    return apps.get_model("notifications", "Alert").objects.create(
        user=user, event_key=key, fired_at=timezone.now(), **told
    )


def test_the_page_is_empty_at_first_and_says_what_to_do(desk):
    shown = desk.client("operator").get("/alerts/").content.decode()
    assert "Nothing has come true yet" in shown
    assert "No alert is set" in shown


def test_a_rule_is_set_as_people_type_it_and_its_note_stays_text(desk):
    client = desk.client("trader")
    assert client.post("/alerts/rules/", RULE).status_code == 302
    made = rules().get()
    assert (made.symbol, made.threshold, made.cooldown_s, made.rearms) == ("SSI", 26_050, 300, True)
    shown = client.get("/alerts/").content.decode()
    assert "SSI: Price rises to 26.05" in shown
    assert "&lt;b&gt;sell&lt;/b&gt;" in shown
    assert "<b>sell</b>" not in shown
    assert "SSI: Price rises" not in desk.client("trader2").get("/alerts/").content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"symbol": "XXX"}, "This symbol is not in the list of securities."),
        ({"threshold": "lots"}, "The level cannot be read"),
        ({"threshold": "9e999999"}, "The level cannot be read"),
        ({"kind": "CHANGE_ABOVE", "threshold": "inf"}, "The level cannot be read"),
        ({"kind": "CHANGE_ABOVE", "threshold": "1e307"}, "The level cannot be read"),
        ({"symbol": ""}, "Type a symbol"),
        ({"cooldown": "abc"}, "The level cannot be read"),
        ({"kind": "NONE", "threshold": ""}, "Choose what to wait for."),
        ({"channels": "nonsense"}, "The level cannot be read"),
    ],
)
def test_what_cannot_be_set_is_said_and_kept_in_the_form(desk, changes, sentence):
    answer = desk.client("trader").post("/alerts/rules/", RULE | changes)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert rules().count() == 0


def test_switching_and_deleting_are_ones_own(desk):
    desk.client("trader").post("/alerts/rules/", RULE)
    made = rules().get()
    desk.client("trader2").post(f"/alerts/rules/{made.id}/", {"act": "delete"})
    assert rules().get().is_active
    desk.client("trader").post(f"/alerts/rules/{made.id}/", {"act": "off"})
    assert rules().get().is_active is False
    desk.client("trader").post(f"/alerts/rules/{made.id}/", {"act": "delete"})
    assert rules().count() == 0


def test_a_webhooks_key_is_shown_once(desk):
    client = desk.client("trader")
    sent = {"kind": "webhook", "name": "desk", "target": "http://127.0.0.1:9/hook?token=sesame"}
    shown = client.post("/alerts/channels/", sent).content.decode()
    assert 'id="webhook-secret"' in shown
    again = client.get("/alerts/").content.decode()
    assert 'id="webhook-secret"' not in again
    assert "sesame" not in shown + again
    made = apps.get_model("notifications", "Channel").objects.get()
    client.post(f"/alerts/channels/{made.id}/", {"act": "test"})
    assert 'data-delivery="WAITING"' in client.get("/alerts/").content.decode()


def test_read_is_read(desk):
    alert(desk.users.trader)
    client = desk.client("trader")
    assert 'id="unread"' in client.get("/alerts/").content.decode()
    client.post("/alerts/read/")
    assert 'id="unread"' not in client.get("/alerts/").content.decode()


def test_the_same_over_rest(desk):
    client = desk.client("trader")

    def post(path, body):
        return client.post(f"/api/v1/{path}", body, content_type="application/json")

    made = post("alert-rules/", {"kind": "CHANGE_BELOW", "symbol": "SSI", "threshold": -300})
    assert (made.status_code, made.json()["threshold"]) == (201, -300)
    refused = post("alert-rules/", {"kind": "PRICE_ABOVE", "symbol": "SSI"})
    assert (refused.status_code, refused.json()["code"]) == (422, "THRESHOLD_MISSING")
    channel = post("alert-channels/", {"kind": "webhook", "name": "w", "target": "http://127.0.0.1:9/x"}).json()
    assert len(channel["secret"]) > 30
    assert "secret" not in client.get("/api/v1/alert-channels/").json()[0]
    assert post(f"alert-channels/{channel['id']}/test/", {}).status_code == 202
    assert [one["state"] for one in client.get("/api/v1/alert-deliveries/").json()] == ["WAITING"]
    alert(desk.users.trader)
    assert len(client.get("/api/v1/alerts/").json()) == 1
    assert post("alerts/read/", {}).json() == {"unread": 0}
    address = f"/api/v1/alert-rules/{made.json()['id']}/"
    assert client.patch(address, {"is_active": False}, content_type="application/json").json()["is_active"] is False
    assert desk.client("trader2").delete(address).status_code == 404
    assert client.delete(address).status_code == 204


@pytest.mark.django_db(transaction=True)
async def test_the_bell_is_told_of_ones_own_alerts_alone(django_user_model):
    mine = await django_user_model.objects.acreate(username="an")
    other = await django_user_model.objects.acreate(username="binh")
    socket = await _open(mine)
    assert json.loads(await socket.receive_from(5))["data"] == {"unread": 0, "alerts": []}
    made = await sync_to_async(alert)(mine)
    theirs = await sync_to_async(alert)(other)
    channel = _channels[-1]
    for found, user in ((theirs, other), (made, mine)):
        channel.on_event(AlertFired(user_id=str(user.pk), alert_id=str(found.id), kind=found.kind, symbol="SSI"))
    told = json.loads(await socket.receive_from(5))["data"]
    assert (told["unread"], [one["id"] for one in told["alerts"]]) == (1, [str(made.id)])
    assert told["alerts"][0]["text"]["en"] == "SSI rose to 26.05 (alert at 26.00)"
    await socket.disconnect()


_channels: list = []


async def _open(user):
    kind = AlertsConsumer.channels["alerts"]

    class Kept(kind):
        def __init__(self, *given):
            super().__init__(*given)
            _channels.append(self)

    class Consumer(AlertsConsumer):
        channels = {"alerts": Kept}

    async def why_not():
        return None

    socket = WebsocketCommunicator(Consumer.as_asgi(), "/ws/alerts")
    socket.scope |= {"user": user, "why_not": why_not}
    connected, _ = await socket.connect()
    assert connected
    await socket.send_to(text_data=json.dumps({"action": "subscribe", "channel": "alerts"}))
    return socket
