"""Floods inside of a running system: `python -m benchmarks.flooding ACCOUNT`, with the system's environment.

For each line of its input, two numbers, a new strategy begins, so many matches of one second are published, it answers
each with so many orders, and a line of JSON tells what became of it. Each flood has a symbol of its own, or the next
strategy would act upon the last one's matches. What floods is written out beforehand: only the system's own work is in
the measured time.
"""

import json
import sys
import time
from typing import Any

import django

EMPLOYED_S = 3.0  # the signals worker looks each second, and its process has to start
WATCHED_S = 2.5  # from the first match on: how long others are looked at


def main(number: str) -> None:
    django.setup()
    from apps.accounts import selectors as accounts
    from apps.marketdata.selectors import live_quotes, securities

    account_id = accounts.account_id_of(number)
    quotes = live_quotes([security.symbol for security in securities()])
    symbols = sorted((symbol for symbol in quotes if quotes[symbol].floor_vnd), key=lambda one: quotes[one].floor_vnd)
    print("ready", flush=True)
    for count, line in enumerate(sys.stdin):
        print(json.dumps(flood(account_id, symbols[count], count, *map(int, line.split()))), flush=True)


def flood(account_id: Any, symbol: str, count: int, matches: int, each: int) -> dict[str, float]:
    """`disabled_s` from the first match on the bus, by this process (the whole watch for a strategy that nobody
    stops); `from_s` and `until_s` of the wall clock."""
    from django.conf import settings

    from apps.marketdata.selectors import live_quotes, market_now
    from apps.orders import selectors as orders
    from apps.strategies import selectors, services
    from qts.adapters.redis_client import redis_client
    from qts.domain.values import Actor, ActorKind

    price_vnd = live_quotes([symbol])[symbol].floor_vnd  # the market's own matches are above it
    strategy_id = services.create_strategy(
        name=f"Flood {count}", class_key="tests.flooding_strategy:Flood", account_id=account_id, symbols=[symbol],
        parameters={"only_at_vnd": price_vnd, "each": each},
    )  # fmt: skip
    benchmark = Actor(ActorKind.SYSTEM, "benchmark")
    services.start_strategy(strategy_id, actor=benchmark, now=market_now())
    time.sleep(EMPLOYED_S)
    bus = redis_client(settings.EVENT_BUS_URL).connection_pool.get_connection()
    commands = bus.pack_commands(_publications(symbol, price_vnd, count, matches))
    began, from_s = time.monotonic(), time.time()
    bus.send_packed_command(commands)
    while time.monotonic() - began < WATCHED_S and (found := selectors.strategy(strategy_id)) and found.is_running:
        time.sleep(0.02)
    disabled_s = time.monotonic() - began
    for _ in range(matches):
        bus.read_response()
    bus.disconnect()
    time.sleep(max(0.0, WATCHED_S - (time.monotonic() - began)))
    until_s = time.time()
    services.stop_strategy(strategy_id, actor=benchmark, now=market_now())
    left = orders.orders([account_id], strategy_id=str(strategy_id))
    return {"disabled_s": disabled_s, "orders": len(left), "from_s": from_s, "until_s": until_s}


def _publications(symbol: str, price_vnd: int, count: int, matches: int) -> Any:
    from apps.marketdata.selectors import market_now
    from qts.adapters.bus import encode
    from qts.adapters.bus.redis_streams import stream_key
    from qts.domain.events import TickReceived

    first_ns, now_ms = time.time_ns(), round(market_now().timestamp() * 1000)
    for number in range(matches):
        message = encode(
            TickReceived(
                symbol=symbol, price_vnd=price_vnd, quantity=100, ts_exchange_ms=now_ms,
                ts_received_ns=first_ns + number * 1_000_000_000 // matches, wal_position=f"0:{count}{number:05}",
            )
        )  # fmt: skip
        yield "XADD", stream_key(message.topic), "*", "k", message.key, "b", message.body


if __name__ == "__main__":
    main(*sys.argv[1:])
