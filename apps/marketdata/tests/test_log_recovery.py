"""A recorder that was away for longer than the bus keeps messages: what the log has of them is stored all the same."""

import pytest

from apps.marketdata.models import Bar1m, Tick
from apps.marketdata.services.recorder import run_recorder_slice
from apps.marketdata.tests.conftest import b_record, frame
from apps.marketdata.tests.test_pipeline import Reader, on_bus
from qts.adapters.bus import redis_streams
from qts.domain.events import TickReceived

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = 100  # messages of a stream; a server drops them by whole hundreds


@pytest.fixture
def reader(valkey, wal_dir, settings, monkeypatch):
    settings.MARKET_CLOCK = "affine:2026-11-23,10:17:30,15:00:00,9999999999,1"
    monkeypatch.setattr(redis_streams, "STREAM_LENGTH_MAX", KEPT)
    return Reader(wal_dir).start()


def say(reader, first, last):
    """Matches of 1, 2, ... shares, 50 in a frame."""
    for begin in range(first, last + 1, 50):
        reader.take(frame(*(b_record(volume=float(number)) for number in range(begin, begin + 50))))


def stored():
    return sorted(Tick.objects.values_list("quantity", flat=True))


def test_what_the_bus_dropped_meanwhile_comes_from_the_log(reader):
    say(reader, 1, 50)
    run_recorder_slice(seconds_max=2)
    assert stored() == [*range(1, 51)]
    say(reader, 51, 600)
    assert len(on_bus(TickReceived)) < 300, "the bus kept everything: the test proves nothing"
    run_recorder_slice(seconds_max=3)
    assert stored() == [*range(1, 601)]
    assert Bar1m.objects.get().volume == 600 * 601 // 2


def test_one_that_keeps_up_reads_no_log(reader, monkeypatch):
    monkeypatch.setattr("apps.marketdata.services.recorder.ticks_logged_since", lambda _since: pytest.fail("read"))
    for first in (1, 201, 401):
        say(reader, first, first + 49)
        run_recorder_slice(seconds_max=2)
    assert len(stored()) == 150
