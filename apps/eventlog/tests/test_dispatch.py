"""Events reach every handler that wants them; a handler that fails stops nobody and is not forgotten."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import structlog
from django.conf import settings
from django.db import transaction

from apps.eventlog import selectors, services
from apps.eventlog.models import HandlerFailure
from apps.eventlog.services import dispatching, registry
from qts.adapters import bus as event_bus
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import SettingChanged
from qts.domain.ports import BusMessage, Delivery
from qts.domain.values import Actor, ActorKind

TOPIC = "configuration.setting.changed"
NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_our_handlers(monkeypatch):
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(dispatching, "ATTEMPTS_MAX", 3)


def subscribed(handler: Callable[[SettingChanged], None]) -> Callable[[SettingChanged], None]:
    """Under the handler's own name, as `@subscribe` does for a function of a module."""
    return services.subscribe(TOPIC)(handler)


def delivery(version=1, record_id: int | None = 11, correlation_id="c-1"):
    body = {"name": "fees.rate_bps", "version": version}
    if record_id is not None:
        body["_log"] = {"id": record_id, "correlation_id": correlation_id, "actor": "user:7"}
    return Delivery(topic=TOPIC, key="fees.rate_bps", body=json.dumps(body).encode(), position="1-0")


def test_every_handler_of_the_topic_gets_the_event_and_its_correlation_id():
    seen = []

    @subscribed
    def first(event: SettingChanged) -> None:
        seen.append(("first", event, structlog.contextvars.get_contextvars()["correlation_id"]))

    @subscribed
    def second(event: SettingChanged) -> None:
        seen.append(("second", event, structlog.contextvars.get_contextvars()["correlation_id"]))

    services.dispatch(delivery())
    event = SettingChanged(name="fees.rate_bps", version=1)
    assert seen == [("first", event, "c-1"), ("second", event, "c-1")]
    assert "correlation_id" not in structlog.contextvars.get_contextvars()


def test_a_topic_that_nobody_defined_cannot_be_subscribed_to():
    with pytest.raises(ValueError, match=r"order\.order\.flled"):
        services.subscribe("order.order.flled")
    assert services.subscribed_topics() == []


def test_a_transient_failure_is_tried_again():
    calls = []

    @subscribed
    def shaky(event: SettingChanged) -> None:
        calls.append(event.version)
        if len(calls) < 3:
            raise TransientError("not yet")

    services.dispatch(delivery())
    assert calls == [1, 1, 1]
    assert selectors.open_failure_count() == 0


def test_a_lasting_failure_is_kept_and_the_other_handlers_still_run():
    calls = []

    @subscribed
    def broken(event: SettingChanged) -> None:
        calls.append("broken")
        raise TerminalError("wrong for ever")

    @subscribed
    def sound(event: SettingChanged) -> None:
        calls.append("sound")

    services.dispatch(delivery())
    assert calls == ["broken", "sound"]
    failure = HandlerFailure.objects.get()
    assert failure.handler.endswith("broken")
    assert (failure.record_id, failure.topic, failure.key) == (11, TOPIC, "fees.rate_bps")
    assert failure.error == "TerminalError: wrong for ever"

    services.dispatch(delivery())  # the bus delivers it once more, after a crash before the acknowledgement
    assert HandlerFailure.objects.count() == 1


def test_a_message_that_is_no_event_is_kept_for_an_operator():
    @subscribed
    def never(event: SettingChanged) -> None:
        raise AssertionError("called with a message that is no event")

    for body in (b'{"name": 5}', b"\xff\x00", b"[]"):
        services.dispatch(Delivery(topic=TOPIC, key="k", body=body, position="1-0"))
    assert list(HandlerFailure.objects.values_list("handler", flat=True)) == ["decode"] * 3


def test_market_data_has_no_number_in_the_log_and_is_handled_all_the_same():
    seen = []

    @subscribed
    def handler(event: SettingChanged) -> None:
        seen.append(event.version)

    services.dispatch(delivery(record_id=None))
    assert seen == [1]


def test_a_kept_failure_can_be_retried_once_its_cause_is_gone():
    is_fixed = False
    seen = []

    @subscribed
    def handler(event: SettingChanged) -> None:
        if not is_fixed:
            raise TerminalError("no")
        seen.append(event)

    services.dispatch(delivery(version=4))
    failure = HandlerFailure.objects.get()
    with pytest.raises(TerminalError, match="no"):
        services.retry_failure(failure.id)
    assert selectors.open_failure_count() == 1

    is_fixed = True
    services.retry_failure(failure.id)
    assert seen == [SettingChanged(name="fees.rate_bps", version=4)]
    assert selectors.open_failure_count() == 0
    with pytest.raises(HandlerFailure.DoesNotExist):
        services.retry_failure(failure.id)


@pytest.mark.django_db(transaction=True)
def test_from_record_to_handler_over_the_real_bus(redis_is_empty):
    seen = []

    @subscribed
    def handler(event: SettingChanged) -> None:
        seen.append(event.version)

    with transaction.atomic():
        for version in (1, 2, 3):
            services.record(
                SettingChanged(name="fees.rate_bps", version=version), actor=Actor(ActorKind.SYSTEM, "t"), now=NOW
            )
    services.publish_pending(event_bus.connect(settings.EVENT_BUS_URL))
    services.run_dispatch_slice(seconds_max=0.5)
    assert seen == [1, 2, 3]
    services.run_dispatch_slice(seconds_max=0.5)
    assert seen == [1, 2, 3]  # acknowledged, so it does not come again


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_dispatcher_left_is_handled_by_the_next_one(redis_is_empty):
    seen = []

    @subscribed
    def handler(event: SettingChanged) -> None:
        seen.append(event.version)

    message = delivery(version=7)
    event_bus.connect(settings.EVENT_BUS_URL).publish([BusMessage(TOPIC, "fees.rate_bps", message.body)])
    killed = event_bus.connect(settings.EVENT_BUS_URL)
    taken = killed.consume([TOPIC], group=dispatching.GROUP, consumer=dispatching.CONSUMER, count=10, block_ms=100)
    assert len(taken) == 1
    services.run_dispatch_slice(seconds_max=0.5)
    assert seen == [7]


@pytest.fixture
def redis_is_empty():
    import redis

    redis.Redis.from_url(settings.REDIS_URL).flushdb()
