"""How many stream messages a second the simulator makes: `python -m benchmarks.market_load`.

The whole way from market time to what stands in a frame: agents, matching, the market's state, the records, their JSON.
Sockets and the journal of customers' orders are not part of it. Beside it, in the same run, the same records are only
encoded, which is the least that the work could cost.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from qts.domain.market import VIETNAM
from simulator.listings import vn30_listings
from simulator.listings_all import all_listings
from simulator.market_feed import Message
from simulator.trading_days import vietnam_calendar
from simulator.wire.market_records import CHANNEL_TYPES, broadcast_argument
from simulator.world import Plan, World

_BUSIEST: Final = datetime(2026, 11, 23, 14, 22, tzinfo=VIETNAM)
_BEAT: Final = timedelta(milliseconds=50)
_CHANNELS: Final = CHANNEL_TYPES - {"X"}  # X repeats X-QUOTE and X-TRADE together: nobody takes all three
_REPEATS: Final = 3
_UNIVERSES: Final = {30: vn30_listings, 1600: all_listings}


def measure(count: int, activity: float, seconds: int) -> str:
    """One line of the table. The figure is the best of the repeats: the others had the machine less to themselves."""
    plan = Plan(1, 1.0, None, tuple(_UNIVERSES[count]()), with_futures=count > 30, activity=activity)
    with tempfile.TemporaryDirectory() as folder:
        world = World(plan, vietnam_calendar(), Path(folder))
        try:
            world.feed.wanted = _CHANNELS
            moment = _BUSIEST
            world.start(moment)
            world.settle_up()
            best_s, messages = _best_stretch(world, moment, seconds)
        finally:
            world.close()
    encoding_s = _encoding_s(messages)
    rate, per_core_s = len(messages) / seconds, len(messages) / best_s
    return (
        f"{count:5} symbols  {rate:6.0f} messages a second  {best_s / seconds:5.1%} of a core  "
        f"{per_core_s:8,.0f} messages a core-second  {encoding_s / best_s:5.1%} of it is the bare encoding"
    )


def _best_stretch(world: World, moment: datetime, seconds: int) -> tuple[float, list[Message]]:
    best: tuple[float, list[Message]] | None = None
    for _ in range(_REPEATS):
        told: list[Message] = []
        began_s = time.process_time()
        for _ in range(seconds * 20):
            moment += _BEAT
            world.advance(moment)
            told += world.settle_up().messages
        cost_s = time.process_time() - began_s
        if best is None or cost_s / len(told) < best[0] / len(best[1]):
            best = (cost_s, told)
    if best is None:
        raise ValueError("nothing was measured")
    return best


def _encoding_s(messages: list[Message]) -> float:
    records: list[tuple[str, dict[str, Any]]] = [
        (message.data_type, json.loads(json.loads(json.loads(message.argument))["Content"])) for message in messages
    ]
    costs = []
    for _ in range(_REPEATS):
        began_s = time.process_time()
        for data_type, record in records:
            broadcast_argument(data_type, record)
        costs.append(time.process_time() - began_s)
    return min(costs)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market_load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of market time in one stretch")
    parser.add_argument("--activity", type=float, default=70.0, help="of the agents, for the 1,600 symbols")
    given = parser.parse_args(arguments)
    print(measure(30, 10.0, given.seconds))
    print(measure(1600, given.activity, given.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
