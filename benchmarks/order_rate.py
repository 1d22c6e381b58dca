"""Submitting orders inside of a system: `python -m benchmarks.order_rate ACCOUNT_ID[,ACCOUNT_ID...] COUNT`.

With the environment of the running system. The accounts have no gateway, so that nothing but gate, reservation, order
and event is measured. Each order takes turns with the floor: two rows of the same size in one transaction. It prints
JSON: milliseconds of each.
"""

import json
import sys
import time
from uuid import UUID, uuid4

import django

SYMBOL, LOT = "SSI", 100
WARM_UP = 20


def main(account_ids: list[UUID], count: int) -> None:
    django.setup()
    from django.db import connection, transaction

    from apps.marketdata.selectors import live_quotes, market_now
    from apps.orders.services import submit_order
    from qts.domain.orders import OrderRequest
    from qts.domain.values import Actor, ActorKind, OrderType, Side

    actor, price_vnd = Actor(ActorKind.SYSTEM, "benchmark"), live_quotes([SYMBOL])[SYMBOL].reference_vnd

    def submit(account_id: UUID) -> None:
        request = OrderRequest(SYMBOL, Side.BUY, OrderType.LO, LOT, price_vnd, str(uuid4()))
        done = submit_order(account_id=account_id, request=request, actor=actor, now=market_now())
        assert done.accepted, done.breaches

    def bare(_account_id: UUID) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (body) VALUES (%s)", ["x" * 400])
            cursor.execute("INSERT INTO bench_bare (body) VALUES (%s)", ["y" * 400])

    took_ms: dict[str, list[float]] = {"submit": [], "bare": []}
    for number in range(count + WARM_UP):
        for name, act in (("submit", submit), ("bare", bare)):
            began = time.perf_counter()
            act(account_ids[number % len(account_ids)])
            if number >= WARM_UP:
                took_ms[name].append((time.perf_counter() - began) * 1_000)
    print(json.dumps(took_ms))


if __name__ == "__main__":
    main([UUID(each) for each in sys.argv[1].split(",")], int(sys.argv[2]))
