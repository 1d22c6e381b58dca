"""From a stop to silence: `python -m benchmarks.risk_kill ACCOUNT_ID COUNT`, with the running system's environment.

A person orders faster than the broker takes orders, so that there is always one to send; then the account is stopped.
It prints JSON: milliseconds from the start of the stop to the last byte of a new order that left after it (0 where none
did), and until every working order was cancelled or asked for back.
"""

import json
import sys
import threading
import time
from uuid import UUID, uuid4

import django

SYMBOL, LOT = "SSI", 100
ORDERS_S, SILENCE_S, CLEARED_S_MAX = 0.6, 0.6, 15.0


class _Person:
    """Orders without a pause until somebody says enough; a stop is answered by refusals."""

    def __init__(self, account_id: UUID) -> None:
        self._account_id, self._is_over = account_id, threading.Event()
        self._thread = threading.Thread(target=self._trade)

    def __enter__(self) -> "_Person":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _trade(self) -> None:
        from django.db import connections

        from apps.marketdata.selectors import live_quotes, market_now
        from apps.orders.services import submit_order
        from qts.domain.orders import OrderRequest
        from qts.domain.values import Actor, ActorKind, OrderType, Side

        actor, floor_vnd = Actor(ActorKind.SYSTEM, "benchmark"), live_quotes([SYMBOL])[SYMBOL].floor_vnd
        while not self._is_over.is_set():
            request = OrderRequest(SYMBOL, Side.BUY, OrderType.LO, LOT, floor_vnd, str(uuid4()))
            submit_order(account_id=self._account_id, request=request, actor=actor, now=market_now())
        connections.close_all()


def main(account_id: UUID, count: int) -> None:
    django.setup()
    trials = [_trial(account_id) for _ in range(count)]
    silent, cleared, sent = zip(*trials, strict=True)
    print(json.dumps({"silent": silent, "cleared": cleared, "sent before": sent}))


def _trial(account_id: UUID) -> tuple[float, float, float]:
    from django.db.models import Max

    from apps.marketdata.selectors import market_now
    from apps.orders.models import Intent
    from apps.risk.services import engage_kill_switch
    from qts.domain.values import Actor, ActorKind

    news = Intent.objects.filter(order__account_id=account_id, kind=Intent.Kind.PLACE)
    began_ns = time.time_ns()
    with _Person(account_id):
        time.sleep(ORDERS_S)
        stopped_ns = time.time_ns()
        engage_kill_switch(
            scope=f"account:{account_id}", reason="trial", actor=Actor(ActorKind.SYSTEM, "benchmark"), now=market_now()
        )
        cleared_ms = _cleared_ms(account_id, stopped_ns)
        time.sleep(SILENCE_S)
    after = news.filter(transmitted_ns__gt=stopped_ns).aggregate(last_ns=Max("transmitted_ns"))
    sent = news.filter(transmitted_ns__gt=began_ns, transmitted_ns__lte=stopped_ns).count()
    silent_ms = (after["last_ns"] - stopped_ns) / 1e6 if after["last_ns"] else 0.0
    _release(f"account:{account_id}")
    return silent_ms, cleared_ms, sent


def _cleared_ms(account_id: UUID, stopped_ns: int) -> float:
    from apps.orders import selectors as orders

    while left := [one for one in orders.orders([account_id], open_only=True) if not one.cancel_wanted]:
        assert time.time_ns() - stopped_ns < CLEARED_S_MAX * 1e9, f"{len(left)} orders were not asked for back"
        time.sleep(0.02)
    return (time.time_ns() - stopped_ns) / 1e6


def _release(scope: str) -> None:
    from django.contrib.auth import get_user_model

    from apps.marketdata.selectors import market_now
    from apps.risk.selectors import proposal
    from apps.risk.services import approve, propose_release
    from benchmarks.arrangement import OFFICERS
    from qts.domain.values import Actor, ActorKind

    asks, agrees = (Actor(ActorKind.USER, str(get_user_model().objects.get(username=name).pk)) for name in OFFICERS)
    made = propose_release(scope=scope, reason="trial", actor=asks, now=market_now())
    shown = proposal(made)
    assert shown is not None
    approve(made, seen_hash=shown.content_hash, reason="trial", actor=agrees, now=market_now())


if __name__ == "__main__":
    main(UUID(sys.argv[1]), int(sys.argv[2]))
