"""From a tightened limit to the first order that it refuses: `python -m benchmarks.risk_limit_change ACCOUNT_ID COUNT`.

With the environment of the running system, over two connections: one saves, the other asks the gate all the time. It
prints JSON: milliseconds from the start of the save to the end of the first answer that refuses.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from uuid import UUID

import django

SYMBOL, PRICE_VND, LOT = "SSI", 25_000, 100
PATIENCE_S = 10.0


class Asking:
    """Asks the gate about one order of `shares` again and again, in a thread with a connection of its own."""

    def __init__(self, account_id: UUID) -> None:
        self.shares = LOT
        self.refused_at: dict[int, float] = {}
        self.answers = 0
        self._account_id, self._is_over = account_id, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        from django.db import connections

        from apps.marketdata.selectors import market_now, security
        from apps.risk.services import what_would_happen
        from qts.domain.errors import RuleCode
        from qts.domain.orders import OrderIntent, OrderRequest
        from qts.domain.values import Actor, ActorKind, OrderType, Side

        known, actor = security(SYMBOL), Actor(ActorKind.SYSTEM, "benchmark")
        assert known is not None, f"{SYMBOL} is not listed"
        while not self._is_over.is_set():
            shares = self.shares
            request = OrderRequest(SYMBOL, Side.BUY, OrderType.LO, shares, PRICE_VND, "b")
            intent = OrderIntent(request, known.instrument)
            breaches = what_would_happen(self._account_id, intent, market_now(), actor)
            if any(breach.code is RuleCode.ORDER_VALUE_EXCEEDS_MAX for breach in breaches):
                self.refused_at.setdefault(shares, time.perf_counter())
            self.answers += 1
        connections.close_all()


def main(account_id: UUID, count: int) -> None:
    django.setup()
    with Asking(account_id) as asking:
        millis = [_one(asking, account_id, LOT * (count - number)) for number in range(count)]
    print(json.dumps({"millis": millis}))


def _one(asking: Asking, account_id: UUID, shares: int) -> float:
    """The order passes before: each limit is a little tighter than the last one."""
    from apps.marketdata.selectors import market_now
    from apps.risk.services import change_limit
    from qts.domain.errors import RuleCode
    from qts.domain.values import Actor, ActorKind

    asking.shares, answers = shares, asking.answers
    _wait(lambda: asking.answers >= answers + 2)
    assert shares not in asking.refused_at, "it is refused before the change"
    started = time.perf_counter()
    change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=shares * PRICE_VND - 1, scope="account", scope_id=str(account_id),
        reason="benchmark", actor=Actor(ActorKind.SYSTEM, "benchmark"), now=market_now(),
    )  # fmt: skip
    _wait(lambda: shares in asking.refused_at)
    return (asking.refused_at[shares] - started) * 1_000


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("the gate does not see the change")
        time.sleep(0.0005)


if __name__ == "__main__":
    main(UUID(sys.argv[1]), int(sys.argv[2]))
