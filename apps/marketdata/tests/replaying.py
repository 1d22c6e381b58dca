"""A recorded day in the log and in the tables, and the time machine that plays it."""

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from django.conf import settings

from apps.marketdata.services.live_state import LiveState
from apps.marketdata.services.partitions import ensure_tick_partitions
from apps.marketdata.services.pipeline import IngestPipeline
from apps.marketdata.services.tick_store import store_ticks
from qts.adapters import bus as event_bus
from qts.adapters.redis_client import redis_client
from qts.adapters.time_machine.__main__ import child_environment
from qts.adapters.time_machine.names import ROOT
from qts.adapters.time_machine.tests.recording import a_day
from qts.adapters.wal import WalReader, WalWriter
from qts.domain.events import TickReceived

DAY = date(2026, 11, 20)
PROJECT = Path(__file__).resolve().parents[3]
WAIT_S = 40


def record_day(folder, *, seconds=300):
    """Received, logged and published as the live intake does it, the matches stored; returns what it published."""
    published = []

    class Witness:
        def __init__(self):
            self._bus = event_bus.connect(settings.EVENT_BUS_URL)

        def publish(self, messages):
            published.extend(messages)
            self._bus.publish(messages)

    with WalWriter(folder / "wal", segment_bytes_max=256 * 1024, flush_to_disk=False) as wal:
        pipeline = IngestPipeline(
            wal, WalReader(folder / "wal"), Witness(), LiveState(settings.REDIS_URL), instruments={}, replay_from=str
        )
        pipeline.catch_up(lambda: True)
        pipeline.subscribed(0)
        frames = a_day(seconds=seconds)
        for first in range(0, len(frames), 20):
            pipeline.take(frames[first : first + 20])
    ensure_tick_partitions({DAY})
    ticks = [event_bus.decode(one.topic, one.body) for one in published if one.topic == TickReceived.topic]
    store_ticks([tick for tick in ticks if isinstance(tick, TickReceived)])
    return published


def start_machine(folder):
    environment = child_environment(os.environ) | {"QTS_DATA_DIR": str(folder), "REDIS_URL": settings.REDIS_URL}
    process = subprocess.Popen(
        [sys.executable, "-m", "qts.adapters.time_machine"], cwd=PROJECT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout.readline() == b"the time machine is ready\n"
    return process


def stop_machine(process):
    process.terminate()
    process.wait(10)
    process.stdout.close()


def forget_replays():
    client = redis_client(settings.REDIS_URL)
    for pattern in (f"{ROOT}*", "qts:lease:replay:*"):
        for key in list(client.scan_iter(pattern, count=1_000)):
            client.delete(key)


def wait_for(look, reason="it does not come"):
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(reason)
