"""Logged first, published once the bus takes it, replayed from the log after whatever happened in between."""

from typing import cast
from uuid import uuid4

import pytest
from django.conf import settings

from apps.marketdata.services.live_state import LiveState
from apps.marketdata.services.pipeline import IngestPipeline
from apps.marketdata.tests.conftest import b_record, frame, ms, quote_record, trade_record
from qts.adapters import bus as event_bus
from qts.adapters.wal import WalReader, WalWriter
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import GapDetected, MessageDeadLettered, OrderBookUpdated, QuoteUpdated, TickReceived
from qts.domain.ports import Bus

pytestmark = pytest.mark.django_db(transaction=True)

NS = 1_700_000_000_000_000_000


class BusThatMayBeAway:
    """The real bus, unless the test has pulled its plug."""

    def __init__(self):
        self._bus = event_bus.connect(settings.EVENT_BUS_URL)
        self.is_away = self.refuses = False

    def publish(self, messages):
        if self.is_away:
            raise TransientError("connection refused")
        if self.refuses:
            raise TerminalError("this server has no scripts")
        self._bus.publish(messages)


class Reader:
    """What a process of the stream reader is, made anew after each kill."""

    def __init__(self, wal_dir, replay_from=""):
        self.recorded_at = replay_from
        self.wal = WalWriter(wal_dir)
        self.bus = BusThatMayBeAway()
        self.pipeline = IngestPipeline(
            self.wal,
            WalReader(wal_dir),
            cast(Bus, self.bus),
            LiveState(settings.REDIS_URL),
            instruments={},
            replay_from=lambda: self.recorded_at,
        )

    def start(self, subscribed="09:00:00"):
        self.pipeline.catch_up(lambda: True)
        self.pipeline.subscribed(ms(subscribed))
        return self

    def take(self, *frames):
        self.pipeline.take([(NS + number, raw) for number, raw in enumerate(frames)])

    def kill(self):
        """The file lock goes with the process; nothing else is tidied up."""
        self.wal.close()


@pytest.fixture
def reader(valkey, wal_dir):
    return Reader(wal_dir).start()


def on_bus(*kinds):
    bus = event_bus.connect(settings.EVENT_BUS_URL)
    topics = [kind.topic for kind in kinds]
    deliveries = bus.consume(topics, group=uuid4().hex, consumer="test", count=10_000, block_ms=0)
    return [event_bus.decode(one.topic, one.body) for one in deliveries]


def test_equal_messages_are_separate_ticks_with_places_of_their_own(reader, wal_dir):
    reader.take(frame(b_record(), b_record()), frame(b_record()))
    ticks = on_bus(TickReceived)
    assert [(tick.price_vnd, tick.quantity) for tick in ticks] == [(25_000, 100)] * 3
    assert len({tick.wal_position for tick in ticks}) == 3
    for tick in ticks:
        assert b'"DataType' in WalReader(wal_dir).read(tick.wal_position).payload.replace(b"\\", b"")


def test_a_broken_message_is_a_dead_letter_and_the_stream_goes_on(reader):
    broken = frame(b_record(price="abc"), b_record(volume=200.0))
    reader.take(b'{"M":[{"M":"Broad', broken, frame(b_record(volume=300.0)))
    assert [tick.quantity for tick in on_bus(TickReceived)] == [200, 300]
    frame_letter, message_letter = on_bus(MessageDeadLettered)
    assert frame_letter.reason.startswith("frame: ")
    assert "abc" in message_letter.raw
    assert "abc" in message_letter.reason


def test_what_the_bus_did_not_take_is_replayed_in_order(reader):
    reader.take(frame(b_record(volume=1.0)))
    reader.bus.is_away = True
    reader.take(frame(b_record(volume=2.0)))
    reader.take(frame(b_record(volume=3.0)))
    assert reader.pipeline.is_behind
    with pytest.raises(TransientError):
        reader.pipeline.catch_up(lambda: True)
    reader.bus.is_away = False
    assert reader.pipeline.catch_up(lambda: True) == 2
    reader.take(frame(b_record(volume=4.0)))
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2, 3, 4]


def test_a_successor_publishes_what_was_logged_and_not_published(reader, wal_dir):
    reader.take(frame(b_record(volume=1.0)))
    reader.bus.is_away = True
    reader.take(frame(b_record(volume=2.0)))
    reader.kill()
    Reader(wal_dir).start(subscribed="10:16:00")
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2]


def test_a_refusal_does_not_let_the_checkpoint_pass_what_was_refused(reader, valkey):
    """Such an error is no reason to try again at once, but what comes next would leave a hole."""
    known = valkey.hgetall("qts:ingest:checkpoint")
    reader.bus.refuses = True
    with pytest.raises(TerminalError):
        reader.take(frame(b_record(volume=1.0)))
    reader.bus.refuses = False
    reader.take(frame(b_record(volume=2.0)))
    assert reader.pipeline.is_behind
    assert valkey.hgetall("qts:ingest:checkpoint") == known
    assert reader.pipeline.catch_up(lambda: True) == 2
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2]


def test_an_emptied_valkey_is_filled_from_the_last_recorded_match(reader, wal_dir, valkey):
    reader.take(frame(b_record(volume=1.0)))
    reader.take(frame(b_record(volume=2.0)))
    _, second = on_bus(TickReceived)
    reader.take(frame(b_record(volume=3.0), trade_record()))
    reader.kill()
    valkey.flushdb()
    Reader(wal_dir, replay_from=second.wal_position).start()
    assert [tick.quantity for tick in on_bus(TickReceived)] == [2, 3]  # the last recorded one may come again
    assert valkey.hget("qts:live:SSI", "quote")


def test_a_valkey_emptied_under_the_living_reader_gets_everything_again(reader, valkey):
    """The state of all symbols, gaps that nobody may have read, and matches after the last one that was recorded."""
    reader.take(frame(b_record(volume=1.0), trade_record(symbol="VNM")))
    [first] = on_bus(TickReceived)
    reader.recorded_at = first.wal_position
    gap = GapDetected(
        symbols="SSI", ts_from_ns=NS, ts_to_ns=NS + 1, cause="VOLUME", reason="matches are missing",
        ts_market_from_ms=ms("10:15:00"), ts_market_to_ms=ms("10:15:01"),
    )  # fmt: skip
    reader.pipeline.mark([gap])
    reader.take(frame(b_record(volume=2.0)))
    valkey.flushdb()
    reader.take(frame(b_record(volume=3.0)))
    assert reader.pipeline.is_behind
    assert valkey.hgetall("qts:ingest:checkpoint") == {}, "what the bus has lost would never be replayed"
    reader.pipeline.catch_up(lambda: True)
    reader.take(frame(b_record(volume=4.0)))
    assert not reader.pipeline.is_behind
    assert [tick.quantity for tick in on_bus(TickReceived)][-4:] == [1, 2, 3, 4]
    assert on_bus(GapDetected) == [gap]
    assert valkey.hget("qts:live:VNM", "quote")


def test_matches_before_the_subscription_are_the_servers_snapshot(valkey, wal_dir):
    reader = Reader(wal_dir).start(subscribed="10:15:00")
    reader.take(
        frame(
            b_record(time="14:45:00", day="20/11/2026", volume=1.0),
            b_record(time="10:14:59", volume=2.0),
            b_record(time="10:15:00", volume=3.0),
            trade_record(time="14:45:00", day="20/11/2026"),
        )
    )
    assert [tick.quantity for tick in on_bus(TickReceived)] == [3]
    assert len(on_bus(QuoteUpdated)) == 1  # a state is as good as the first time: only matches add up


def test_a_snapshot_counts_where_its_own_channels_have_not_spoken_and_makes_no_match(reader, valkey):
    def snapshot(symbol, **changes):
        fields = trade_record(symbol)[1] | quote_record(symbol)[1] | {"RType": "X", "High": 1, "Low": 1}
        return "X", fields | changes

    reader.take(
        frame(trade_record(TotalVol=500.0), quote_record(bids=((24_800, 100),))),
        frame(snapshot("SSI", TotalVol=400.0), snapshot("VNM", TotalVol=700.0)),
    )
    assert [(one.symbol, one.total_quantity) for one in on_bus(QuoteUpdated)] == [("SSI", 500), ("VNM", 700)]
    assert [(one.symbol, one.bids[0][0]) for one in on_bus(OrderBookUpdated)] == [("SSI", 24_800), ("VNM", 24_950)]
    assert on_bus(TickReceived) == []


def test_the_snapshot_is_told_apart_in_a_replay_too(reader, wal_dir):
    reader.take(frame(b_record(time="10:15:00", volume=1.0)))
    reader.bus.is_away = True
    reader.take(frame(b_record(time="10:15:01", volume=2.0)))
    reader.pipeline.subscribed(ms("10:20:00"))  # the connection was lost, and this is the next one's snapshot
    reader.take(frame(b_record(time="10:15:01", volume=2.0)), frame(b_record(time="10:20:01", volume=3.0)))
    reader.kill()
    Reader(wal_dir).start(subscribed="10:30:00")
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2, 3]


def test_replay_stops_when_the_turn_is_over(reader, wal_dir, monkeypatch):
    monkeypatch.setattr("apps.marketdata.services.pipeline.BATCH_FRAMES_MAX", 2)
    reader.bus.is_away = True
    reader.take(*(frame(b_record(volume=float(number))) for number in range(1, 8)))
    reader.kill()
    successor = Reader(wal_dir)
    turns = iter([True, False])
    successor.pipeline.catch_up(lambda: next(turns))
    assert successor.pipeline.is_behind
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2, 3]
    successor.kill()
    Reader(wal_dir).start()
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2, 3, 4, 5, 6, 7]


def flip_byte(path, offset):
    image = bytearray(path.read_bytes())
    image[offset] ^= 1
    path.write_bytes(bytes(image))


def test_what_the_log_cannot_give_back_is_a_gap(reader, wal_dir):
    reader.take(frame(b_record(volume=1.0)))
    reader.bus.is_away = True
    reader.take(frame(b_record(volume=2.0)))
    lost_at = int(reader.wal.position.partition(":")[2])
    reader.pipeline.take([(NS + 7_000, frame(b_record(volume=3.0)))])
    reader.pipeline.take([(NS + 9_000, frame(b_record(volume=4.0)))])
    reader.kill()
    flip_byte(wal_dir / "000000000001.wal", lost_at + 40)
    Reader(wal_dir).start(subscribed="10:16:00")
    assert [tick.quantity for tick in on_bus(TickReceived)] == [1, 2, 4]
    [gap] = on_bus(GapDetected)
    assert (gap.cause, gap.symbols, gap.ts_from_ns, gap.ts_to_ns) == ("LOG", "*", NS, NS + 9_000)
    assert f"damaged from byte {lost_at} to" in gap.reason


def test_what_was_dropped_from_the_log_before_it_was_published_is_a_gap(reader, wal_dir):
    reader.take(frame(b_record(volume=1.0)))
    reader.kill()
    (wal_dir / "000000000001.wal").rename(wal_dir / "000000000003.wal")
    Reader(wal_dir).start(subscribed="10:16:00")
    [gap] = on_bus(GapDetected)
    assert (gap.cause, gap.symbols, gap.ts_to_ns) == ("LOG", "*", NS)
    assert "outside of the segments 3 to 3" in gap.reason
