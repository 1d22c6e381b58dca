"""How long the gate's snapshot takes inside of a system: `python -m benchmarks.risk_snapshot ACCOUNT_ID COUNT`.

With the environment of the running system. It prints JSON: milliseconds of each, on the wall and of this process's own
processor time, with the seeded limits and with every limit in force; in a transaction that is rolled back.
"""

import json
import sys
import time
from typing import Any
from uuid import UUID

import django

SYMBOL = "SSI"
WIDE = 10**15


def main(account_id: UUID, count: int) -> None:
    django.setup()
    from django.db import transaction

    millis = _measure("seeded limits", account_id, count)
    with transaction.atomic():
        _set_every_limit(account_id)
        millis |= _measure("every limit in force", account_id, count)
        transaction.set_rollback(True)
    print(json.dumps(millis))


def _measure(name: str, account_id: UUID, count: int) -> dict[str, list[float]]:
    from django.db import transaction

    from apps.marketdata.selectors import market_now, security
    from apps.risk.services import snapshot_of
    from qts.domain.orders import OrderIntent, OrderRequest
    from qts.domain.values import Actor, ActorKind, OrderType, Side

    known = security(SYMBOL)
    assert known is not None, f"{SYMBOL} is not listed"
    intent = OrderIntent(OrderRequest(SYMBOL, Side.BUY, OrderType.LO, 100, 25_000, "b"), known.instrument, "strategy")
    actor = Actor(ActorKind.SYSTEM, "benchmark")
    wall: list[float] = []
    own: list[float] = []
    with transaction.atomic():
        for _ in range(count):
            started, began = time.perf_counter(), time.process_time()
            snapshot_of(account_id, intent, market_now(), actor)
            own.append((time.process_time() - began) * 1_000)
            wall.append((time.perf_counter() - started) * 1_000)
    return {name: wall, f"{name}, processor time": own}


def _set_every_limit(account_id: UUID) -> None:
    from apps.marketdata.selectors import market_now
    from apps.risk.services import change_limit
    from qts.domain.risk import LIMIT_CODES, RULES, Binds
    from qts.domain.values import Actor, ActorKind

    for code in LIMIT_CODES:
        if RULES[code].binds is Binds.WIDEST or RULES[code].grants:
            continue  # opening takes a second officer, and neither needs a fact
        given: dict[str, Any] = {"code": code, "limit": 0 if RULES[code].binds is Binds.FLOOR else WIDE}
        change_limit(
            **given, scope="account", scope_id=str(account_id), reason="benchmark",
            actor=Actor(ActorKind.SYSTEM, "benchmark"), now=market_now(),
        )  # fmt: skip


if __name__ == "__main__":
    main(UUID(sys.argv[1]), int(sys.argv[2]))
