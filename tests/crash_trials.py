"""One crash after the other against one simulated broker, and whether its ledger and our rows agree after each."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from apps.orders.models import Discrepancy, ForeignOrder, Intent, Order
from apps.orders.services.gate_tokens import allow_amended
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.journeys import Journey
from tests.order_market import ROOT

QUANTITY, AMENDED_QUANTITY = 100, 200
UNREACHED_S_MAX = 30.0
UNSETTLED_S_MAX = 40.0
CALLS = {"place": "neworder", "cancel": "cancelorder", "amend": "modifyorder"}
TO_DO = ("READY", "CLAIMED", "UNKNOWN")
CHANGING = {Status.CANCEL_PENDING, Status.AMEND_PENDING}
# What the broker's own words mean as a state of ours.
THE_SAME = {
    "QU": Status.OPEN, "PF": Status.PARTIALLY_FILLED, "FF": Status.FILLED, "CL": Status.CANCELLED,
    "FFPC": Status.CANCELLED, "RJ": Status.REJECTED, "EX": Status.EXPIRED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """`act` is what the user wants; `faults` of the broker hold until the death, `slices` are who works then."""

    point: str
    act: str = "place"
    faults: Mapping[str, Any] = field(default_factory=dict)
    slices: tuple[str, ...] = ("gateway", "stream")
    fills: bool = False
    account_number: str = ""  # another one, which the broker refuses at once
    over_quota: bool = False

    def __str__(self) -> str:
        return f"{self.act} {self.point}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`recovered_s` is from the death until both books said the same of every order, the one placed just after the
    death among them. `proved_absent`: what died with it was not at the broker, and its book had to say so for long."""

    trial: Trial
    recovered_s: float
    trouble: str = ""
    proved_absent: bool = False


class Forks:
    """The process of `tests.crash_worker`."""

    def __init__(self, environment: Mapping[str, str], log_file: Path, pace: str) -> None:
        self._pace = pace
        self._log_file = log_file
        self._alive: set[int] = set()
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash_worker"],
                cwd=ROOT, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in list(self._alive):  # they have the pipes of their parent
            self.kill(pid)
        self._process.kill()
        self._process.communicate()

    def start(self, act: str, *, crash_at: str = "", **job: Any) -> int:
        told = self._ask({"act": act, "crash_at": crash_at, "pace": self._pace, **job})
        self._alive.add(int(told["pid"]))
        return int(told["pid"])

    def wait(self, pid: int, seconds: float) -> int:
        """Its exit status; it is killed when it takes longer, and then TimeoutError is raised."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if is_over(pid):
                return self._reap(pid)
            time.sleep(0.02)
        self.kill(pid)
        raise TimeoutError(f"it lives after {seconds} s\n{self.log()}")

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self._reap(pid)

    def _reap(self, pid: int) -> int:
        self._alive.discard(pid)
        return int(self._ask({"wait": pid})["status"])

    def log(self) -> str:
        return self._log_file.read_text()[-3_000:]

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        return answer


def is_over(pid: int) -> bool:
    """A zombie: dead, and its parent has not asked yet."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")


class Trials:
    workers: tuple[str, ...] = ("gateway", "stream")

    def __init__(self, journey: Journey, forks: Forks, *, deduplicates: bool) -> None:
        self._journey, self._forks = journey, forks
        self._standing = {} if deduplicates else {"takes_repeats": True}
        self._floor, self._ceiling = journey.band()

    def run(self, trials: list[Trial]) -> list[Outcome]:
        """The orders that are to be cancelled or amended are in the book before the first crash."""
        self._set_faults({})
        for trial in trials:
            if trial.act in {"cancel", "amend"}:
                self._submit(trial)
        worker = self._work(self.workers)
        self._wait(lambda: not self._unsettled(), "what is to be changed does not get into the book")
        self._forks.kill(worker)
        return [self._run(trial) for trial in trials]

    def _run(self, trial: Trial) -> Outcome:
        self._set_faults(trial.faults)
        try:
            self._die(trial)
        except TimeoutError as error:
            return self._told(Outcome(trial, 0.0, f"was not reached: {error}"))
        finally:
            self._set_faults({})
        died_at = time.monotonic()
        worker = self._work(self.workers)
        self._journey.submit(Side.BUY, QUANTITY, self._floor)
        try:
            self._wait(lambda: not self._unsettled(), f"{trial}: {self._unsettled()}")
        except AssertionError as error:
            return self._told(Outcome(trial, 0.0, f"{error} {self._unsettled()}"))
        finally:
            recovered_s = time.monotonic() - died_at
            self._forks.kill(worker)
        return self._told(Outcome(trial, recovered_s, self._trouble(trial), self._is_proved_absent(trial)))

    def _told(self, outcome: Outcome) -> Outcome:
        told = f"{outcome.recovered_s:.2f} s{', proved absent' if outcome.proved_absent else ''}"
        print(f"{outcome.trial}: {outcome.trouble or told}", flush=True)
        return outcome

    def _die(self, trial: Trial) -> None:
        """The user's wish, and the death of whoever has come as far as the crash point with it."""
        if trial.point.startswith(("submit.", "cancel.", "amend.")):
            self._wish(trial, crash_at=trial.point)
            self._wish(trial)  # nobody answered, so it is asked again under the same name
            return
        self._wish(trial)
        if trial.account_number:
            Intent.objects.filter(state="READY").update(account_number=trial.account_number)
            for order in Order.objects.filter(intents__state="READY"):
                allow_amended(order)  # or the signer would refuse it first
        if trial.over_quota:
            self._limit(f"*:*/{CALLS[trial.act]}")
        pid = self._work(trial.slices, crash_at=trial.point)
        status = self._forks.wait(pid, UNREACHED_S_MAX)
        assert status == -signal.SIGKILL, f"{trial} ended with {status}\n{self._forks.log()}"
        if trial.account_number:  # or nobody could ask for the order book in which it is not
            Intent.objects.filter(account_number=trial.account_number).update(account_number=self._journey.number)

    def _wish(self, trial: Trial, *, crash_at: str = "") -> None:
        if trial.act == "place":
            self._submit(trial, crash_at=crash_at)
            return
        order_id = str(self._order(trial).id)
        pid = self._forks.start(trial.act, crash_at=crash_at, order_id=order_id, quantity=AMENDED_QUANTITY)
        self._expect(pid, crash_at)

    def _submit(self, trial: Trial, *, crash_at: str = "") -> None:
        pid = self._forks.start(
            "submit", crash_at=crash_at, account_id=str(self._journey.account_id), side="BUY", quantity=QUANTITY,
            price_vnd=self._ceiling if trial.fills else self._floor, name=str(trial),
        )  # fmt: skip
        self._expect(pid, crash_at)

    def _expect(self, pid: int, crash_at: str) -> None:
        status = self._forks.wait(pid, UNREACHED_S_MAX)
        assert status == (-signal.SIGKILL if crash_at else 0), f"{crash_at or 'it'} ended with {status}"

    def _work(self, slices: tuple[str, ...], crash_at: str = "") -> int:
        return self._forks.start(
            "work", crash_at=crash_at, connection_id=str(self._journey.connection_id), slices=slices
        )

    def _set_faults(self, faults: Mapping[str, Any]) -> None:
        self._journey.market.ask("sim/faults", {**self._standing, **faults})
        self._limit("")

    def _limit(self, endpoint: str) -> None:
        none_of = [{"endpoint": endpoint, "period": "1h", "limit": 0}] if endpoint else []
        limits = [{"endpoint": "*", "period": "1s", "limit": 1_000}, *none_of]
        self._journey.market.ask("sim/quota", {"service": "trading", "limits": limits})

    def _order(self, trial: Trial) -> Order:
        return Order.objects.get(account_id=self._journey.account_id, client_order_id=str(trial))

    def _unsettled(self) -> str:
        """Something that is not at its end yet; "" when all is quiet and both books say the same."""
        waiting = Intent.objects.filter(state__in=TO_DO).values_list("kind", "state", "answer").first()
        if waiting:
            return f"{waiting} waits"
        theirs = self._journey.at_broker()
        for order in Order.objects.all():
            if differs := _difference(order, theirs.get(order.request_id)):
                return f"{order.client_order_id}: {differs}"
        return ""

    def _is_proved_absent(self, trial: Trial) -> bool:
        lost = self._order(trial).intents.filter(state="NOT_RECEIVED")
        return lost.exclude(kind="CANCEL").exists()  # a cancel is asked for again, and both are known soon

    def _trouble(self, trial: Trial) -> str:
        """Both books are alike already; what must not have happened on the way."""
        order, found = self._order(trial), self._oddities()
        if trial.act == "cancel" and order.status != Status.CANCELLED:
            found.append(f"to be cancelled, and is {order.status}")
        told = set(order.intents.filter(kind="AMEND").values_list("state", flat=True))
        if trial.act == "amend" and (told == {"CONFIRMED"}) != (order.quantity == AMENDED_QUANTITY):
            found.append(f"the amendment is {told}, the order is of {order.quantity}")
        if trial.fills and order.status != Status.FILLED:
            found.append(f"at the ceiling, and is {order.status}")
        return "; ".join(found)

    def _oddities(self) -> list[str]:
        """What no trial may leave behind, whatever it is about."""
        requests = self._journey.market.ask("sim/ledger")["requests"]
        asked = Counter(one["request"]["requestID"] for one in requests)
        more = {request_id: times for request_id, times in asked.items() if times > 1}
        odd = [*ForeignOrder.objects.all(), *Discrepancy.objects.filter(resolved_at__isnull=True)]
        return [f"sent more than once: {more}"] * bool(more) + [f"{row!r}" for row in odd]

    def _wait(self, is_so: Any, reason: str) -> None:
        until = time.monotonic() + UNSETTLED_S_MAX
        while not is_so():
            assert time.monotonic() < until, reason
            time.sleep(0.05)


def _difference(order: Order, theirs: Mapping[str, Any] | None) -> str:
    if order.cancel_wanted:
        return "still to be cancelled"
    if theirs is None:
        known_lost = order.status == Status.REJECTED or (order.status == Status.CANCELLED and order.sent_at is None)
        return "" if known_lost else f"{order.status} here, unknown there"
    if order.status in CHANGING or THE_SAME.get(theirs["status"]) != order.status:
        return f"{order.status} here, {theirs['status']} there"
    ours = (order.filled_quantity, order.filled_value_vnd, order.quantity, order.price_vnd)
    other = tuple(theirs[name] for name in ("filled_quantity", "filled_value_vnd", "quantity", "price_vnd"))
    return "" if ours == other else f"{ours} here, {other} there"
