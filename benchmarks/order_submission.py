"""`python -m benchmarks.order_submission <orders> <runs>`: what an order costs on servers that begin empty. JSON."""

import json
import sys
import threading
import time
from typing import Any
from uuid import UUID

import django

CASH_VND = 10**15
THREADS_MAX = 8
ACCOUNTS = (1, 8, 32)
HISTORIES = (5_000, 50_000)
# Copies of one order that is over, as a day leaves them behind.
_COPY = """
    INSERT INTO orders_order SELECT (jsonb_populate_record(o, jsonb_build_object(
        'id', gen_random_uuid(), 'client_order_id', 'copy-' || n, 'request_id', '', 'status', 'CANCELLED'))).*
    FROM orders_order o, generate_series(%s::int, %s::int) n WHERE o.id = %s
"""


def main(count: int, runs: int) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    desks = _desks(max(ACCOUNTS))
    _submit_all(desks[:1], 50)
    told = {
        "floor": [_floor(count) for _ in range(runs)],
        "accounts": {number: [_submit_all(desks[:number], count) for _ in range(runs)] for number in ACCOUNTS},
        "histories": _after_histories(desks[0], count, runs),
    }
    print(json.dumps(told))


def _desks(number: int) -> list[UUID]:
    """Accounts with cash, and a market in which SSI is quoted."""
    from uuid import uuid4

    from django.apps import apps
    from django.conf import settings

    from apps.accounts import services as ledger
    from apps.marketdata.selectors import StreamState
    from apps.marketdata.services.live_state import Checkpoint, LiveState
    from apps.orders.tests.conftest import MORNING, at, quote
    from qts.adapters.bus import encode

    apps.get_model("marketdata", "Security").objects.create(
        symbol="SSI", exchange="HOSE", kind="STOCK", lot_size=100, updated_at=at("08:00:00")
    )
    live = LiveState(settings.REDIS_URL)
    live.write([encode(quote(MORNING))], Checkpoint("0:0", 0))
    now_ns = time.time_ns()
    live.report(StreamState.CONNECTED, since_ns=now_ns, reported_ns=now_ns + 10**12, last_frame_ns=now_ns + 10**12)
    found = []
    for each in range(number):
        account_id = ledger.open_account(number=f"09{each:04}1", name="Benchmark", connection_id=uuid4())
        ledger.adopt_balances(account_id=account_id, cash_vnd=CASH_VND, positions=[], now=at("08:00:00"))
        found.append(account_id)
    return found


def _submit(account_id: UUID, name: str) -> float:
    from apps.orders import services
    from apps.orders.tests.conftest import MORNING, STRATEGY, request

    began = time.perf_counter()
    done = services.submit_order(
        account_id=account_id, request=request("BUY 100 SSI @ 24000", name), actor=STRATEGY, now=MORNING
    )
    took_ms = (time.perf_counter() - began) * 1000
    assert done.accepted, done.breaches
    return took_ms


def _submit_all(account_ids: list[UUID], count: int) -> dict[str, Any]:
    """Each thread has accounts of its own."""
    from django.db import connections

    threads_wanted = min(len(account_ids), THREADS_MAX)
    took_ms: list[float] = []
    run = time.monotonic_ns()

    def work(number: int) -> None:
        mine = account_ids[number::threads_wanted]
        for each in range(count // threads_wanted):
            took_ms.append(_submit(mine[each % len(mine)], f"{run}-{number}-{each}"))
        connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(threads_wanted)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    assert len(took_ms) == count // threads_wanted * threads_wanted
    return {"took_ms": took_ms, "seconds": seconds}


def _floor(count: int) -> list[float]:
    from django.db import connection, transaction

    took_ms = []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, body text)")
        for _ in range(count):
            began = time.perf_counter()
            with transaction.atomic():
                for _ in range(2):
                    cursor.execute("INSERT INTO bare (body) VALUES (%s)", ["x" * 400])
            took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms


def _after_histories(account_id: UUID, count: int, runs: int) -> dict[int, list[list[float]]]:
    from django.db import connection

    from apps.orders.models import Order

    pattern = Order.objects.filter(account_id=account_id).values_list("id", flat=True)[0]
    Order.objects.filter(account_id=account_id).update(status="CANCELLED")
    found, there = {}, 0
    for size in HISTORIES:
        with connection.cursor() as cursor:
            cursor.execute(_COPY, [there + 1, size, pattern])
            cursor.execute("ANALYZE orders_order")
        there = size
        found[size] = [_submit_all([account_id], count)["took_ms"] for _ in range(runs)]
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
