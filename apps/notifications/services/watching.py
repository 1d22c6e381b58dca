"""The worker that reads the bus and finds out which rules come true. Each event makes one alert of a rule.

Rules are read again each second; of market data only what rules ask for is read, and decoded only for their symbols.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import close_old_connections, transaction

from apps.eventlog.services import record
from apps.notifications.locks import lock_rule
from apps.notifications.models import Alert, AlertKind, AlertRule, Delivery
from apps.notifications.services.conditions import LEVEL_KINDS, TOPICS, Facts, Wish, fires_level, happening, level
from apps.notifications.services.reach import accounts_of
from qts.adapters.bus import connect, decode
from qts.adapters.lease import Lease, slice_of
from qts.domain.errors import TerminalError
from qts.domain.events import AlertFired, Event, IndicatorCalculated, QuoteUpdated
from qts.domain.ports import Bus
from qts.domain.ports import Delivery as BusDelivery
from qts.domain.values import Actor, ActorKind

GROUP: Final = "alerts"
LEASE: Final = "alerts"
LEASE_TTL_S: Final = 6.0
BATCH_MAX: Final = 500
BLOCK_MS: Final = 500
REFRESH_S: Final = 1.0
OLDEST_S: Final = 120.0  # after a standstill: what is older is history, and nobody is woken for it
BY_SYMBOL: Final = frozenset({QuoteUpdated.topic, IndicatorCalculated.topic})
WATCHER: Final = Actor(ActorKind.SYSTEM, "alerts")

log = structlog.get_logger(__name__)


def run_alerts_slice(*, seconds_max: float = 600) -> None:
    """Returns at once when another worker holds the lease. Raises TransientError when the bus is away."""
    with slice_of(Lease(settings.REDIS_URL, LEASE, LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on():
            return
        bus, desk, refreshed_at = connect(settings.EVENT_BUS_URL), AlertDesk(), 0.0
        had: set[str] = set()
        while turn.goes_on():
            if time.monotonic() - refreshed_at >= REFRESH_S:
                close_old_connections()
                desk.refresh()
                refreshed_at = time.monotonic()
            for topic in desk.topics - had:  # nobody read it while no rule asked for it
                bus.skip_older(topic, group=GROUP, than_ms=round((time.time() - OLDEST_S) * 1000))
            had = desk.topics
            if had:
                _take_batch(bus, desk)
            else:
                time.sleep(BLOCK_MS / 1000)


def _take_batch(bus: Bus, desk: "AlertDesk") -> None:
    found = bus.consume(sorted(desk.topics), group=GROUP, consumer=GROUP, count=BATCH_MAX, block_ms=BLOCK_MS)
    if found:
        desk.take(found, datetime.now(UTC))
        bus.acknowledge(GROUP, found)


class AlertDesk:
    """The active rules, by what they wait for."""

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Wish]] = {}
        self._by_symbol: dict[tuple[str, str], list[Wish]] = {}
        self._was_met: dict[UUID, bool | None] = {}
        self._accounts: dict[int, frozenset[str]] = {}
        self.topics: set[str] = set()

    def refresh(self) -> None:
        """As people have them now. One query."""
        by_topic, by_symbol = defaultdict(list), defaultdict(list)
        self._was_met, self._accounts = {}, {}
        for row in AlertRule.objects.filter(is_active=True, user__is_active=True):
            wish = Wish(row.id, row.user_id, AlertKind(row.kind), row.symbol, row.indicator, row.threshold or 0)
            self._was_met[row.id] = row.was_met
            for topic in TOPICS[wish.kind]:
                by_topic[topic].append(wish)
                by_symbol[topic, row.symbol].append(wish)
        self._by_topic, self._by_symbol = dict(by_topic), dict(by_symbol)
        self.topics = set(by_topic)

    def take(self, deliveries: Sequence[BusDelivery], now: datetime) -> list[UUID]:
        """The alerts that were made. `now` is of the wall clock."""
        made: list[UUID] = []
        for delivery in deliveries:
            wishes = self._wishes(delivery)
            if not wishes:
                continue
            try:
                event = decode(delivery.topic, delivery.body)
            except (ValueError, TerminalError):
                log.exception("alert_event_unreadable", topic=delivery.topic, position=delivery.position)
                continue
            for wish in wishes:
                found = self._judge(wish, event, f"{delivery.topic}@{delivery.position}", now)
                if found is not None:
                    made.append(found)
        return made

    def _wishes(self, delivery: BusDelivery) -> list[Wish]:
        if delivery.topic in BY_SYMBOL:
            return self._by_symbol.get((delivery.topic, delivery.key), [])
        return self._by_topic.get(delivery.topic, [])

    def _judge(self, wish: Wish, event: Event, event_key: str, now: datetime) -> UUID | None:
        if wish.kind not in LEVEL_KINDS:
            facts = happening(wish, event, self._accounts_of(wish.user_id))
            return None if facts is None else fire(wish.rule_id, event, facts, event_key, now)
        told = level(wish, event)
        if told is None:
            return None
        is_met, facts = told
        was_met = self._was_met.get(wish.rule_id)
        if is_met is was_met:
            return None
        self._was_met[wish.rule_id] = is_met
        if fires_level(wish.kind, was_met=was_met, is_met=is_met):
            return fire(wish.rule_id, event, facts, event_key, now, is_met=True)
        AlertRule.objects.filter(id=wish.rule_id).update(was_met=is_met)
        return None

    def _accounts_of(self, user_id: int) -> frozenset[str]:
        """Asked once between two refreshes: who loses an account hears nothing more of it a second later."""
        if user_id not in self._accounts:
            self._accounts[user_id] = accounts_of(user_id)
        return self._accounts[user_id]


def fire(
    rule_id: UUID, event: Event, facts: Facts, event_key: str, now: datetime, *, is_met: bool | None = None
) -> UUID | None:
    """Make the alert and its deliveries in one transaction; None while the rule rests, or for an event that it has
    told of before."""
    with transaction.atomic():
        rule = lock_rule(rule_id)
        if rule is None or not rule.is_active:
            return None
        rule.was_met = is_met if is_met is not None else rule.was_met
        rests = rule.last_fired_at is not None and now < rule.last_fired_at + timedelta(seconds=rule.cooldown_s)
        if rests or rule.alerts.filter(event_key=event_key).exists():
            rule.save(update_fields=["was_met"])
            return None
        rule.last_fired_at, rule.is_active = now, rule.rearms
        rule.save(update_fields=["was_met", "last_fired_at", "is_active"])
        alert = Alert.objects.create(
            user_id=rule.user_id,
            rule=rule,
            event_key=event_key,
            kind=rule.kind,
            symbol=str(getattr(event, "symbol", rule.symbol)),
            facts=dict(facts),
            note=rule.note,
            fired_at=now,
        )
        out = {"alert": alert, "language": rule.language, "next_at": now}
        Delivery.objects.bulk_create(Delivery(channel=channel, **out) for channel in rule.channels.all())
        told = AlertFired(user_id=str(rule.user_id), alert_id=str(alert.id), kind=alert.kind, symbol=alert.symbol)
        record(told, actor=WATCHER, now=now)
    return alert.id
