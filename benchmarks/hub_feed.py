"""Frames through the system's intake at a steady pace: `python -m benchmarks.hub_feed MESSAGES_PER_S SYMBOLS`.

With a pace of 0 as fast as it can. The first line of its output says that it has begun; each line of its input is
answered with {"sent"} so far. Best bid, and the volume of a quote, hold the millisecond of sending.
"""

import json
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import django

BATCH = 50
POOL = 20_000  # frames written beforehand
MARKED = re.compile(rb'((?:BidVol1|TotalVol)\\+":)\d+(?:\.0)?')
MARK_MODULUS = 1_000_000_000  # ms: what fits into a volume


def main(rate: int, symbol_count: int) -> None:
    django.setup()
    from apps.marketdata.services.live_state import LiveState
    from apps.marketdata.services.pipeline import IngestPipeline
    from benchmarks import market_messages
    from qts.adapters import bus as event_bus
    from qts.adapters.wal import WalReader, WalWriter
    from qts.domain.values import InstrumentKind

    frames = [MARKED.sub(rb"\1@", frame) for frame in market_messages.frames(POOL, symbol_count)]
    url, sent = os.environ["REDIS_URL"], [0]
    instruments = dict.fromkeys(market_messages.symbols(symbol_count), InstrumentKind.STOCK)
    with tempfile.TemporaryDirectory() as folder, WalWriter(Path(folder)) as wal:
        pipeline = IngestPipeline(
            wal,
            WalReader(Path(folder)),
            event_bus.connect(url),
            LiveState(url),
            instruments=instruments,
            replay_from=str,
        )
        pipeline.catch_up(lambda: True)
        pipeline.subscribed(0)
        threading.Thread(target=_answer, args=(sent,), daemon=True).start()
        print("{}", flush=True)
        began = time.monotonic()
        while True:
            place = sent[0] % POOL
            mark = str(time.time_ns() // 1_000_000 % MARK_MODULUS).encode()
            stamped_ns = time.time_ns()
            pipeline.take([(stamped_ns, frame.replace(b"@", mark)) for frame in frames[place : place + BATCH]])
            sent[0] += BATCH
            if rate:
                time.sleep(max(0.0, began + sent[0] / rate - time.monotonic()))


def _answer(sent: list[int]) -> None:
    for _ in sys.stdin:
        print(json.dumps({"sent": sent[0]}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
