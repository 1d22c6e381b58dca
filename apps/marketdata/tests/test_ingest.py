"""The follower of the stream: what it calls lost when a connection ends, and when somebody else's did."""

import time
from typing import Any, cast

import pytest
from django.conf import settings as django_settings

from apps.marketdata.selectors import StreamState
from apps.marketdata.services import ingest
from apps.marketdata.services.ingest import Hold, StreamFollower
from apps.marketdata.services.live_state import LiveState
from apps.marketdata.tests.conftest import b_record, frame, ms, trade_record
from apps.marketdata.tests.test_pipeline import Reader, on_bus
from qts.adapters.ssi.signalr import ReceivedFrame, StreamClosed
from qts.domain.events import GapDetected, TickReceived

pytestmark = pytest.mark.django_db(transaction=True)
NS = 10**9
DEAD_S = 120


class Exchange:
    """Connections that say what they are given, one batch at a time, and then end; the turn ends with the last one."""

    def __init__(self, *connections):
        self._connections = list(connections)

    def connect(self, *_):
        return Connection(self._connections.pop(0))

    def goes_on(self):
        return bool(self._connections)


class Connection:
    def __init__(self, batches):
        self.last_frame_ns, self.invoked_ns = 0, time.time_ns()
        self._batches = [list(batch) for batch in batches]

    def frames(self, _timeout_s):
        if not self._batches:
            raise StreamClosed("the server closed")
        batch = self._batches.pop(0)
        if batch and isinstance(batch[0], float):
            time.sleep(batch.pop(0))
        frames = [ReceivedFrame(time.time_ns(), raw) for raw in batch]
        self.last_frame_ns = frames[-1].received_ns
        return frames

    def close(self):
        pass


def follow(monkeypatch, reader, *connections, silent_times=0):
    exchange = Exchange(*connections, [])
    monkeypatch.setattr(ingest, "connect_market_stream", exchange.connect)
    live = LiveState(django_settings.REDIS_URL)
    follower = StreamFollower(cast(Hold, exchange), cast(Any, None), reader.pipeline, live)
    follower._silent_times = silent_times
    follower.run()


def states_of(monkeypatch):
    became: list[StreamState] = []
    become = StreamFollower._become
    monkeypatch.setattr(
        StreamFollower, "_become", lambda self, state, *why: (became.append(state), become(self, state, *why))
    )
    return became


OPENED = b'{"C":"d-0","S":1,"M":[]}'
ANSWER = b'{"I":"0"}'


def market_begins(settings, text, *, seconds_ago):
    """At the speed of the wall clock, and at that time of day so many seconds ago."""
    settings.MARKET_CLOCK = f"affine:2026-11-23,{text},15:00:00,{time.time() - seconds_ago:.3f},1"


def test_the_second_in_which_a_connection_ends_is_the_gaps(valkey, wal_dir, settings, monkeypatch):
    """The server tells the last match of it again to whoever connects, and nothing tells that one from a new one."""
    market_begins(settings, "10:15:00", seconds_ago=-60)  # it stands: both connections are of one second
    first, later = b_record(volume=100.0, time="10:15:00"), b_record(volume=300.0, time="10:15:01")
    follow(monkeypatch, Reader(wal_dir), [[frame(first)]], [[frame(first)], [frame(later)]])
    assert [tick.quantity for tick in on_bus(TickReceived)] == [100, 300]
    gaps = on_bus(GapDetected)
    *_, gap = [one for one in gaps if one.ts_from_ns == gaps[0].ts_from_ns]  # it grows until it is over
    assert gap.cause == "RECONNECT"
    assert (gap.ts_market_from_ms, gap.ts_market_to_ms) == (ms("10:15:00"), ms("10:15:01"))


def test_a_dead_reader_is_a_gap_from_the_last_moment_it_knew(valkey, wal_dir, settings, monkeypatch):
    market_begins(settings, "10:00:00", seconds_ago=600)
    dead_ns = time.time_ns() - DEAD_S * NS
    LiveState(settings.REDIS_URL).report(
        StreamState.CONNECTED, since_ns=1, reported_ns=dead_ns, last_frame_ns=dead_ns, market_ms=ms("10:07:57")
    )
    follow(monkeypatch, Reader(wal_dir), [[frame(b_record(time="10:10:01"))]])
    gap = on_bus(GapDetected)[0]
    assert (gap.cause, gap.symbols, gap.ts_from_ns) == ("RECONNECT", "*", dead_ns)
    assert gap.ts_market_from_ms == ms("10:07:57")
    assert ms("10:10:00") <= gap.ts_market_to_ms < ms("10:10:30")


@pytest.mark.parametrize("named", [0, ms("09:00:00"), ms("11:00:00")])
def test_what_was_named_long_before_or_not_yet_says_nothing_about_a_gap(valkey, wal_dir, settings, monkeypatch, named):
    """At most a minute late is what a stream that is listened to brings."""
    market_begins(settings, "10:00:00", seconds_ago=600)
    dead_ns = time.time_ns() - DEAD_S * NS
    LiveState(settings.REDIS_URL).report(
        StreamState.CONNECTED, since_ns=1, reported_ns=dead_ns, last_frame_ns=dead_ns, market_ms=named
    )
    follow(monkeypatch, Reader(wal_dir), [[frame(b_record(time="10:10:01"))]])
    begins = ms("10:08:00") if named == ms("11:00:00") else ms("10:07:00")
    assert begins <= on_bus(GapDetected)[0].ts_market_from_ms < begins + 5_000


def test_an_emptied_valkey_does_not_hide_that_nobody_listened(valkey, wal_dir, settings, monkeypatch):
    market_begins(settings, "10:00:00", seconds_ago=600)
    heard_ns = time.time_ns() - DEAD_S * NS
    reader = Reader(wal_dir).start(subscribed="10:00:00")
    reader.pipeline.take([(heard_ns, frame(b_record(time="10:07:59")))])
    reader.kill()
    valkey.flushdb()
    follow(monkeypatch, Reader(wal_dir), [[frame(b_record(time="10:10:01"))]])
    gap = on_bus(GapDetected)[0]
    assert (gap.cause, gap.ts_from_ns) == ("RECONNECT", heard_ns)
    assert gap.ts_market_from_ms == ms("10:07:59")


def test_a_snapshot_does_not_bring_a_silent_stream_to_life(valkey, wal_dir, settings, monkeypatch):
    """It is told to whoever subscribes, also where nothing else comes; what the market says from then on does."""
    market_begins(settings, "10:15:00", seconds_ago=-60)
    became = states_of(monkeypatch)
    snapshot, news = frame(trade_record(time="10:14:58")), frame(trade_record(time="10:15:02"))
    follow(monkeypatch, Reader(wal_dir), [[snapshot]], silent_times=1)
    assert StreamState.CONNECTED not in became
    follow(monkeypatch, Reader(wal_dir / "other"), [[snapshot], [news]], silent_times=1)
    assert StreamState.CONNECTED in became


def test_a_server_that_takes_its_time_ends_the_gap_with_its_first_word(valkey, wal_dir, settings, monkeypatch):
    """Neither being connected nor having asked does: what is traded until then is told to nobody."""
    market_begins(settings, "10:15:00", seconds_ago=0)
    LiveState(settings.REDIS_URL).report(
        StreamState.CONNECTED, since_ns=1, reported_ns=1, last_frame_ns=time.time_ns(), market_ms=ms("10:14:59")
    )
    asked_ns = time.time_ns()
    follow(monkeypatch, Reader(wal_dir), [[OPENED], [0.5, ANSWER], [frame(b_record(time="10:15:09"))]])
    gap, *others = on_bus(GapDetected)
    assert 500_000_000 <= gap.ts_to_ns - asked_ns < 3 * NS
    assert gap.ts_market_to_ms - ms("10:15:00") >= 500
    assert [tick.ts_exchange_ms for tick in on_bus(TickReceived)] == [ms("10:15:09")]
    assert {one.cause for one in (gap, *others)} == {"RECONNECT"}


def test_a_server_that_says_nothing_leaves_the_gap_open_and_the_stream_down(valkey, wal_dir, settings, monkeypatch):
    market_begins(settings, "10:15:00", seconds_ago=0)
    heard_ns = time.time_ns()
    LiveState(settings.REDIS_URL).report(
        StreamState.CONNECTED, since_ns=1, reported_ns=1, last_frame_ns=heard_ns, market_ms=ms("10:14:59")
    )
    became = states_of(monkeypatch)
    reader = Reader(wal_dir)
    follow(monkeypatch, reader, [[OPENED], [0.3, OPENED]])
    assert StreamState.CONNECTED not in became
    reader.kill()
    follow(monkeypatch, Reader(wal_dir), [[OPENED], [0.3, ANSWER]])
    assert became.count(StreamState.CONNECTED) == 1
    *gaps, after_the_answer = on_bus(GapDetected)
    assert {(gap.cause, gap.ts_from_ns) for gap in gaps} == {("RECONNECT", heard_ns)}
    assert after_the_answer.ts_from_ns == gaps[-1].ts_to_ns
    assert gaps[-1].ts_to_ns > heard_ns + 600_000_000


def test_matches_between_the_call_and_the_snapshot_are_no_gap_by_volume(valkey, wal_dir, settings, monkeypatch):
    """The snapshot's total has them, and its last one is told again: neither is news."""
    market_begins(settings, "10:15:00", seconds_ago=3)
    snapshot = frame(trade_record(time="10:15:05", TotalVol=5_000.0), b_record(volume=300.0, time="10:15:04"))
    news = frame(b_record(volume=200.0, time="10:15:06"), trade_record(time="10:15:06", TotalVol=5_200.0))
    reader = Reader(wal_dir)
    follow(monkeypatch, reader, [[ANSWER, snapshot], [1.2, news], [1.2, frame(b_record("VNM", time="10:15:09"))]])
    assert [gap for gap in on_bus(GapDetected) if gap.cause == "VOLUME"] == []
    assert reader.pipeline.watch.suspects == {}


def test_where_the_exchanges_clock_is_ahead_its_snapshot_is_not_stored_twice(valkey, wal_dir, settings, monkeypatch):
    market_begins(settings, "10:15:00", seconds_ago=0)
    first, later = b_record(volume=100.0, time="10:15:07"), b_record(volume=300.0, time="10:15:08")
    follow(monkeypatch, Reader(wal_dir), [[frame(first)]], [[frame(first)], [frame(later)]])
    assert [tick.quantity for tick in on_bus(TickReceived)] == [100, 300]
    assert max(gap.ts_market_to_ms for gap in on_bus(GapDetected)) == ms("10:15:08")
