"""An event is written with its state change or not at all, and never changes afterwards."""

from datetime import UTC, datetime

import pytest
import structlog
from django.db import IntegrityError, InternalError, connection, transaction

from apps.eventlog import selectors, services
from apps.eventlog.models import EventRecord
from qts.domain.events import OrderFilled, SettingChanged
from qts.domain.values import Actor, ActorKind

NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
TRADER = Actor(ActorKind.USER, "7")


def setting(name="fees.rate_bps", version=1):
    return SettingChanged(name=name, version=version)


@pytest.mark.django_db
def test_an_event_is_stored_with_who_when_and_what():
    fill = OrderFilled(
        order_id="o1",
        account_id="a1",
        symbol="SSI",
        side="BUY",
        order_type="LO",
        status="FILLED",
        quantity=300,
        filled_quantity=300,
        price_vnd=25_050,
        ts_market_ms=1_772_417_700_000,
        fill_id="f1",
        fill_quantity=300,
        fill_price_vnd=25_050,
    )
    number = services.record(fill, actor=TRADER, now=NOW, correlation_id="c-1")

    (found,) = selectors.history(key="a1")
    assert (found.id, found.topic, found.key, found.actor, found.correlation_id, found.occurred_at) == (
        number,
        "order.order.filled",
        "a1",
        "user:7",
        "c-1",
        NOW,
    )
    assert found.body["fill_price_vnd"] == 25_050
    assert found.body["reason"] == ""
    assert found.is_published is False


@pytest.mark.django_db
def test_the_correlation_id_of_the_request_is_taken_where_none_is_given():
    with structlog.contextvars.bound_contextvars(request_id="r-9"):
        services.record(setting(), actor=TRADER, now=NOW)
    with structlog.contextvars.bound_contextvars(request_id="r-9", correlation_id="c-8"):
        services.record(setting(version=2), actor=TRADER, now=NOW)
    assert [event.correlation_id for event in selectors.history()] == ["c-8", "r-9"]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(transaction.TransactionManagementError, match=r"configuration\.setting\.changed"):
        services.record(setting(), actor=TRADER, now=NOW)
    assert EventRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_event():
    with transaction.atomic():
        services.record(setting(), actor=TRADER, now=NOW)
        transaction.set_rollback(True)
    assert EventRecord.objects.count() == 0


FORBIDDEN = [
    "UPDATE eventlog_eventrecord SET body = '{}'",
    "UPDATE eventlog_eventrecord SET actor_id = '8'",
    "UPDATE eventlog_eventrecord SET occurred_at = now()",
    "UPDATE eventlog_eventrecord SET published_at = now(), body = '{}'",
    "UPDATE eventlog_eventrecord SET published_at = NULL",
    "DELETE FROM eventlog_eventrecord",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses_to_change_or_remove_an_event(statement):
    services.record(setting(), actor=TRADER, now=NOW)
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    (kept,) = selectors.history()
    assert (kept.body, kept.actor, kept.is_published) == ({"name": "fees.rate_bps", "version": 1}, "user:7", False)


@pytest.mark.django_db
def test_publication_is_marked_once_and_stays():
    services.record(setting(), actor=TRADER, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventlog_eventrecord SET published_at = now()")
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE eventlog_eventrecord SET published_at = now() + interval '1 day'")
    assert selectors.history()[0].is_published is True


@pytest.mark.django_db
def test_history_pages_and_filters():
    for version in range(1, 6):
        services.record(setting(version=version), actor=TRADER, now=NOW)
    services.record(setting("risk.other"), actor=TRADER, now=NOW, correlation_id="c-1")

    first = selectors.history(key="fees.rate_bps", limit=2)
    second = selectors.history(key="fees.rate_bps", before_id=first[-1].id, limit=2)
    assert [event.body["version"] for event in first + second] == [5, 4, 3, 2]
    assert [event.key for event in selectors.history(correlation_id="c-1")] == ["risk.other"]
    assert selectors.history(topic="order.order.filled") == []


@pytest.mark.django_db(transaction=True)
def test_the_backlog_counts_what_the_bus_does_not_have():
    assert selectors.relay_backlog() == selectors.Backlog(event_count=0, oldest_age_s=0.0)
    with transaction.atomic():
        services.record(setting(), actor=TRADER, now=NOW)
        services.record(setting(version=2), actor=TRADER, now=NOW)
    found = selectors.relay_backlog()
    assert found.event_count == 2
    assert 0 <= found.oldest_age_s < 60
