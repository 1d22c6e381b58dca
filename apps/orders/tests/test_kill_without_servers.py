"""The kill switch with the rest of the system dead: PostgreSQL is what it needs, and the broker for the cancels."""

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from apps.orders import services
from apps.orders.models import GatewayState, Intent, Order
from apps.orders.services import cancelling, last_resort
from apps.orders.services.gateway import _Gateway
from apps.orders.services.log_in_watch import LogInWatch
from apps.orders.services.wakeup import Doorbell, Ring
from apps.orders.tests.conftest import MORNING, STRATEGY, refused
from apps.risk import selectors as risk_selectors
from apps.risk import services as risk
from apps.sso.tests.sessions import make_user
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.orders import Status

NOBODY_LISTENS = "redis://127.0.0.1:9/0"


@pytest.fixture
def by_hand(monkeypatch, broker, desk):
    """`kill --send` reaches the scripted broker, for the one connection there is."""
    monkeypatch.setattr(last_resort, "open_client", lambda _connection_id: broker)
    monkeypatch.setattr(last_resort, "CALLS_APART_S", 0)
    one = type("Connection", (), {"id": desk.connection_id, "name": "the broker"})
    monkeypatch.setattr("apps.configuration.selectors.connections", lambda: [one])


@pytest.fixture
def working(desk, gateway, stream) -> Order:
    order = desk.order(desk.submit().order_id)
    gateway.send()
    stream.event(desk.order(order.id), "QU")
    return desk.order(order.id)


@pytest.fixture
def kill_file(settings, tmp_path):
    settings.KILL_FILE = tmp_path / "KILL"
    return settings.KILL_FILE


def kill(*arguments: str) -> str:
    said = StringIO()
    call_command("kill", *arguments, "--reason", "wrong prices", stdout=said, stderr=said)
    return said.getvalue()


def test_the_command_line_stops_and_cancels_with_valkey_and_the_workers_dead(desk, working, by_hand, broker, settings):
    never_sent = desk.submit().order_id
    settings.REDIS_URL = settings.EVENT_BUS_URL = NOBODY_LISTENS
    said = kill("firm", "--send")
    assert said.splitlines() == [
        "firm: stopped", "2 working orders asked back, 0 of them wait for their moment", "the broker: 1 cancels sent",
    ]  # fmt: skip
    assert [what for what, _ in broker.calls] == ["new", "cancel"]
    assert (desk.order(never_sent).status, desk.order(working.id).status) == (Status.CANCELLED, Status.CANCEL_PENDING)
    assert desk.submit().accepted is False
    assert kill("firm", "--send").startswith("firm: was stopped already")
    assert len(broker.calls) == 2


def test_one_order_that_cannot_be_cancelled_does_not_keep_the_other_cancels_here(
    desk, working, by_hand, broker, monkeypatch
):
    stuck = desk.submit().order_id
    known = cancelling._cancel_locked

    def cancel(order, **how):
        if order.id == stuck:
            raise ValueError("a row that nobody thought of")
        return known(order, **how)

    monkeypatch.setattr(cancelling, "_cancel_locked", cancel)
    with pytest.raises(CommandError, match="1 orders could not be cancelled"):
        kill("firm", "--send")
    assert [what for what, _ in broker.calls] == ["new", "cancel"]
    assert desk.order(working.id).status == Status.CANCEL_PENDING


def test_a_gateway_that_still_runs_is_fenced_off_and_the_next_one_goes_on(desk, working, by_hand, gateway):
    before = GatewayState.objects.get(connection_id=desk.connection_id).epoch
    kill("firm", "--send")
    assert GatewayState.objects.get(connection_id=desk.connection_id).epoch == before + 1
    assert gateway.send() == 0  # its new lease has a newer epoch; there is nothing left to send


def test_a_broker_that_is_away_leaves_the_stop_and_says_so(desk, working, by_hand, broker):
    broker.script = [AmbiguousSend("reset")]
    broker.is_down = OSError("away")
    with pytest.raises(OSError, match="away"):
        kill("firm", "--send")
    assert [switch.scope for switch in risk_selectors.kill_switches(engaged_only=True)] == ["firm"]
    assert Intent.objects.get(kind="CANCEL").state == "READY"


@pytest.mark.parametrize("typed", ["account:0901351", "symbol:SSI", "exchange:HOSE"])
def test_numbers_and_names_are_understood(desk, working, typed):
    kill(typed)
    assert desk.order(working.id).status == Status.CANCEL_PENDING


def test_what_a_gateway_tried_in_vain_before_it_died_is_sent_by_hand(desk, working, gateway, by_hand, broker):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    broker.script = [refused("quota exceeded", "429")]
    gateway.send()
    assert Intent.objects.filter(kind="CANCEL", state="READY", not_before__isnull=False).exists()
    assert "the broker: 0 cancels sent" in kill("firm", "--send")  # its second has not passed
    Intent.objects.filter(kind="CANCEL").update(not_before=Now() - timedelta(seconds=1))
    assert "the broker: 1 cancels sent" in kill("firm", "--send")


def test_who_wants_to_sell_what_is_stopped_fully_is_told_that_nothing_leaves(desk):
    assert "no sale leaves" not in kill("symbol:SSI", "--flatten")
    assert "no sale leaves" not in kill("symbol:SSI", "--flatten")
    kill("firm")
    assert "stopped fully before: no sale leaves" in kill("firm", "--flatten")


def test_a_user_is_stopped_by_name_and_others_are_not(desk):
    user = make_user("mallory")
    kill("user:mallory")
    assert [found.scope for found in risk_selectors.kill_switches()] == [f"user:{user.pk}"]
    assert desk.submit().accepted  # a strategy's


@pytest.mark.parametrize(
    "typed",
    [
        "everything",
        "account:none",
        "user:nobody",
        "symbol:",
        "symbol:SS1",
        "user:999999",
        "account:5525cb34-b425-4977-bd96-01e3de82e564",
    ],
)
def test_what_is_no_scope_stops_nothing_and_says_so(desk, typed):
    with pytest.raises(CommandError, match="no scope"):
        kill(typed)
    assert risk_selectors.kill_switches() == []


def test_the_file_stops_what_was_queued_and_outlives_itself(desk, working, gateway, broker, kill_file):
    """No web, no command line: somebody writes a file on the gateway's disk."""
    queued = desk.submit().order_id
    kill_file.write_text("symbol:SSI wrong prices")
    gateway.send()
    assert (desk.order(queued).status, desk.order(queued).reason) == (Status.CANCELLED, "KILL_SWITCH_ENGAGED")
    turn = type("Turn", (), {"epoch": None, "goes_on": lambda _: True})()
    house = _Gateway(desk.connection_id, turn, broker, LogInWatch(desk.connection_id))
    house._circuit.close()
    house._keep_house(MORNING)
    kill_file.unlink()
    assert desk.order(working.id).status == Status.CANCEL_PENDING
    assert desk.submit().accepted is False


def test_a_restart_stays_killed(desk, gateway, broker):
    queued = desk.submit().order_id
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    assert gateway.send() == 1  # a new slice under a new lease: what a restarted worker does
    assert desk.order(queued).status == Status.CANCELLED
    assert desk.submit().accepted is False
    assert broker.calls == []


@pytest.mark.django_db(transaction=True)
def test_the_gateway_hears_of_a_stop_without_the_bus(desk):
    with Doorbell(desk.connection_id) as bell:
        assert bell.wait(0.05) is None
        risk.engage_kill_switch(scope="symbol:HPG", reason="test", actor=STRATEGY, now=MORNING)
        assert bell.wait(5.0) == Ring.KILL_SWITCH


def test_every_scope_stops_the_order_it_covers_before_it_leaves(desk, gateway, broker):
    for scope in ("firm", f"account:{desk.account_id}", "symbol:SSI", "exchange:HOSE"):
        queued = desk.submit().order_id
        risk.engage_kill_switch(scope=scope, reason="test", actor=STRATEGY, now=MORNING)
        gateway.send()
        assert desk.order(queued).status == Status.CANCELLED, scope
        release(scope)
    assert broker.calls == []


def release(scope: str) -> None:
    """As two officers would, without their paper work."""
    apps.get_model("risk", "KillSwitch").objects.filter(scope=scope).delete()


def test_stopping_twice_at_the_web_and_by_hand_cancels_once(desk, working):
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    services.cancel_for_kill_switch(scope="firm", reason="test", now=MORNING)
    kill("firm")
    assert Intent.objects.filter(kind="CANCEL").count() == 1
