"""One step of a conditional order: the table decides, the rows and the event are written together."""

import time
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from apps.eventlog import services as eventlog
from apps.orders.models import ConditionalLeg, ConditionalOrder
from apps.orders.models.conditional import LIVE_STATES
from apps.orders.services.steps import REASON_LENGTH_MAX
from qts.domain.events import ConditionalEnded, PlanEvent
from qts.domain.orders.conditional import (
    ConditionalStatus,
    Direction,
    LegEvent,
    LegState,
    Trigger,
    conditional_status,
    next_leg_state,
)
from qts.domain.values import Actor


def trigger_of(leg: ConditionalLeg) -> Trigger | None:
    if not leg.direction:
        return None
    return Trigger(Direction(leg.direction), leg.level_vnd, leg.trail_vnd, leg.step_vnd, leg.anchor_vnd)


def keep_trigger(leg: ConditionalLeg, trigger: Trigger | None) -> None:
    """On the row in memory; the caller saves it."""
    if trigger is not None:
        leg.level_vnd, leg.anchor_vnd = trigger.level_vnd, trigger.anchor_vnd


def take_leg_step(leg: ConditionalLeg, event: LegEvent, now: datetime) -> None:
    """Of a locked conditional order. Raises IllegalTransition. Other changed fields of the leg are saved with it."""
    leg.state = next_leg_state(LegState(leg.state), event)
    if leg.state == LegState.WATCHING:
        leg.watched_since_ns = time.time_ns()
    else:
        leg.ended_at, leg.waits_for = now, ""
    leg.save()


def settle_status(row: ConditionalOrder, now: datetime, reason: str = "") -> None:
    """What a locked conditional order has come to, by its legs."""
    states = tuple(LegState(state) for state in row.legs.values_list("state", flat=True))
    row.status, row.updated_at = conditional_status(states), now
    if reason:
        row.reason = reason[:REASON_LENGTH_MAX]


def end_legs(legs: Iterable[ConditionalLeg], event: LegEvent, now: datetime) -> None:
    for leg in legs:
        take_leg_step(leg, event, now)


def end(row: ConditionalOrder, event: LegEvent, *, reason: str, actor: Actor, now: datetime) -> None:
    """Cancel or expire all that still lives of a locked conditional order."""
    end_legs(live_legs(row), event, now)
    settle_status(row, now, reason)
    announce(row, ConditionalEnded, actor=actor, now=now)


def live_legs(row: ConditionalOrder, *, but: UUID | None = None) -> list[ConditionalLeg]:
    legs = row.legs.filter(state__in=LIVE_STATES).order_by("number")
    return list(legs if but is None else legs.exclude(id=but))


def announce(
    row: ConditionalOrder,
    kind: type[PlanEvent],
    *,
    actor: Actor,
    now: datetime,
    order_id: UUID | None = None,
    price_vnd: int = 0,
) -> None:
    """Record the event and save the row."""
    row.last_event_id = eventlog.record(
        kind(
            plan_id=str(row.id),
            account_id=str(row.account_id),
            kind=row.kind,
            symbol=row.symbol,
            side=row.side,
            quantity=row.quantity,
            status=row.status,
            released_order_id=str(order_id) if order_id else "",
            price_vnd=price_vnd,
            reason=row.reason,
            ts_market_ms=round(now.timestamp() * 1000),
        ),
        actor=actor,
        now=now,
    )
    row.first_event_id = row.first_event_id or row.last_event_id
    row.save()


def is_active(row: ConditionalOrder) -> bool:
    return row.status == ConditionalStatus.ACTIVE
