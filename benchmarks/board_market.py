"""A market of 1,600 symbols for one web process: `python -m benchmarks.board_market RATE`, in its environment.

Fills an empty, migrated database, prints the session of a trader, and for each number of seconds on its input sends so
many messages a second, spread over all symbols: quotes and books in turn, into the live state and onto the bus, as the
stream reader does. What is sent is encoded beforehand; it prints how many went out a second.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import django

SYMBOLS = 1_600
ROUNDS = 8  # of quote and book of every symbol, before it begins again
BEAT_S = 0.05
REPORT_S = 0.5
SECTORS = ("Ngân hàng", "Bất động sản", "Thép", "Bán lẻ", "Chứng khoán", "Dầu khí")


def main(rate: str) -> None:
    django.setup()
    from django.conf import settings

    from apps.marketdata.services.live_state import Checkpoint, LiveState
    from qts.adapters.bus import connect

    listings = list_market()
    rounds = [encoded(listings, number) for number in range(ROUNDS)]
    live, bus = LiveState(settings.REDIS_URL), connect(settings.EVENT_BUS_URL)
    live.write(rounds[0], Checkpoint("1:0", 0))
    threading.Thread(target=keep_connected, args=[settings.REDIS_URL], daemon=True).start()
    print(json.dumps({"session": trader_session()}), flush=True)
    messages = cycle([message for one in rounds for message in one])
    for line in sys.stdin:
        began, count = time.monotonic(), 0
        while (passed := time.monotonic() - began) < float(line):
            due = list(islice(messages, max(0, int(passed * int(rate)) - count)))
            live.write(due, Checkpoint("1:0", 0))
            bus.publish(due)
            count += len(due)
            time.sleep(max(0.0, BEAT_S - (time.monotonic() - began - passed)))
        print(json.dumps({"per_s": count / (time.monotonic() - began)}), flush=True)


def keep_connected(redis_url: str) -> None:
    """What the page is told of the stream: it is there the whole time, with messages and without."""
    from apps.marketdata.selectors import StreamState
    from apps.marketdata.services.live_state import LiveState

    live, since_ns = LiveState(redis_url), time.time_ns()
    while True:
        now_ns = time.time_ns()
        live.report(StreamState.CONNECTED, since_ns=since_ns, reported_ns=now_ns, last_frame_ns=now_ns)
        time.sleep(REPORT_S)


def list_market() -> Sequence[Any]:
    from django.apps import apps
    from django.utils import timezone

    from apps.marketdata.selectors import market_today
    from simulator.listings_all import all_listings

    listings = all_listings()[:SYMBOLS]
    security, sector = apps.get_model("marketdata", "Security"), apps.get_model("risk", "SecuritySector")
    security.objects.bulk_create(
        security(
            symbol=one.symbol, exchange=one.instrument.exchange, kind=one.instrument.kind, name_vi=one.name_vi,
            name_en=one.name_en, listed_quantity=one.listed_shares, told_on=market_today(), updated_at=timezone.now(),
        )
        for one in listings
    )  # fmt: skip
    sector.objects.bulk_create(
        sector(symbol=one.symbol, sector=SECTORS[number % len(SECTORS)]) for number, one in enumerate(listings)
    )
    return listings


def encoded(listings: Sequence[Any], number: int) -> list[Any]:
    from qts.adapters.bus import encode

    return [encode(event) for event in events(listings, number)]


def events(listings: Sequence[Any], number: int) -> Iterator[Any]:
    """A quote and a book of each symbol, in a mixed order; every one differs from that of the round before."""
    from apps.marketdata.selectors import market_now
    from qts.domain.events import OrderBookUpdated, QuoteUpdated
    from qts.domain.market import built_in_history, tick_size_vnd

    rng, rules = random.Random(number), built_in_history().newest
    for one in rng.sample(listings, len(listings)):
        exchange, kind, reference = one.instrument.exchange, one.instrument.kind, one.reference_vnd
        tick = tick_size_vnd(rules, exchange, kind, reference)
        ceiling, floor = reference + 7 * tick, max(tick, reference - 7 * tick)
        last = min(ceiling, max(floor, reference + tick * rng.randint(-9, 9)))
        stamp: dict[str, Any] = {
            "session": "CONTINUOUS",
            "ts_exchange_ms": round(market_now().timestamp() * 1_000),
            "ts_received_ns": time.time_ns(),
            "wal_position": f"1:{number}",
        }
        total = (number + 1) * rng.randrange(1_000, 900_000, 100)
        yield QuoteUpdated(
            symbol=one.symbol, reference_vnd=reference, ceiling_vnd=ceiling, floor_vnd=floor,
            last_vnd=last, last_quantity=rng.randrange(100, 9_000, 100), total_quantity=total,
            total_value_vnd=total * last, high_vnd=max(last, reference), low_vnd=min(last, reference),
            average_vnd=(last + reference) // 2, estimated_match_vnd=0, aggressor="BUY", status="N", **stamp,
        )  # fmt: skip
        yield OrderBookUpdated(
            symbol=one.symbol,
            bids=tuple((last - level * tick, rng.randrange(100, 90_000, 100)) for level in range(3)),
            asks=tuple((last + (level + 1) * tick, rng.randrange(100, 90_000, 100)) for level in range(3)),
            **stamp,
        )


def trader_session() -> str:
    from apps.sso.selectors import Role
    from apps.sso.tests.sessions import make_user, verified_client

    return str(verified_client(make_user("trader", Role.TRADER)).cookies["sessionid"].value)


if __name__ == "__main__":
    main(*sys.argv[1:])
