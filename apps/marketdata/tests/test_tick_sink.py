"""Every match reaches the second store at least once, whatever the store does, and nobody waits for it."""

import time

import pytest

from apps.marketdata.services import tick_sink
from apps.marketdata.services.tick_sink import point, run_sink_slice
from apps.marketdata.tests.conftest import ms, tick
from qts.adapters import bus as event_bus
from qts.adapters.tests.line_server import LineServer, parse
from qts.adapters.tsdb import connect_sink
from qts.domain.errors import TerminalError, TransientError
from qts.domain.ports import BusMessage

pytestmark = pytest.mark.django_db(transaction=True)

NS = 1_700_000_000_000_000_000


@pytest.fixture
def server():
    listener = LineServer()
    yield listener
    listener.stop()


@pytest.fixture
def bus(valkey, settings):
    return event_bus.connect(settings.EVENT_BUS_URL)


@pytest.fixture(params=["http", "tcp"])
def sink(request, server, settings, monkeypatch):
    settings.TICK_SINK_URL = getattr(server, request.param)()
    monkeypatch.setattr(tick_sink, "BLOCK_MS", 50)
    return server


def matches(first, last):
    """Equal ones of the same second: the place in the log tells them apart."""
    return [
        tick("09:15:01", 25_000, 100, position=f"1:{number}", received_ns=NS + number) for number in range(first, last)
    ]


def publish(bus, ticks):
    event_bus.publish_events(bus, ticks)


def waiting(settings):
    bus = event_bus.connect(settings.EVENT_BUS_URL)
    return bus.consume(
        [matches(0, 1)[0].topic], group=tick_sink.NAME, consumer=tick_sink.NAME, count=10_000, block_ms=0
    )


def test_a_match_is_one_point_with_the_time_of_its_receipt():
    one = tick("09:15:01", 25_000, 300, symbol="VN30F2612", position="3:70:2", received_ns=NS)
    assert parse(point(one)) == (
        "tick",
        {"symbol": "VN30F2612"},
        {"price_vnd": 25_000, "quantity": 300, "traded_at_ms": ms("09:15:01"), "wal_position": "3:70:2"},
        NS + 2,
    )


def test_everything_arrives_once_and_in_batches(bus, sink, settings, monkeypatch):
    monkeypatch.setattr(tick_sink, "BATCH_SIZE_MAX", 40)
    publish(bus, matches(0, 100))
    run_sink_slice(seconds_max=0.6)
    assert [parse(point(one)) for one in matches(0, 100)] == sink.points
    assert sink.batches == [40, 40, 20]
    assert len({(tags["symbol"], stamp) for _, tags, _, stamp in sink.points}) == 100, "no point replaces another"
    assert waiting(settings) == []


def test_a_store_that_is_away_gets_everything_when_it_is_back(bus, sink, settings):
    refused = []
    sink.answer = lambda points: refused.append(points) or (503 if len(refused) < 3 else 204)
    publish(bus, matches(0, 10))
    run_sink_slice(seconds_max=2.5)
    assert len(refused) == 3
    assert sink.points == [parse(point(one)) for one in matches(0, 10)]


def test_what_was_not_written_comes_again_in_the_next_slice(bus, sink, settings):
    sink.answer = lambda _: 503
    publish(bus, matches(0, 10))
    started_at = time.monotonic()
    run_sink_slice(seconds_max=0.5)
    assert time.monotonic() - started_at < 2, "a pause ends with its slice"
    assert sink.points == []
    sink.answer = lambda _: 204
    run_sink_slice(seconds_max=0.5)
    assert len(sink.points) == 10


def test_a_line_that_the_store_refuses_does_not_take_the_others_with_it(bus, server, settings, monkeypatch):
    monkeypatch.setattr(tick_sink, "BLOCK_MS", 50)
    settings.TICK_SINK_URL = server.http()
    server.answer = lambda points: 400 if any(fields["quantity"] == 13 for _, _, fields, _ in points) else 204
    bad = tick("09:15:01", 25_000, 13, position="1:50", received_ns=NS + 50)
    publish(bus, [*matches(0, 50), bad, *matches(51, 100)])
    run_sink_slice(seconds_max=1)
    assert sorted(stamp - NS for *_, stamp in server.points) == [n for n in range(100) if n != 50]
    assert waiting(settings) == []


@pytest.mark.parametrize("status", [401, 404, 429])
def test_what_an_operator_can_mend_loses_nothing(server, status):
    server.answer = lambda _: status
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        connect_sink(server.http()).write([b"m q=1i 0"])


def test_what_is_no_match_or_fits_on_no_line_is_passed_over(bus, sink, settings):
    strange = tick("09:15:01", 25_000, symbol="A\nB", position="1:1")
    bus.publish([BusMessage(strange.topic, "X", b"{}")])
    publish(bus, [strange, *matches(2, 4)])
    run_sink_slice(seconds_max=0.5)
    assert len(sink.points) == 2
    assert waiting(settings) == []


def test_the_token_goes_into_the_header_and_a_server_that_is_not_there_is_a_matter_of_time(server):
    connect_sink(server.http(), "s3cret").write([b"m q=1i 0"])
    assert server.headers[0]["Authorization"] == "Token s3cret"
    for url in (server.http(), server.tcp()):
        server.stop()
        with pytest.raises(TransientError):
            connect_sink(url).write([b"m q=1i 0"])


@pytest.mark.parametrize("url", ["ftp://x", "tcp://x", "http://", "x:9009"])
def test_an_address_that_no_sink_speaks_is_named(url):
    with pytest.raises(TerminalError, match="TICK_SINK_URL: supported"):
        connect_sink(url)


def test_without_an_address_nothing_is_read(bus, settings):
    publish(bus, matches(0, 3))
    settings.TICK_SINK_URL = ""
    run_sink_slice(seconds_max=5)
    assert len(waiting(settings)) == 3
