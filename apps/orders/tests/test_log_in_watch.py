"""What the gateway sees of a log-in that a person's code opens: its absence, its end, and that its end comes near."""

import time
from datetime import datetime, timedelta
from typing import cast

import pytest
from django.utils import timezone

from apps.accounts import services as ledger
from apps.configuration import selectors as configuration
from apps.configuration import services
from apps.eventlog import selectors as eventlog
from apps.orders.models import GatewayState
from apps.orders.services.gateway import _Circuit, _Gateway
from apps.orders.services.holding import PATIENCE, release_held_orders
from apps.orders.services.log_in_watch import LogInWatch
from apps.orders.services.stream_watch import VenueWatch
from apps.orders.services.wakeup import Doorbell, Ring
from apps.orders.tests.conftest import DAY, MORNING, STRATEGY, at
from apps.orders.tests.test_holding import submit as submit_at_lunch
from apps.risk import selectors as risk
from apps.risk.selectors.losses import alerts
from qts.adapters.lease import Slice
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED, CodeWanted, KeptToken
from qts.adapters.ssi.trading import TradingClient
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def codes(desk, settings):
    """The desk's account at a connection with one-time codes; the market's clock runs as fast as ours."""
    connection_id = services.store_connection(
        name="090135", consumer_id="id-1", consumer_secret="s", private_key="k", second_factor=SecondFactor.OTP,
        actor=STRATEGY, now=MORNING,
    )  # fmt: skip
    ledger.open_account(number="0901351", name="Test", connection_id=connection_id)
    desk.connection_id = connection_id
    set_clock(settings, "10:15:00")
    return connection_id


def set_clock(settings, text: str, day: str = DAY, speed: float = 1) -> None:
    settings.MARKET_CLOCK = f"affine:{day},{text},16:00:00,{time.time():.3f},{speed}"


def keep(connection_id, minutes: float) -> datetime:
    now = timezone.now()
    ends_at = now + timedelta(minutes=minutes)
    token = KeptToken("a.b.c", ends_at.timestamp())
    services.keep_token(connection_id, token, ends_at, actor=STRATEGY, now=now)
    return ends_at


def told(connection_id) -> list[str]:
    found = eventlog.history(key=str(connection_id))
    return [event.topic.rpartition(".")[2] for event in reversed(found)]


def test_a_missing_log_in_is_noted_once_with_its_moment(codes):
    watch = LogInWatch(codes)
    assert watch.step() is True
    since = configuration.log_in(codes).wanted_since
    assert since is not None
    assert watch.step() is True
    assert configuration.log_in(codes).wanted_since == since


def test_a_log_in_that_ends_is_noted_once(codes):
    watch = LogInWatch(codes)
    keep(codes, -0.01)
    assert [watch.step(), watch.step()] == [True, True]
    assert told(codes) == ["started", "expired"]


def test_its_end_within_the_trading_day_is_told_half_an_hour_ahead_once(codes, desk):
    watch = LogInWatch(codes)
    keep(codes, 31)
    assert watch.step() is False
    assert (told(codes), alerts([desk.account_id], at("10:00:00").date())) == (["started"], [])
    keep(codes, 29.5)
    assert [watch.step(), watch.step()] == [False, False]
    assert told(codes) == ["started", "started", "expiring"]
    (alert,) = alerts([desk.account_id], at("10:00:00").date())
    assert (alert.code, alert.actual) == ("BROKER_LOG_IN_ENDS", 29)


@pytest.mark.parametrize(
    ("clock", "is_told"),
    [
        (("08:20:00", DAY, 1), True),  # before the open: trading would begin without it
        (("14:29:00", DAY, 1), True),
        (("14:31:00", DAY, 1), False),  # at 15:01
        (("10:15:00", DAY, 10), False),  # 300 market minutes later
    ],
)
def test_an_end_that_stops_no_trading_is_not_told(codes, settings, clock, is_told):
    set_clock(settings, *clock)
    keep(codes, 30)
    LogInWatch(codes).step()
    assert ("expiring" in told(codes)) is is_told


def test_a_pin_needs_no_watch(codes, desk):
    services.store_connection(
        name="090135", consumer_id="id-1", pin="135790", actor=STRATEGY, now=MORNING + timedelta(seconds=1)
    )
    assert LogInWatch(codes).step() is False
    assert configuration.log_in(codes).is_wanted(timezone.now()) is False


def test_changed_credentials_are_noticed(codes):
    watch = LogInWatch(codes)
    watch.look()
    assert (watch.is_outdated, watch.is_active) == (False, True)
    changed = {"name": "090135", "consumer_id": "id-1", "second_factor": SecondFactor.OTP, "actor": STRATEGY}
    services.store_connection(consumer_secret="new", now=MORNING + timedelta(seconds=1), **changed)
    watch.look()
    assert (watch.is_outdated, watch.is_active) == (True, True)
    services.store_connection(is_active=False, now=MORNING + timedelta(seconds=2), **changed)
    watch.look()
    assert (watch.is_outdated, watch.is_active) == (True, False)


def test_a_log_in_rings_its_own_gateway(codes):
    other = services.store_connection(
        name="118441", consumer_id="id-2", consumer_secret="s", private_key="k", second_factor=SecondFactor.OTP,
        actor=STRATEGY, now=MORNING,
    )  # fmt: skip
    with Doorbell(codes) as bell:
        keep(other, 60)
        assert bell.wait(0.2) is None
        began = time.monotonic()
        keep(codes, 60)
        assert bell.wait(5.0) == Ring.LOG_IN
        assert time.monotonic() - began < 4.0


def test_a_ring_ends_the_circuits_rest(codes):
    GatewayState.objects.create(connection_id=codes)
    circuit = _Circuit(codes)
    for _ in range(5):
        circuit.fail(CODE_WANTED)
    assert circuit.wants_a_trial is False
    assert GatewayState.objects.get().trouble == CODE_WANTED
    circuit.try_at_once()
    assert circuit.wants_a_trial is True


class Turn:
    epoch = 5

    def goes_on(self) -> bool:
        return True


def test_the_gateway_stops_when_the_log_in_ends_and_goes_on_with_the_next_one(codes, desk, broker):
    """Before an order has found out; and where the ring was lost, with its next look."""
    GatewayState.objects.create(connection_id=codes)
    keep(codes, 60)
    gateway = _Gateway(codes, cast(Slice, Turn()), cast(TradingClient, broker), LogInWatch(codes))

    def look() -> tuple[str, str]:
        gateway.answer(Ring.LOG_IN)
        gateway.step(MORNING)
        state = GatewayState.objects.get()
        return state.circuit, state.trouble

    assert look() == ("CLOSED", "")
    keep(codes, -0.01)
    broker.is_down = CodeWanted()
    desk.submit()
    assert [look() for _ in range(4)] == [("OPEN", CODE_WANTED)] * 4
    assert [what for what, _ in broker.calls] == ["forget"]
    keep(codes, 60)
    broker.is_down = None
    assert look() == ("CLOSED", "")
    assert [what for what, _ in broker.calls] == ["forget", "forget", "new"]


def test_the_hold_says_what_is_wanted(codes, desk, monkeypatch):
    GatewayState.objects.create(connection_id=codes, circuit="OPEN", trouble=CODE_WANTED)
    monkeypatch.setattr("apps.orders.services.stream_watch.UNCERTAIN_S_MAX", 0.0)
    assert VenueWatch(codes).step(MORNING) is True
    assert [hold.reason for hold in risk.holds()] == [CODE_WANTED]
    assert not desk.submit().accepted
    assert desk.submit("SELL 300 SSI @ 25050").accepted  # it waits for the code, as cancels do


def test_an_order_that_is_held_waits_for_the_code_as_long_as_patience_lasts(codes, desk):
    """As sent now it would wait among the intents and be over in a minute."""
    held = submit_at_lunch(desk)
    assert held.accepted
    assert desk.intents() == []
    opens = desk.order(held.order_id).release_at
    assert release_held_orders(codes, opens + timedelta(seconds=60), can_leave=False) == 0
    assert desk.order(held.order_id).status == Status.PENDING
    assert release_held_orders(codes, opens + PATIENCE, can_leave=False) == 0
    assert (desk.order(held.order_id).status, desk.order(held.order_id).reason) == (
        Status.CANCELLED, "NOT_SENT_IN_TIME",
    )  # fmt: skip
