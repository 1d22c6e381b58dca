"""Every committed event reaches the bus, at least once and in the order of its key."""

import json
import threading
import time
from datetime import UTC, datetime

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from apps.eventlog import selectors, services, tasks
from apps.eventlog.models import EventRecord
from apps.eventlog.services import relay
from apps.eventlog.tests.buses import BusThatIsDown, RecordingBus, SlowBus
from qts.adapters import bus as event_bus
from qts.domain.errors import TransientError
from qts.domain.events import SettingChanged
from qts.domain.values import Actor, ActorKind

NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
SYSTEM = Actor(ActorKind.SYSTEM, "test")

pytestmark = pytest.mark.django_db(transaction=True)


def record(*versions, name="fees.rate_bps"):
    with transaction.atomic():
        for version in versions:
            services.record(SettingChanged(name=name, version=version), actor=SYSTEM, now=NOW)


def versions_on(bus):
    return [json.loads(message.body)["version"] for message in bus.published]


def in_thread(work):
    def run():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_pending_events_are_published_in_order_and_once():
    record(1, 2, 3)
    bus = RecordingBus()
    assert services.publish_pending(bus, limit=2) == 2
    assert services.publish_pending(bus, limit=2) == 1
    assert services.publish_pending(bus, limit=2) == 0
    assert versions_on(bus) == [1, 2, 3]
    assert {(message.topic, message.key) for message in bus.published} == {
        ("configuration.setting.changed", "fees.rate_bps")
    }
    assert selectors.relay_backlog().event_count == 0


def test_a_reader_gets_the_event_and_who_wants_it_the_number_in_the_log():
    record(1)
    bus = RecordingBus()
    services.publish_pending(bus)
    (message,) = bus.published
    assert event_bus.decode(message.topic, message.body) == SettingChanged(name="fees.rate_bps", version=1)
    (logged,) = selectors.history()
    assert json.loads(message.body)["_log"] == {"id": logged.id, "correlation_id": "", "actor": "system:test"}


def test_while_the_bus_is_down_nothing_is_marked():
    record(1)
    with pytest.raises(TransientError):
        services.publish_pending(BusThatIsDown())
    assert selectors.relay_backlog().event_count == 1
    bus = RecordingBus()
    assert services.publish_pending(bus) == 1
    assert versions_on(bus) == [1]


def test_a_crash_between_publishing_and_marking_publishes_again():
    record(1, 2)
    bus = RecordingBus()
    backend_pid = []

    def publish_and_lose_the_connection(messages):
        """What kill -9 of the relay looks like from the database: the open transaction is gone."""
        bus.published.extend(messages)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend_pid.append(cursor.fetchone()[0])
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [backend_pid[0]])
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend_pid[0]]).fetchone():
                time.sleep(0.01)

    class DyingBus(RecordingBus):
        def publish(self, messages):
            publish_and_lose_the_connection(messages)

    def relay_that_dies():
        with pytest.raises(Exception, match=r"terminat|closed|lost"):
            services.publish_pending(DyingBus())

    in_thread(relay_that_dies).join(20)
    assert len(backend_pid) == 1
    assert selectors.relay_backlog().event_count == 2

    assert services.publish_pending(bus) == 2
    assert versions_on(bus) == [1, 2, 1, 2]


def test_a_second_relay_finds_the_queue_taken_and_publishes_nothing():
    record(1, 2, 3)
    first, second = SlowBus(), RecordingBus()
    thread = in_thread(lambda: services.publish_pending(first, limit=2))
    assert first.has_begun.wait(10)
    record(4)
    # overtaking would put 3 and 4 on the bus before 1 and 2
    assert services.publish_pending(second) == 0
    first.may_end.set()
    thread.join(10)
    assert services.publish_pending(second) == 2
    assert versions_on(first) + versions_on(second) == [1, 2, 3, 4]


def test_relays_racing_with_writers_publish_everything_once_in_the_order_of_each_key():
    order: list[tuple[str, int]] = []
    guard = threading.Lock()
    is_over = threading.Event()

    class OrderedBus(RecordingBus):
        def publish(self, messages):
            with guard:
                order.extend((message.key, json.loads(message.body)["version"]) for message in messages)

    def write(name):
        for version in range(1, 41):
            record(version, name=name)

    def run_relay(bus):
        while not is_over.is_set() or selectors.relay_backlog().event_count:
            services.publish_pending(bus, limit=7)

    buses = [OrderedBus(), OrderedBus()]
    relays = [in_thread(lambda bus=bus: run_relay(bus)) for bus in buses]
    writers = [in_thread(lambda name=name: write(name)) for name in ("a.a", "b.b", "c.c")]
    for thread in writers:
        thread.join(60)
    is_over.set()
    for thread in relays:
        thread.join(60)
    assert len(order) == 120
    for name in ("a.a", "b.b", "c.c"):
        assert [version for key, version in order if key == name] == list(range(1, 41))


def test_the_slice_publishes_at_the_commit_and_not_at_the_next_poll(monkeypatch):
    monkeypatch.setattr(relay, "POLL_S", 3.0)
    thread = in_thread(lambda: services.run_relay_slice(seconds_max=1.0))
    time.sleep(0.4)
    began_at = time.monotonic()
    record(1)
    while selectors.relay_backlog().event_count:
        assert time.monotonic() - began_at < 2.0, "published by the poll, not by the notification"
        time.sleep(0.01)
    time.sleep(0.7)
    record(2)  # wakes the loop, so that it sees its end
    thread.join(10)
    assert not thread.is_alive()


def test_the_slice_task_puts_events_on_the_real_bus(monkeypatch):
    record(1)
    monkeypatch.setattr(services, "run_relay_slice", lambda: relay.run_relay_slice(seconds_max=0.2))
    monkeypatch.setattr(relay, "POLL_S", 0.05)
    tasks.relay_slice()
    bus = event_bus.connect(settings.EVENT_BUS_URL)
    got = bus.consume(["configuration.setting.changed"], group="relay-test", consumer="c", count=1000, block_ms=100)
    assert json.loads(got[-1].body)["_log"]["id"] == EventRecord.objects.get().id


def test_a_slice_without_the_lease_does_nothing():
    record(1)
    from qts.adapters.lease import Lease

    lease = Lease(settings.REDIS_URL, "eventlog-relay", 6)
    assert lease.acquire() is not None
    try:
        services.run_relay_slice(seconds_max=5)
    finally:
        lease.release()
    assert selectors.relay_backlog().event_count == 1
