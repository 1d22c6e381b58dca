"""Each way in which the simulated broker can be made to misbehave towards orders, one after the other in one morning.

After each fault the order is where it belongs, the broker was asked for it once, and nothing is held that is over.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import pytest

from apps.configuration.services import LogInProblem
from apps.marketdata import selectors as marketdata
from apps.orders import services
from apps.orders.models import Discrepancy, Intent
from apps.orders.services import order_stream, reconciliation, resolution
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.domain.orders import Status
from qts.domain.values import Side
from simulator.server.faults import Faults
from tests.broker_codes import Codes, wrong
from tests.journeys import STRATEGY, Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
SECONDS_MAX = 60.0


class Bench:
    """One desk at a broker that misbehaves."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.floor, self.ceiling = journey.band()

    def ask(self, path: str, body: dict[str, Any]) -> None:
        self.journey.market.ask(f"sim/{path}", body)

    def rest(self) -> UUID:
        return self.journey.submit(Side.BUY, 100, self.floor)

    def take(self) -> UUID:
        return self.journey.submit(Side.BUY, 100, self.ceiling)

    def wait(self, order_id: UUID, *statuses: Status) -> None:
        self.journey.wait_status(order_id, *statuses, seconds=SECONDS_MAX)

    def reaches(self, order_id: UUID, status: Status = Status.OPEN) -> None:
        self.wait(order_id, status)
        request_id = self.journey.order(order_id).request_id
        requests = self.journey.market.ask("sim/ledger")["requests"]
        assert Counter(one["request"]["requestID"] for one in requests)[request_id] == 1
        assert request_id in self.journey.at_broker()

    def stays_pending(self, order_id: UUID) -> None:
        wait_for(
            lambda: Intent.objects.get(order_id=order_id).answer or self.circuit == "OPEN", 20, "nothing was tried"
        )
        time.sleep(0.3)
        assert self.journey.order(order_id).status == Status.PENDING
        assert self.journey.order(order_id).request_id not in self.journey.at_broker()

    def heals(self) -> None:
        self.ask("faults", {})
        self.ask("quota", {"service": "trading", "limits": QUOTA})
        wait_for(lambda: self.circuit == "CLOSED", SECONDS_MAX, "the circuit stays open")

    @contextmanager
    def one_time_codes(self) -> Iterator[Codes]:
        """The connection takes codes, and then its PIN again."""
        codes = Codes(self.journey)
        codes.use(SecondFactor.OTP)
        wait_for(lambda: self.journey.connection("gateway_trouble") == CODE_WANTED, 60, "no code is wanted")
        try:
            yield codes
        finally:
            codes.use(SecondFactor.PIN)

    @property
    def circuit(self) -> object:
        return self.journey.connection("circuit")


QUOTA: Final = [{"endpoint": "*", "period": "1s", "limit": 50}, {"endpoint": "*", "period": "5s", "limit": 200}]
NO_NEW_ORDERS: Final = [*QUOTA, {"endpoint": "*:*/neworder", "period": "1h", "limit": 0}]


def quota_exceeded(bench: Bench) -> None:
    bench.ask("quota", {"service": "trading", "limits": NO_NEW_ORDERS})
    order_id = bench.rest()
    bench.stays_pending(order_id)
    bench.heals()
    bench.reaches(order_id)


def quota_as_text(bench: Bench) -> None:
    bench.ask("faults", {"quota_exceeded": True, "quota_as_text": True})
    order_id = bench.rest()
    bench.stays_pending(order_id)
    bench.heals()
    bench.reaches(order_id)


def expired_tokens(bench: Bench) -> None:
    bench.ask("expire-tokens", {"service": "trading"})
    bench.reaches(bench.rest())


def token_lifetime_s(bench: Bench) -> None:
    bench.ask("faults", {"token_lifetime_s": 2})
    bench.ask("expire-tokens", {"service": "trading"})
    for _ in range(2):
        bench.reaches(bench.rest())
        time.sleep(1.2)


def second_login(bench: Bench) -> None:
    bench.ask("second-login", {"customer": "090135"})
    bench.reaches(bench.rest())
    wait_for(lambda: bench.journey.connection("stream_state") == "CONNECTED", SECONDS_MAX, "no stream")


def single_session(bench: Bench) -> None:
    """Our own log-ins of one kind must not end each other for good."""
    bench.ask("faults", {"single_session": True})
    bench.ask("expire-tokens", {"service": "trading"})
    bench.reaches(bench.rest())


def wrong_second_factor(bench: Bench) -> None:
    bench.ask("faults", {"wrong_second_factor": True})
    bench.ask("expire-tokens", {"service": "trading"})
    order_id = bench.rest()
    bench.stays_pending(order_id)
    bench.heals()
    bench.reaches(order_id)


def wrong_otp(bench: Bench) -> None:
    """A connection that wants codes, and one that is wrong."""
    with bench.one_time_codes() as codes:
        order_id = bench.rest()
        code = codes.request()
        assert codes.enter(wrong(code)).problem == LogInProblem.CODE_WRONG
        bench.stays_pending(order_id)
        assert codes.enter(code).problem is None
        bench.reaches(order_id)


def otp_validity_s(bench: Bench) -> None:
    """A code that comes late: the broker says no more than that it is wrong."""
    with bench.one_time_codes() as codes:
        order_id = bench.rest()
        bench.ask("faults", {"otp_validity_s": 1})
        code = codes.request()
        time.sleep(1.1)
        assert codes.enter(code).problem == LogInProblem.CODE_WRONG
        bench.stays_pending(order_id)
        bench.ask("faults", {})
        codes.log_in_again()
        bench.reaches(order_id)


def key_expired(bench: Bench) -> None:
    bench.ask("faults", {"key_expired": True})
    bench.ask("expire-tokens", {"service": "trading"})
    order_id = bench.rest()
    bench.stays_pending(order_id)
    bench.heals()
    bench.reaches(order_id)


def refuse_trading(bench: Bench) -> None:
    bench.ask("faults", {"refuse_trading": True})
    order_id = bench.rest()
    bench.wait(order_id, Status.UNKNOWN)
    bench.heals()
    bench.wait(order_id, Status.REJECTED)
    assert bench.journey.order(order_id).request_id not in bench.journey.at_broker()


def close_trading(bench: Bench) -> None:
    bench.ask("faults", {"close_trading": True})
    order_id = bench.rest()
    bench.wait(order_id, Status.UNKNOWN)
    bench.heals()
    bench.wait(order_id, Status.REJECTED)


def lost_requests(bench: Bench) -> None:
    bench.ask("faults", {"lost_requests": 1})
    order_id = bench.rest()
    bench.wait(order_id, Status.REJECTED)
    assert bench.journey.order(order_id).reason.startswith("NOT_RECEIVED_BY_BROKER")


def lost_answers(bench: Bench) -> None:
    bench.ask("faults", {"lost_answers": 1})
    bench.reaches(bench.rest())


def lost_change_requests(bench: Bench) -> None:
    order_id = bench.rest()
    bench.reaches(order_id)
    bench.ask("faults", {"lost_change_requests": 1})
    services.request_cancel(order_id=order_id, actor=STRATEGY, now=marketdata.market_now())
    bench.wait(order_id, Status.CANCELLED)
    assert bench.journey.at_broker()[bench.journey.order(order_id).request_id]["status"] == "CL"


def lost_change_answers(bench: Bench) -> None:
    order_id = bench.rest()
    bench.reaches(order_id)
    bench.ask("faults", {"lost_change_answers": 1})
    services.request_cancel(order_id=order_id, actor=STRATEGY, now=marketdata.market_now())
    bench.wait(order_id, Status.CANCELLED)


def takes_repeats(bench: Bench) -> None:
    bench.ask("faults", {"takes_repeats": True, "lost_answers": 1})
    bench.reaches(bench.rest())


def answer_delay_ms(bench: Bench) -> None:
    bench.ask("faults", {"answer_delay_ms": 300})
    bench.reaches(bench.rest())


def new_order_delay_ms(bench: Bench) -> None:
    """Longer than we wait: unknown, and found without being sent again."""
    bench.ask("faults", {"new_order_delay_ms": 6_000})
    order_id = bench.rest()
    bench.reaches(order_id)


def orders_silence(bench: Bench) -> None:
    bench.ask("faults", {"orders_silence": True})
    bench.reaches(bench.rest())


def streams_max(bench: Bench) -> None:
    bench.ask("faults", {"streams_max": 1, "drop_order_streams": True})
    bench.reaches(bench.rest())


def dropped_streams(bench: Bench) -> None:
    bench.ask("faults", {"drop_order_streams": True})
    bench.reaches(bench.take(), Status.FILLED)


def half_open_socket(bench: Bench) -> None:
    bench.ask("sockets", {"stream": "orders", "act": "half_open"})
    bench.reaches(bench.rest())


def reset_socket(bench: Bench) -> None:
    bench.ask("sockets", {"stream": "orders", "act": "reset"})
    bench.reaches(bench.take(), Status.FILLED)


def gap(bench: Bench) -> None:
    bench.ask("disturb", {"stream": "orders", "act": "drop", "count": 4})
    bench.reaches(bench.take(), Status.FILLED)


def duplicate(bench: Bench) -> None:
    bench.ask("disturb", {"stream": "orders", "act": "duplicate", "count": 6})
    bench.reaches(bench.take(), Status.FILLED)


def reorder(bench: Bench) -> None:
    bench.ask("disturb", {"stream": "orders", "act": "reorder", "count": 3})
    bench.reaches(bench.take(), Status.FILLED)


def delay(bench: Bench) -> None:
    bench.ask("disturb", {"stream": "orders", "act": "delay", "delay_ms": 700, "kinds": ["orderMatchEvent"]})
    bench.reaches(bench.take(), Status.FILLED)


def locked_account(bench: Bench) -> None:
    bench.ask("account", {"account": "0901351", "is_locked": True})
    order_id = bench.rest()
    bench.wait(order_id, Status.REJECTED)
    assert "ORD026" in bench.journey.order(order_id).reason
    bench.ask("account", {"account": "0901351", "is_locked": False})


def malformed(bench: Bench) -> None:
    """Kept for a person, each once; the stream goes on."""
    for form in ("frame", "array", "object_argument", "content", "unknown_type", "short_error", "long_error"):
        bench.ask("malformed", {"stream": "orders", "form": form})
    bench.reaches(bench.rest())
    wait_for(lambda: Discrepancy.objects.filter(kind="UNREADABLE").count() >= 3, 60, "nothing was kept")
    Discrepancy.objects.filter(kind="UNREADABLE").update(resolved_at=marketdata.market_now())


FAULTS: Final[dict[str, Callable[[Bench], None]]] = {
    fault.__name__: fault
    for fault in (
        quota_exceeded, quota_as_text, expired_tokens, token_lifetime_s, second_login, single_session,
        wrong_second_factor, wrong_otp, otp_validity_s, key_expired, refuse_trading, close_trading, lost_requests,
        lost_answers, lost_change_requests, lost_change_answers, takes_repeats, answer_delay_ms, new_order_delay_ms,
        orders_silence, streams_max, dropped_streams, half_open_socket, reset_socket, gap, duplicate, reorder, delay,
        locked_account, malformed,
    )
}  # fmt: skip
# Of the market's data, not of orders.
OF_THE_MARKET: Final = {"silence", "adds_channels", "range_days_max", "snapshot", "snapshot_ticks"}


def test_every_fault_of_the_simulator_is_tried():
    assert set(Faults.__struct_fields__) - OF_THE_MARKET <= set(FAULTS)


def test_orders_survive_every_fault(journey: Journey, monkeypatch, subtests):
    monkeypatch.setattr(resolution, "ABSENT_S_MIN", 1.5)
    monkeypatch.setattr(reconciliation, "COMPARE_EVERY_S", 1.0)
    monkeypatch.setattr(order_stream, "RETRY_S_MAX", 1.0)
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    bench = Bench(journey)
    wait_for(lambda: bench.circuit == "CLOSED", SECONDS_MAX, "the gateway is not ready")
    for name, fault in FAULTS.items():
        with subtests.test(name):
            began = time.monotonic()
            fault(bench)
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
        bench.heals()
    services.cancel_scope(account_id=journey.account_id, reason="done", actor=STRATEGY, now=marketdata.market_now())
    wait_for(lambda: journey.open_orders() == [], SECONDS_MAX, lambda: f"{journey.open_orders()}")
    journey.assert_books_agree()
    assert not Discrepancy.objects.filter(resolved_at__isnull=True).exists()
