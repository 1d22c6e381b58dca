"""A journey's connection under one-time codes: what a person does with the codes that the simulated broker sends."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone

from apps.accounts import services as accounts
from apps.accounts.services import LogInAnswer
from apps.configuration import selectors as configuration
from apps.configuration import services
from apps.configuration.selectors import LogInView
from qts.adapters.ssi.credentials import SecondFactor
from qts.domain.values import Actor, ActorKind
from tests.journeys import Journey

PERSON = Actor(ActorKind.USER, "7")


class Codes:
    """Each request is made a minute after the one before, for nobody waits in a test."""

    _shift: ClassVar = timedelta()

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    @property
    def customer(self) -> dict[str, Any]:
        customers = self._journey.market.ask("sim/credentials")["customers"]
        return next(one for one in customers if self._journey.number in one["accounts"])

    @property
    def customer_id(self) -> str:
        """As the simulator's controls name the customer: what its account numbers begin with."""
        return self._journey.number[:6]

    @property
    def log_in(self) -> LogInView:
        found = configuration.log_in(self._journey.connection_id)
        assert found is not None
        return found

    def use(self, second_factor: SecondFactor) -> None:
        customer = self.customer
        services.store_connection(
            name=customer["name"],
            consumer_id=customer["consumer_id"],
            pin="" if second_factor.needs_person else customer["pin"],
            second_factor=second_factor,
            actor=PERSON,
            now=timezone.now(),
        )

    def request(self) -> str:
        """The code as the SMS says it."""
        Codes._shift += timedelta(seconds=61)
        answer = accounts.request_broker_code(self._journey.connection_id, actor=PERSON, now=self._now())
        assert answer == LogInAnswer()
        return str(self._journey.market.ask("sim/state")["otps"][self.customer_id])

    def enter(self, code: str) -> LogInAnswer:
        return accounts.enter_broker_code(self._journey.connection_id, code, actor=PERSON, now=self._now())

    def log_in_again(self) -> None:
        assert self.enter(self.request()) == LogInAnswer()

    def _now(self) -> datetime:
        return timezone.now() + self._shift


def wrong(code: str) -> str:
    """Another one of as many digits."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
