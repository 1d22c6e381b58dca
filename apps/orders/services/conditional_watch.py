"""Watching the market for what is kept: every match on the bus, and once a second the live price.

What a price did while nobody watched does not count, what it does now does: a watcher that starts reads the live price
first and matches only from a few seconds back.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from apps.accounts.locks import lock_account
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_conditional
from apps.orders.models import ConditionalLeg, ConditionalOrder
from apps.orders.services.conditional_release import entry_state, release_leg
from apps.orders.services.conditional_steps import announce, end, is_active, settle_status, take_leg_step, trigger_of
from apps.orders.services.plans import PLAN_WATCH, STREAM_AGE_MS_MAX, alone, is_stopped
from apps.risk import selectors as risk
from qts.domain.events import ConditionalArmed, ConditionalEnded, TickReceived
from qts.domain.market import session_at, session_bounds, to_vietnam
from qts.domain.orders.conditional import (
    ConditionalStatus,
    Direction,
    LegEvent,
    LegRole,
    LegState,
    Look,
    Trigger,
    entry_step,
    exit_quantity,
    watched,
)
from qts.domain.values import Exchange, Session
from qts.observability.crash_points import passing

TICK_AGE_S_MAX: Final = 5.0  # wall clock: on what is older nothing is sent

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """A leg as the watcher remembers it between two looks at the table."""

    leg_id: UUID
    trigger: Trigger | None
    exchange: Exchange
    since_ns: int
    met_vnd: int | None


class ConditionalDesk:
    """One watcher's memory. `refresh` follows the table and looks at live prices; `on_tick` looks at one match."""

    def __init__(self) -> None:
        self._legs: dict[str, list[Watched]] = {}
        self._looks: dict[str, Look] = {}

    @property
    def symbols(self) -> set[str]:
        return set(self._legs)

    def refresh(self, now: datetime) -> int:
        """How many orders were released by this look. Raises TransientError while Redis is away."""
        expire_conditionals(now)
        stop_killed_conditionals(now)
        follow_entries(now)
        self._legs = _load()
        self._looks = _live_looks(self._legs, now)
        return sum(self._consider(symbol, look, now) for symbol, look in self._looks.items())

    def on_tick(self, event: TickReceived, now: datetime) -> int:
        known = self._looks.get(event.symbol)
        if known is None or time.time_ns() - event.ts_received_ns > TICK_AGE_S_MAX * 1e9:
            return 0
        look = replace(known, price_vnd=event.price_vnd, is_fresh=True)
        return self._consider(event.symbol, look, now, event)

    def _consider(self, symbol: str, look: Look, now: datetime, tick: TickReceived | None = None) -> int:
        released, left = 0, []
        for leg in self._legs.get(symbol, []):
            if tick is not None and not _counts_for(leg, tick):
                left.append(leg)
                continue
            trigger, is_met = watched(leg.trigger, look)
            if trigger is not None and trigger != leg.trigger:
                _keep_trail(leg.leg_id, trigger)
            if is_met or (leg.met_vnd is not None and tick is None and look.counts):
                price_vnd = look.price_vnd if is_met else leg.met_vnd or look.price_vnd
                received_ns = tick.ts_received_ns if tick else None
                release = partial(release_leg, leg.leg_id, price_vnd=price_vnd, now=now, received_ns=received_ns)
                released += alone(leg.leg_id, release)
                continue  # one that has to wait is asked again by the next refresh, not by every match until then
            left.append(replace(leg, trigger=trigger))
        if symbol in self._legs:
            self._legs[symbol] = left
        return released


def expire_conditionals(now: datetime) -> int:
    """End what is out of its days, from the close of its exchange on the last one; how many."""
    today = to_vietnam(now).date()
    over = Q(valid_until__lt=today) | Q(valid_until=today, exchange__in=_closed_exchanges(now))
    rows = ConditionalOrder.objects.filter(over, status=ConditionalStatus.ACTIVE).values_list("id", "account_id")
    return sum(
        alone(
            conditional_id,
            partial(_end, conditional_id, account_id, LegEvent.EXPIRE, "its last day is over", now=now),
        )
        for conditional_id, account_id in rows
    )


def stop_killed_conditionals(now: datetime) -> int:
    """End what an engaged kill switch or a halt would take back if it were an order; how many."""
    if not risk.is_anything_stopped():
        return 0
    rows = ConditionalOrder.objects.filter(status=ConditionalStatus.ACTIVE).prefetch_related("legs")
    return sum(
        alone(row.id, partial(_end, row.id, row.account_id, LegEvent.CANCEL, "kill switch is engaged", now=now))
        for row in rows
        if any(is_stopped(row, leg.side) for leg in row.legs.all())
    )


def follow_entries(now: datetime) -> int:
    """Let legs watch what their entry order has filled, and end those whose entry filled nothing; how many changed."""
    rows = ConditionalOrder.objects.filter(status=ConditionalStatus.ACTIVE, entry__isnull=False)
    waiting = rows.filter(legs__state=LegState.DORMANT).distinct().values_list("id", "account_id")
    return sum(
        alone(conditional_id, partial(_follow, conditional_id, account_id, now))
        for conditional_id, account_id in waiting
    )


def _follow(conditional_id: UUID, account_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        row = lock_conditional(conditional_id)
        if row.entry is None or not is_active(row):
            return False
        state = entry_state(row, row.entry)
        events = set()
        for leg in row.legs.filter(state=LegState.DORMANT):
            event = entry_step(LegRole(leg.role), state, leg.asked_quantity, row.lot_size)
            if event is None:
                continue
            leg.quantity = exit_quantity(state, leg.asked_quantity, row.lot_size) or leg.quantity
            take_leg_step(leg, event, now)
            events.add(event)
        if not events:
            return False
        settle_status(row, now, "" if LegEvent.WAKE in events else f"its entry order is {state.status}")
        announce(row, ConditionalArmed if LegEvent.WAKE in events else ConditionalEnded, actor=PLAN_WATCH, now=now)
        passing("entry.followed")
    passing("entry.committed")
    return True


def _end(conditional_id: UUID, account_id: UUID, event: LegEvent, reason: str, *, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        row = lock_conditional(conditional_id)
        if not is_active(row):
            return False
        end(row, event, reason=reason, actor=PLAN_WATCH, now=now)
    return True


def _load() -> dict[str, list[Watched]]:
    rows = ConditionalLeg.objects.select_related("conditional").filter(state=LegState.WATCHING)
    found: dict[str, list[Watched]] = {}
    for leg in rows.order_by("watched_since_ns", "number"):
        kept = leg.conditional
        watched_leg = Watched(leg.id, trigger_of(leg), Exchange(kept.exchange), leg.watched_since_ns, leg.met_vnd)
        found.setdefault(kept.symbol, []).append(watched_leg)
    return found


def _live_looks(legs: dict[str, list[Watched]], now: datetime) -> dict[str, Look]:
    """One pipeline for all symbols. A price of another day is no price of today."""
    if not legs:
        return {}
    stream, today = marketdata.stream_status(), to_vietnam(now).date()
    is_live = stream.age_ms is not None and stream.age_ms <= STREAM_AGE_MS_MAX
    looks = {}
    for symbol, quote in marketdata.live_quotes(sorted(legs)).items():
        session = _session(quote.session, legs[symbol][0].exchange, now)
        looks[symbol] = Look(quote.last_vnd, session, session is not Session.HALT, is_live and quote.is_from(today))
    return looks


def _session(told: str, exchange: Exchange, now: datetime) -> Session:
    """The exchange's own word; a code that nobody knows is no continuous trading. `release_leg` asks once more."""
    if told:
        return Session(told) if told in Session.__members__.values() else Session.HALT
    return session_at(marketdata.rules_at(now), exchange, now)


def _counts_for(leg: Watched, tick: TickReceived) -> bool:
    """A match of continuous trading since the leg is watched: that of an auction is told a moment after it ended."""
    matched_at = datetime.fromtimestamp(tick.ts_exchange_ms / 1000, tz=UTC)
    if tick.ts_received_ns < leg.since_ns:
        return False
    return session_at(marketdata.rules_at(matched_at), leg.exchange, matched_at) is Session.CONTINUOUS


def _keep_trail(leg_id: UUID, trigger: Trigger) -> None:
    """Only forward: whoever watched at the same time may have seen a better price."""
    rows = ConditionalLeg.objects.filter(id=leg_id, state=LegState.WATCHING)
    behind = Q(level_vnd__lt=trigger.level_vnd)
    if trigger.direction is Direction.AT_OR_ABOVE:
        behind = Q(level_vnd__gt=trigger.level_vnd)
    rows.filter(behind | Q(anchor_vnd=0)).update(level_vnd=trigger.level_vnd, anchor_vnd=trigger.anchor_vnd)


def _closed_exchanges(now: datetime) -> list[Exchange]:
    local, rules = to_vietnam(now).time(), marketdata.rules_at(now)
    return [exchange for exchange in Exchange if local >= session_bounds(rules, exchange)[1]]
