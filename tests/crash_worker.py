"""Processes that die where they are told: each job is a fork of this one, which has all imported and no connection.

`python -m tests.crash_worker` reads a job a line as JSON, {"act", "crash_at", "pace", ...}, and answers {"pid"};
{"wait": pid} is answered with its exit {"status"}.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import django

# The trials of a crash do not wait for the terms of the real system, only for the same steps in the same order.
QUICK: Final = {
    "apps.orders.services.turns.LEASE_TTL_S": 1.5,
    "apps.orders.services.turns._STANDBY_POLL_S": 0.05,
    "apps.orders.services.sending.CLAIM_AGE_S_MAX": 1.0,
    "apps.orders.services.resolution.CLAIM_OVER_S": 1.2,
    "apps.orders.services.resolution.ABSENT_S_MIN": 1.0,
    "apps.orders.services.resolution.CANCEL_ABSENT_S_MIN": 0.5,
    "apps.orders.services.resolution.ASK_EVERY_S": 0.1,
    "apps.orders.services.gateway.HOUSEKEEPING_EVERY_S": 0.1,
    "apps.orders.services.gateway.IDLE_S_MAX": 0.1,
    "apps.orders.services.order_stream.READ_S": 0.05,
    "apps.orders.services.reconciliation.COMPARE_EVERY_S": 0.5,
}
SLICE_S: Final = 60.0
BEAT_S: Final = 0.2


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    django.setup()
    from apps.orders import services  # noqa: F401 (the forks have it)

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what jobs print is no answer
    for line in sys.stdin:
        order = json.loads(line)
        told = _wait(order["wait"]) if "wait" in order else {"pid": _fork(order)}
        print(json.dumps(told), file=answers, flush=True)


def _wait(pid: int) -> dict[str, int]:
    return {"status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _run(job)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _run(job: dict[str, Any]) -> None:
    from qts.observability.crash_points import arm

    if job["pace"] == "quick":
        _quicken()
    arm(job["crash_at"])
    {"submit": _submit, "cancel": _cancel, "amend": _amend, "work": _work}[job["act"]](job)


def _quicken() -> None:
    for path, value in QUICK.items():
        module, _, name = path.rpartition(".")
        getattr(sys.modules[module], name)  # raises where it is gone
        setattr(sys.modules[module], name, value)


def _submit(job: dict[str, Any]) -> None:
    from apps.marketdata.selectors import market_now
    from apps.orders import services
    from qts.domain.orders import OrderRequest
    from qts.domain.values import Actor, ActorKind, OrderType, Side

    request = OrderRequest("SSI", Side(job["side"]), OrderType.LO, job["quantity"], job["price_vnd"], job["name"])
    done = services.submit_order(
        account_id=UUID(job["account_id"]), request=request, actor=Actor(ActorKind.STRATEGY, "7"), now=market_now()
    )
    assert done.accepted, done.breaches


def _cancel(job: dict[str, Any]) -> None:
    from apps.marketdata.selectors import market_now
    from apps.orders import services
    from qts.domain.values import Actor, ActorKind

    services.request_cancel(order_id=UUID(job["order_id"]), actor=Actor(ActorKind.STRATEGY, "7"), now=market_now())


def _amend(job: dict[str, Any]) -> None:
    from apps.marketdata.selectors import market_now
    from apps.orders import services
    from qts.domain.values import Actor, ActorKind

    done = services.request_amend(
        order_id=UUID(job["order_id"]), quantity=job["quantity"], actor=Actor(ActorKind.STRATEGY, "7"), now=market_now()
    )
    assert done.accepted, done.breaches


def _work(job: dict[str, Any]) -> None:
    """The slices named, again and again, until it is killed."""
    from apps.orders.services import gateway, order_stream
    from qts.celery import show_our_life

    show_our_life()
    runs = {"gateway": gateway.run_gateway_slice, "stream": order_stream.run_order_stream_slice, "plans": _watch_plans}
    threads = [
        threading.Thread(target=_again, args=(runs[name], UUID(job["connection_id"])), daemon=True)
        for name in job["slices"]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _watch_plans(_connection_id: UUID, *, seconds_max: float, standby_s: float) -> bool:
    """Beat's part is the loop around it."""
    from apps.orders.services import plan_loop

    plan_loop.run_plan_slice(seconds_max=seconds_max)
    time.sleep(min(standby_s, BEAT_S))
    return True


def _again(run: Callable[..., bool], connection_id: UUID) -> None:
    from django.db import connections

    from qts.domain.errors import TransientError

    while True:
        try:
            run(connection_id, seconds_max=SLICE_S, standby_s=SLICE_S)
        except TransientError as error:
            print(f"a slice ended: {error}", file=sys.stderr)
        finally:
            connections.close_all()


if __name__ == "__main__":
    main()
