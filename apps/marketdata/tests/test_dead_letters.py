"""What could not be read is kept byte for byte, and reading it again changes nothing the second time."""

from datetime import UTC, datetime

import pytest
from django.conf import settings

from apps.marketdata.models import DeadLetter, Tick
from apps.marketdata.services import dead_letters as service
from apps.marketdata.services.dead_letters import replay_dead_letters
from apps.marketdata.services.recorder import NAME, TOPICS, Recorder
from apps.marketdata.tests.conftest import at, b_record, frame, trade_record
from apps.marketdata.tests.test_live import clock_at
from apps.marketdata.tests.test_pipeline import Reader
from qts.adapters import bus as event_bus
from qts.adapters.ssi import codec

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 3, 20, tzinfo=UTC)


@pytest.fixture
def stream(valkey, wal_dir, settings):
    settings.MARKET_CLOCK = clock_at("10:20:00")
    return Reader(wal_dir).start()


def record():
    """What the recorder does with all that is on the bus now."""
    bus = event_bus.connect(settings.EVENT_BUS_URL)
    deliveries = bus.consume(TOPICS, group=NAME, consumer=NAME, count=1_000, block_ms=0)
    recorder = Recorder(bus, epoch=1, now=at("09:00:00"))
    recorder.take([event_bus.decode(one.topic, one.body) for one in deliveries], minutes_over_at=None)
    bus.acknowledge(NAME, deliveries)


def unreadable(*_):
    raise ValueError("a form of message that the codec does not know")


def quantities():
    return sorted(Tick.objects.values_list("quantity", flat=True))


def test_the_bytes_are_kept_as_they_came(stream):
    torn = b'{"M":[{"M":"Broad\xff\xfe'
    stream.take(torn, frame(b_record(volume=100.0), b_record(price="abc")))
    record()
    whole, message = DeadLetter.objects.order_by("wal_position")
    assert bytes(whole.raw_bytes) == torn
    assert b"abc" in bytes(message.raw_bytes)
    assert message.wal_position.endswith(":1")
    assert b'"M"' in bytes(message.raw_bytes)


def test_a_match_that_the_codec_has_learnt_to_read_is_stored_once_however_often_it_is_read(stream, monkeypatch):
    known = dict(codec.READERS)
    monkeypatch.setitem(codec.READERS, "B", unreadable)
    stream.take(frame(b_record(volume=100.0), b_record(volume=200.0)))
    record()
    letters = list(DeadLetter.objects.values_list("pk", flat=True))
    assert len(letters) == 2
    assert replay_dead_letters(letters, now=NOW) == {"UNREADABLE": 2}
    record()
    assert quantities() == []
    monkeypatch.setitem(codec.READERS, "B", known["B"])
    for _ in range(3):
        assert replay_dead_letters(letters, now=NOW) == {"PUBLISHED": 2}
        record()
    assert quantities() == [100, 200]
    assert set(DeadLetter.objects.values_list("outcome", "replay_count", "replayed_at")) == {("PUBLISHED", 4, NOW)}


def test_a_state_is_not_told_again_late(stream, monkeypatch):
    known = codec.READERS["X-TRADE"]
    monkeypatch.setitem(codec.READERS, "X-TRADE", unreadable)
    stream.take(frame(trade_record()))
    record()
    monkeypatch.setitem(codec.READERS, "X-TRADE", known)
    published = []
    monkeypatch.setattr(service, "publish_events", lambda _bus, events: published.extend(events))
    [letter] = DeadLetter.objects.all()
    assert replay_dead_letters([letter.pk], now=NOW) == {"SUPERSEDED": 1}
    assert published == []


def test_what_the_log_does_not_keep_is_said(stream, wal_dir):
    stream.take(b"{")
    record()
    stream.kill()
    for segment in wal_dir.glob("*.wal"):
        segment.unlink()
    [letter] = DeadLetter.objects.all()
    assert replay_dead_letters([letter.pk], now=NOW) == {"GONE": 1}
    assert bytes(letter.raw_bytes) == b"{"
