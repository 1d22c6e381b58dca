"""Large orders in parts: taken in, sent slice by slice through the gate, taken back with what works of them."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction

from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import MarketState, market_state
from apps.orders.locks import lock_sliced
from apps.orders.models import Order, Slice, SlicedOrder
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.selectors.sliced import children_of
from apps.orders.services.access import may_trade
from apps.orders.services.answers import codes, stored
from apps.orders.services.cancelling import request_cancel
from apps.orders.services.conditional_release import look_of
from apps.orders.services.plans import (
    PLAN_WATCH,
    NotNow,
    PlanAnswer,
    alone,
    holds_enough,
    is_stopped,
    request_of,
    wait_if_not_now,
)
from apps.orders.services.steps import REASON_LENGTH_MAX, sender_of
from apps.orders.services.submission import submit_order
from apps.risk import selectors as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import PlanEvent, SlicedEnded, SlicedReleased, SlicedStarted
from qts.domain.market import session_bounds, to_vietnam
from qts.domain.orders.slicing import (
    Child,
    SlicedStatus,
    SliceKind,
    SliceTerms,
    filled_of,
    iceberg_part,
    slice_refusals,
    slices_due,
    trading_s,
    twap_part,
)
from qts.domain.values import Actor, Exchange, Side
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)


def place_sliced(
    *, account_id: UUID, terms: SliceTerms, actor: Actor, now: datetime, strategy_id: str = ""
) -> PlanAnswer:
    """Take in a large order; its first part goes out with the next look of the watcher, a second away.

    The same `client_order_id` with the same content is answered as it was the first time, with other content it is
    refused. What cannot begin is refused with every reason and leaves nothing behind.
    """
    with transaction.atomic():
        account = lock_account(account_id)
        if account is None or not may_trade(actor, account_id):
            return PlanAnswer(None, (Breach(RuleCode.ACCOUNT_NOT_FOUND),))
        known = SlicedOrder.objects.filter(account_id=account_id, client_order_id=terms.client_order_id).first()
        if known is not None:
            reused = known.body_hash != terms.body_hash
            return PlanAnswer(None, (Breach(RuleCode.IDEMPOTENCY_KEY_REUSED),)) if reused else PlanAnswer(known.id)
        market = market_state(terms.symbol, now)
        if market is None:
            return PlanAnswer(None, (Breach(RuleCode.UNKNOWN_SYMBOL),))
        row = _row(account_id, terms, market, actor, now)
        row.strategy_id = strategy_id
        breaches = slice_refusals(terms, instrument=market.instrument, rules=market.rules, now=now)
        if is_stopped(row, terms.side):
            breaches = (*breaches, Breach(RuleCode.KILL_SWITCH_ENGAGED))
        if breaches:
            return PlanAnswer(None, breaches)
        row.save(force_insert=True)
        _announce(row, SlicedStarted, actor=actor, now=now)
    return PlanAnswer(row.id)


def cancel_sliced(*, sliced_id: UUID, actor: Actor, now: datetime, reason: str = "") -> PlanAnswer:
    """Send nothing more and ask back what works of it."""
    account_id = SlicedOrder.objects.filter(id=sliced_id).values_list("account_id", flat=True).first()
    if account_id is None or not may_trade(actor, account_id):
        return PlanAnswer(None, (Breach(RuleCode.PLAN_NOT_FOUND),))
    with transaction.atomic():
        lock_account(account_id)
        row = lock_sliced(sliced_id)
        if row.status == SlicedStatus.CANCELLED:
            return PlanAnswer(row.id)
        if row.status != SlicedStatus.ACTIVE:
            return PlanAnswer(row.id, (Breach(RuleCode.PLAN_NOT_ACTIVE, detail=f"it is {row.status}"),))
        _end(row, SlicedStatus.CANCELLED, reason=reason or "cancelled by request", actor=actor, now=now)
        _ask_back(row, actor, now)
    return PlanAnswer(row.id)


def stop_killed_sliced(now: datetime) -> int:
    """End what an engaged kill switch or a halt would take back if it were an order; how many. The parts that work are
    orders of their own, and are taken back as such."""
    if not risk.is_anything_stopped():
        return 0
    rows = SlicedOrder.objects.filter(status=SlicedStatus.ACTIVE).order_by("recorded_at")
    return sum(alone(row.id, partial(_stop, row.id, row.account_id, now)) for row in rows if is_stopped(row, row.side))


def _stop(sliced_id: UUID, account_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        row = lock_sliced(sliced_id)
        if row.status != SlicedStatus.ACTIVE:
            return False
        _end(row, SlicedStatus.CANCELLED, reason="kill switch is engaged", actor=PLAN_WATCH, now=now)
    return True


def advance_sliced(now: datetime) -> int:
    """Send the parts that are due and end what is over; how many parts went out. Each parent in a transaction of its
    own, under its account's lock: whoever comes second finds the part sent."""
    active = SlicedOrder.objects.filter(status=SlicedStatus.ACTIVE).order_by("recorded_at")
    stopped = risk.is_anything_stopped()
    return sum(
        alone(sliced_id, partial(_advance, sliced_id, account_id, now, is_anything_stopped=stopped))
        for sliced_id, account_id in active.values_list("id", "account_id")
    )


def _advance(sliced_id: UUID, account_id: UUID, now: datetime, *, is_anything_stopped: bool) -> bool:
    try:
        with transaction.atomic():
            lock_account(account_id)
            row = lock_sliced(sliced_id)
            if row.status != SlicedStatus.ACTIVE:
                return False
            if is_anything_stopped and is_stopped(row, row.side):
                _end(row, SlicedStatus.CANCELLED, reason="kill switch is engaged", actor=PLAN_WATCH, now=now)
                return False
            children = children_of(row.id)
            if _is_over(row, children, now):
                return False
            sent = _send_part(row, _part(row, children, now), now)
    except NotNow as held:
        SlicedOrder.objects.filter(id=sliced_id, status=SlicedStatus.ACTIVE).update(waits_for=str(held)[:200])
        return False
    if sent:
        passing("slice.committed")
    return sent


def _is_over(row: SlicedOrder, children: tuple[Child, ...], now: datetime) -> bool:
    left = row.quantity - filled_of(children)
    if left <= 0:
        _end(row, SlicedStatus.DONE, reason="", actor=PLAN_WATCH, now=now)
        return True
    if _time_is_over(row, now):  # asked first: what is taken back here stops nothing
        if any(child.works for child in children):
            _ask_back(row, PLAN_WATCH, now)
        else:
            _end(row, SlicedStatus.EXPIRED, reason=f"its time is over, {left} are left", actor=PLAN_WATCH, now=now)
        return True
    if any(child.stops_its_parent for child in children):
        _end(row, SlicedStatus.STOPPED, reason="a slice was rejected or taken back", actor=PLAN_WATCH, now=now)
        return True
    return False


def _time_is_over(row: SlicedOrder, now: datetime) -> bool:
    local = to_vietnam(now)
    placed, rules = to_vietnam(row.placed_at), marketdata.rules_at(now)
    if local.date() > placed.date() or local.time() >= session_bounds(rules, Exchange(row.exchange))[1]:
        return True
    return row.minutes is not None and _elapsed_s(row, now) >= row.minutes * 60


def _elapsed_s(row: SlicedOrder, now: datetime) -> int:
    return trading_s(marketdata.rules_at(row.placed_at), Exchange(row.exchange), row.placed_at, now)


def _part(row: SlicedOrder, children: tuple[Child, ...], now: datetime) -> int:
    if row.kind == SliceKind.ICEBERG:
        return iceberg_part(quantity=row.quantity, show_quantity=row.show_quantity or 0, children=children)
    slices = row.slices or 1
    due = slices_due(slices=slices, elapsed_s=_elapsed_s(row, now), total_s=(row.minutes or 0) * 60)
    return twap_part(quantity=row.quantity, slices=slices, due=due, lot_size=row.lot_size, children=children)


def _send_part(row: SlicedOrder, quantity: int, now: datetime) -> bool:
    """Raises NotNow. Only in continuous trading on a live stream; a refusal for good stops the whole."""
    market = market_state(row.symbol, now) if quantity else None
    if market is None or not look_of(market, market.last_vnd).counts:
        return False
    passing("slice.due")
    number, side = row.parts.count() + 1, Side(row.side)
    request = request_of(market, side=side, quantity=quantity, limit_vnd=row.price_vnd, name=f"slice-{row.id}-{number}")
    done = submit_order(
        account_id=row.account_id,
        # equal parts in a row are the plan that somebody confirmed, not a slip of the hand
        request=replace(request, confirmations=((RuleCode.DUPLICATE_ORDER, quantity),)),
        actor=sender_of(row),
        now=now,
        strategy_id=row.strategy_id,
    )
    passing("slice.submitted")
    unsettled = side is Side.SELL and holds_enough(row.account_id, row.symbol, quantity, now)
    wait_if_not_now(done.breaches, unsettled=unsettled)
    if done.order_id is not None:
        Slice.objects.create(parent=row, number=number, order_id=done.order_id)
    row.waits_for, row.updated_at = "", now
    if done.accepted:
        _announce(row, SlicedReleased, actor=PLAN_WATCH, now=now, order_id=done.order_id)
        passing("slice.counted")
    else:
        row.breaches = [stored(breach) for breach in done.breaches]
        _end(row, SlicedStatus.STOPPED, reason=codes(done.breaches), actor=PLAN_WATCH, now=now)
    return done.accepted


def _ask_back(row: SlicedOrder, actor: Actor, now: datetime) -> None:
    working = Order.objects.filter(slice__parent=row, status__in=OPEN_STATUSES, cancel_wanted=False)
    for order_id in working.order_by("id").values_list("id", flat=True):
        answer = request_cancel(order_id=order_id, actor=actor, now=now)
        if not answer.accepted:
            log.info("slicing.not_taken_back", order_id=str(order_id), codes=codes(answer.breaches))


def _end(row: SlicedOrder, status: SlicedStatus, *, reason: str, actor: Actor, now: datetime) -> None:
    row.status, row.reason, row.waits_for, row.updated_at = status, reason[:REASON_LENGTH_MAX], "", now
    _announce(row, SlicedEnded, actor=actor, now=now)


def _row(account_id: UUID, terms: SliceTerms, market: MarketState, actor: Actor, now: datetime) -> SlicedOrder:
    return SlicedOrder(
        account_id=account_id,
        client_order_id=terms.client_order_id,
        body_hash=terms.body_hash,
        kind=terms.kind,
        symbol=terms.symbol,
        exchange=market.instrument.exchange,
        lot_size=market.instrument.lot_size,
        side=terms.side,
        quantity=terms.quantity,
        price_vnd=terms.price_vnd,
        show_quantity=terms.show_quantity,
        slices=terms.slices,
        minutes=terms.minutes,
        status=SlicedStatus.ACTIVE,
        actor_kind=actor.kind,
        actor_id=actor.id,
        placed_at=now,
        updated_at=now,
    )


def _announce(
    row: SlicedOrder, kind: type[PlanEvent], *, actor: Actor, now: datetime, order_id: UUID | None = None
) -> None:
    """Record the event and save the row."""
    event = kind(
        plan_id=str(row.id),
        account_id=str(row.account_id),
        kind=row.kind,
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        status=row.status,
        released_order_id=str(order_id) if order_id else "",
        price_vnd=row.price_vnd or 0,
        reason=row.reason,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    row.last_event_id = eventlog.record(event, actor=actor, now=now)
    row.save()
