"""A condition is met: the leg's order goes to the gate, once, whatever dies in between.

The leg's state, its order and the end of the leg beside it are one transaction, and the order is named after the leg:
a second watcher, a restart or a repeated price finds the state changed, or the name taken.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.accounts.locks import lock_account
from apps.marketdata.selectors import MarketState, market_state
from apps.orders.locks import lock_conditional
from apps.orders.models import ConditionalLeg, ConditionalOrder, Order
from apps.orders.services.answers import Submission, codes, stored
from apps.orders.services.cancelling import request_cancel
from apps.orders.services.conditional_steps import (
    announce,
    end,
    end_legs,
    live_legs,
    settle_status,
    take_leg_step,
)
from apps.orders.services.plans import (
    PLAN_WATCH,
    STREAM_AGE_MS_MAX,
    NotNow,
    holds_enough,
    is_stopped,
    request_of,
    wait_if_not_now,
)
from apps.orders.services.steps import sender_of
from apps.orders.services.submission import submit_order
from qts.domain.events import ConditionalRefused, ConditionalTriggered
from qts.domain.orders import WORKING, Status
from qts.domain.orders.conditional import EntryState, LegEvent, LegState, Look, exit_quantity
from qts.domain.values import Side
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)

WAITS_FOR_ENTRY: Final = "ENTRY"  # the rest of the entry order is being asked back


def release_leg(leg_id: UUID, *, price_vnd: int, now: datetime, received_ns: int | None = None) -> bool:
    """Send the order of a leg whose condition was met by `price_vnd`; False when it waits or is over.

    Only in continuous trading and on a live stream. What the gate refuses for the moment is tried again, what it
    refuses for good ends the leg; the leg beside it goes on watching then, and is over when this one has an order.
    """
    account_id, conditional_id = ConditionalLeg.objects.values_list("conditional__account_id", "conditional_id").get(
        id=leg_id
    )
    try:
        with transaction.atomic():
            lock_account(account_id)
            row = lock_conditional(conditional_id)
            passing("trigger.met")
            released = _release(row, row.legs.get(id=leg_id), price_vnd, now, received_ns)
    except NotNow as held:
        _note_wait(leg_id, str(held), price_vnd if held.is_rate else None)
        return False
    if released:
        passing("trigger.committed")
    return released


def _release(
    row: ConditionalOrder, leg: ConditionalLeg, price_vnd: int, now: datetime, received_ns: int | None
) -> bool:
    if leg.state != LegState.WATCHING:
        return False
    if is_stopped(row, leg.side):
        end(row, LegEvent.CANCEL, reason="kill switch is engaged", actor=PLAN_WATCH, now=now)
        return False
    market = market_state(row.symbol, now)
    if market is None or not look_of(market, price_vnd).counts:
        return False
    entry = row.entry
    if entry is not None and not entry_state(row, entry).is_over:
        _ask_back(leg, entry, price_vnd, now)
        return False
    if entry is not None:
        leg.quantity = exit_quantity(entry_state(row, entry), leg.asked_quantity, row.lot_size)
    side = Side(leg.side)
    done = submit_order(
        account_id=row.account_id,
        request=request_of(market, side=side, quantity=leg.quantity, limit_vnd=leg.limit_vnd, name=f"cond-{leg.id}"),
        actor=sender_of(row),
        now=now,
        strategy_id=row.strategy_id,
        caused_by_received_ns=received_ns,
    )
    passing("trigger.submitted")
    unsettled = side is Side.SELL and holds_enough(row.account_id, row.symbol, leg.quantity, now)
    wait_if_not_now(done.breaches, unsettled=unsettled)
    _conclude(row, leg, done, price_vnd, now)
    return done.accepted


def _conclude(row: ConditionalOrder, leg: ConditionalLeg, done: Submission, price_vnd: int, now: datetime) -> None:
    leg.order_id = done.order_id
    if done.accepted:
        take_leg_step(leg, LegEvent.TRIGGER, now)
        end_legs(live_legs(row, but=leg.id), LegEvent.CANCEL, now)
        settle_status(row, now, f"{leg.role} met at {price_vnd}")
    else:
        take_leg_step(leg, LegEvent.REFUSE, now)
        row.breaches = [stored(breach) for breach in done.breaches]
        settle_status(row, now, codes(done.breaches))
    kind = ConditionalTriggered if done.accepted else ConditionalRefused
    announce(row, kind, actor=PLAN_WATCH, now=now, order_id=done.order_id, price_vnd=price_vnd)
    passing("trigger.concluded")
    log.info("conditional.released", conditional_id=str(row.id), leg=leg.role, price_vnd=price_vnd, state=leg.state)


def _ask_back(leg: ConditionalLeg, entry: Order, price_vnd: int, now: datetime) -> None:
    """The exit is due while its entry still buys: the rest is taken back first, so that nothing is bought behind it.
    One that is over, and of which a counted match is still on its way, is waited for."""
    if leg.met_vnd is None:
        leg.met_vnd, leg.waits_for = price_vnd, WAITS_FOR_ENTRY
        leg.save(update_fields=["met_vnd", "waits_for"])
    if entry.status in WORKING and entry.status != Status.CANCEL_PENDING and not entry.cancel_wanted:
        request_cancel(order_id=entry.id, actor=PLAN_WATCH, now=now)


def entry_state(row: ConditionalOrder, entry: Order) -> EntryState:
    on_its_way = max(0, entry.reported_filled_quantity - entry.filled_quantity)
    return EntryState(Status(entry.status), row.quantity, entry.filled_quantity, on_its_way)


def look_of(market: MarketState, price_vnd: int) -> Look:
    is_fresh = market.stream_age_ms is not None and market.stream_age_ms <= STREAM_AGE_MS_MAX
    return Look(price_vnd, market.session, market.is_tradable, is_fresh and market.last_vnd > 0)


def _note_wait(leg_id: UUID, waits_for: str, met_vnd: int | None) -> None:
    """Only a rate limit keeps what was met: after stale data or a closed session the next fresh price decides."""
    rows = ConditionalLeg.objects.filter(id=leg_id, state=LegState.WATCHING)
    changes: dict[str, object] = {"waits_for": waits_for[:200]}
    if met_vnd is not None:
        changes["met_vnd"] = met_vnd
    rows.exclude(waits_for=waits_for[:200]).update(**changes)
