"""A match's way over Kafka: from the frame through the log to the broker, and from there into the tick table."""

import pytest

from apps.marketdata.models import Tick
from apps.marketdata.selectors import market_today
from apps.marketdata.services.live_state import LiveState
from apps.marketdata.services.pipeline import IngestPipeline
from apps.marketdata.services.recorder import NAME, TOPICS, run_recorder_slice
from apps.marketdata.tests.conftest import b_record, frame, ms
from qts.adapters import bus as event_bus
from qts.adapters.tests.kafka_broker import TansuBroker
from qts.adapters.wal import WalReader, WalWriter

pytestmark = pytest.mark.django_db(transaction=True)

NS = 1_700_000_000_000_000_000


@pytest.fixture
def kafka(settings):
    broker = TansuBroker()
    broker.start()
    settings.EVENT_BUS_URL = f"{broker.url}?partitions=3"
    yield broker
    broker.stop()


def test_it_is_ready_while_the_broker_answers(kafka, client):
    assert client.get("/readyz").json()["checks"]["bus"] == "ok"
    kafka.stop()
    assert client.get("/readyz").json()["checks"]["bus"] == "down: TransientError"


@pytest.fixture
def pipeline(valkey, wal_dir, settings, kafka):
    wal = WalWriter(wal_dir)
    yield IngestPipeline(
        wal,
        WalReader(wal_dir),
        event_bus.connect(settings.EVENT_BUS_URL),
        LiveState(settings.REDIS_URL),
        instruments={},
        replay_from=lambda: "",
    )
    wal.close()


def matches(first, last):
    """Frames of two matches each; the quantity tells them apart, and every third symbol is another."""
    day = f"{market_today():%d/%m/%Y}"
    return [
        frame(
            b_record(f"S{number % 3}", volume=float(number), day=day, time="09:15:00"),
            b_record(f"S{number % 3}", volume=float(number), day=day, time="09:15:00"),
        )
        for number in range(first, last)
    ]


def test_each_match_is_stored_once_also_when_a_recorder_died_over_it(pipeline, settings):
    pipeline.catch_up(lambda: True)
    pipeline.subscribed(ms("09:00:00", f"{market_today()}"))
    pipeline.take([(NS + number, raw) for number, raw in enumerate(matches(1, 41))])
    dead = event_bus.connect(settings.EVENT_BUS_URL)
    taken = dead.consume(TOPICS, group=NAME, consumer=NAME, count=20, block_ms=5_000)
    assert len(taken) > 0

    run_recorder_slice(seconds_max=2)
    pipeline.take([(NS + number, raw) for number, raw in enumerate(matches(41, 51), start=100)])
    run_recorder_slice(seconds_max=2)

    stored = sorted(Tick.objects.values_list("symbol", "quantity"))
    assert stored == sorted((f"S{number % 3}", number) for number in range(1, 51) for _ in range(2))
    for symbol in ("S0", "S1", "S2"):
        arrived = Tick.objects.filter(symbol=symbol).order_by("wal_segment", "wal_offset", "wal_part")
        quantities = list(arrived.values_list("quantity", flat=True))
        assert quantities == sorted(quantities), "in order within a symbol"
    left = event_bus.connect(settings.EVENT_BUS_URL)
    assert left.consume(TOPICS, group=NAME, consumer=NAME, count=20, block_ms=500) == []
