"""Orders of a connection whose log-in takes a person's one-time code, over the real wire, the gateway in a process of
its own: none is lost, none is doubled, and the code is what lets them go on: the gateway is a patient one.
"""

import time
from collections import Counter
from uuid import UUID

import pytest
from django.utils import timezone

from apps.configuration.services import LogInProblem
from apps.eventlog import selectors as eventlog
from apps.orders.models import Intent
from apps.risk import selectors as risk
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.domain.events import BrokerLogInStarted, OrderSent
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.broker_codes import Codes, wrong
from tests.journeys import Journey, journey
from tests.order_market import wait_for
from tests.order_worker import PATIENT

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


class Desk:
    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.codes = Codes(journey)
        self.floor, _ = journey.band()

    def rest(self) -> UUID:
        return self.journey.submit(Side.BUY, 100, self.floor)

    def waits(self, order_id: UUID) -> None:
        """Tried or not, it has not left, and the operator's page says why."""
        wait_for(lambda: self.trouble == CODE_WANTED, 60, lambda: f"the gateway says {self.trouble!r}")
        time.sleep(1.2)
        order = self.journey.order(order_id)
        assert order.status == Status.PENDING
        assert order.request_id not in self.journey.at_broker()
        assert Intent.objects.get(order_id=order_id).state == Intent.State.READY

    def goes_on(self, order_id: UUID) -> None:
        """The broker has it, once, and only since the log-in."""
        self.journey.wait_status(order_id, Status.OPEN)
        tried = [one.id for one in eventlog.history(topic=OrderSent.topic) if one.body["order_id"] == str(order_id)]
        # the last one was not taken back
        assert tried[0] > eventlog.history(topic=BrokerLogInStarted.topic)[0].id
        request_id = self.journey.order(order_id).request_id
        requests = self.journey.market.ask("sim/ledger")["requests"]
        assert Counter(one["request"]["requestID"] for one in requests)[request_id] == 1

    @property
    def trouble(self) -> object:
        return self.journey.connection("gateway_trouble")


def test_orders_wait_for_a_code_and_go_on_in_its_moment(journey: Journey):
    desk = Desk(journey)
    desk.codes.use(SecondFactor.OTP)
    worker = journey.market.start_worker("gateway", "stream", PATIENT)
    wait_for(lambda: desk.trouble == CODE_WANTED, 60, "no code is wanted")
    assert desk.codes.log_in.wanted_since is not None
    first = desk.rest()
    desk.waits(first)

    code = desk.codes.request()
    assert desk.codes.enter(wrong(code)).problem == LogInProblem.CODE_WRONG
    assert journey.order(first).status == Status.PENDING
    assert desk.codes.enter(code).problem is None
    desk.goes_on(first)
    assert desk.codes.enter(code).problem == LogInProblem.JUST_LOGGED_IN

    journey.market.ask("sim/expire-tokens", {"service": "trading"})  # mid-flight: the broker answers 401
    second = desk.rest()
    desk.waits(second)
    wait_for(risk.holds, 60, "no purchase is held")
    desk.codes.log_in_again()
    desk.goes_on(second)

    worker.kill()  # its successor needs no person
    third = desk.rest()
    worker.start()
    desk.goes_on(third)
    assert desk.codes.log_in.is_wanted(timezone.now()) is False
    assert topics(journey) == ["requested", "refused", "started", "expired", "requested", "started"]

    journey.market.ask("sim/faults", {"token_lifetime_s": 4})
    desk.codes.log_in_again()
    fourth = desk.rest()
    desk.goes_on(fourth)
    wait_for(lambda: desk.codes.log_in.expires_at is None, 60, "the token does not end")
    fifth = desk.rest()
    desk.waits(fifth)
    journey.market.ask("sim/faults", {})
    desk.codes.log_in_again()
    desk.goes_on(fifth)
    ours = {journey.order(order_id).request_id for order_id in (first, second, third, fourth, fifth)}
    assert set(journey.at_broker()) == ours


def test_a_pin_again_and_the_apps_codes(journey: Journey):
    """A changed second factor counts within seconds, in the gateway that runs."""
    desk = Desk(journey)
    journey.market.start_worker("gateway", "stream", PATIENT)
    wait_for(lambda: journey.connection("circuit") == "CLOSED", 60, "the gateway is not ready")
    desk.codes.use(SecondFactor.SMART_OTP)
    wait_for(lambda: desk.trouble == CODE_WANTED, 60, "the old log-in goes on")
    order_id = desk.rest()
    desk.waits(order_id)
    shown = journey.market.ask("sim/smart-otp", {"customer": desk.codes.customer_id})["otp"]
    assert desk.codes.enter(shown).problem is None
    desk.goes_on(order_id)
    desk.codes.use(SecondFactor.PIN)
    journey.market.ask("sim/expire-tokens", {"service": "trading"})
    desk.goes_on(desk.rest())
    assert topics(journey) == ["started"]


def topics(journey: Journey) -> list[str]:
    """Of the log-in's events, oldest first."""
    found = eventlog.history(key=str(journey.connection_id))
    return [event.topic.rpartition(".")[2] for event in reversed(found)]
