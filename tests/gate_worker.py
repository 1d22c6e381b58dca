"""Orders from many threads of one process: `python -m tests.gate_worker THREADS`.

Each line of its input names an account; all threads then order at once, and a line of JSON says what became of each.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import django


def main(threads: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    django.setup()
    start = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        print("ready", flush=True)
        for line in sys.stdin:
            account_id = UUID(line.strip())
            told = list(pool.map(lambda _, account_id=account_id: _order(account_id, start), range(threads)))
            print(json.dumps(told), flush=True)


def _order(account_id: UUID, start: threading.Barrier) -> list[str]:
    """The codes that refused it; none when it passed. The thread keeps its connection for the next round."""
    from apps.marketdata.selectors import market_now
    from apps.orders.services import submit_order
    from qts.domain.orders import OrderRequest
    from qts.domain.values import Actor, ActorKind, OrderType, Side

    start.wait()
    done = submit_order(
        account_id=account_id,
        request=OrderRequest("SSI", Side.BUY, OrderType.LO, 100, 25_000, str(uuid4())),
        actor=Actor(ActorKind.SYSTEM, "test"),
        now=market_now(),
    )
    return [str(breach.code) for breach in done.breaches]


if __name__ == "__main__":
    main(int(sys.argv[1]))
