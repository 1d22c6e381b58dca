"""Taking in a conditional order, and taking it back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_account
from apps.marketdata.selectors import MarketState, market_state
from apps.orders.locks import lock_conditional
from apps.orders.models import ConditionalLeg, ConditionalOrder
from apps.orders.selectors import breach_from
from apps.orders.services.access import may_trade
from apps.orders.services.answers import codes, stored
from apps.orders.services.cancelling import request_cancel
from apps.orders.services.conditional_steps import announce, end, end_legs, is_active, keep_trigger, live_legs
from apps.orders.services.conditional_steps import take_leg_step as step_leg
from apps.orders.services.plans import PlanAnswer, is_stopped, request_of
from apps.orders.services.submission import submit_order
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import ConditionalPlaced
from qts.domain.market import to_vietnam
from qts.domain.orders import WORKING
from qts.domain.orders.conditional import ConditionalStatus, ConditionalTerms, Leg, LegEvent, LegState, legs_of
from qts.domain.orders.conditional_checks import terms_refusals
from qts.domain.values import Actor


def place_conditional(
    *, account_id: UUID, terms: ConditionalTerms, actor: Actor, now: datetime, strategy_id: str = ""
) -> PlanAnswer:
    """Watch for a price, or send an order now and watch for what becomes of it. No money is reserved for what is only
    watched: the gate is asked when it triggers.

    The same `client_order_id` with the same content is answered as it was the first time, with other content it is
    refused. What cannot be watched is refused with every reason and leaves nothing behind.
    """
    with transaction.atomic():
        account = lock_account(account_id)
        if account is None or not may_trade(actor, account_id):
            return PlanAnswer(None, (Breach(RuleCode.ACCOUNT_NOT_FOUND),))
        known = ConditionalOrder.objects.filter(account_id=account_id, client_order_id=terms.client_order_id).first()
        if known is not None:
            return _answer_again(known, terms)
        market = market_state(terms.symbol, now)
        if market is None:
            return PlanAnswer(None, (Breach(RuleCode.UNKNOWN_SYMBOL),))
        row = _row(account_id, terms, market, actor, now)
        row.strategy_id = strategy_id
        breaches = terms_refusals(
            terms,
            instrument=market.instrument,
            rules=market.rules,
            last_vnd=market.mark_vnd,
            today=to_vietnam(now).date(),
        )
        if is_stopped(row, terms.exit_side):
            breaches = (*breaches, Breach(RuleCode.KILL_SWITCH_ENGAGED))
        if breaches:
            return PlanAnswer(None, breaches)
        row.save(force_insert=True)
        for number, leg in enumerate(legs_of(terms), start=1):
            _add_leg(row, number, leg, market.mark_vnd, now)
        if terms.has_entry:
            _enter(row, terms, market, actor, now)
        announce(row, ConditionalPlaced, actor=actor, now=now, order_id=row.entry_id)
    return _answer(row)


def cancel_conditional(*, conditional_id: UUID, actor: Actor, now: datetime, reason: str = "") -> PlanAnswer:
    """Stop watching; the entry order, as far as it still works, is asked back too. Orders that legs have made already
    are orders of their own and stay."""
    account_id = ConditionalOrder.objects.filter(id=conditional_id).values_list("account_id", flat=True).first()
    if account_id is None or not may_trade(actor, account_id):
        return PlanAnswer(None, (Breach(RuleCode.PLAN_NOT_FOUND),))
    with transaction.atomic():
        lock_account(account_id)
        row = lock_conditional(conditional_id)
        if row.status == ConditionalStatus.CANCELLED:
            return PlanAnswer(row.id)
        if not is_active(row):
            return PlanAnswer(row.id, (Breach(RuleCode.PLAN_NOT_ACTIVE, detail=f"it is {row.status}"),))
        end(row, LegEvent.CANCEL, reason=reason or "cancelled by request", actor=actor, now=now)
        if row.entry is not None and row.entry.status in WORKING:
            request_cancel(order_id=row.entry.id, actor=actor, now=now)
    return PlanAnswer(row.id)


def _row(
    account_id: UUID, terms: ConditionalTerms, market: MarketState, actor: Actor, now: datetime
) -> ConditionalOrder:
    return ConditionalOrder(
        account_id=account_id,
        client_order_id=terms.client_order_id,
        body_hash=terms.body_hash,
        kind=terms.kind,
        symbol=terms.symbol,
        exchange=market.instrument.exchange,
        lot_size=market.instrument.lot_size,
        side=terms.side,
        quantity=terms.quantity,
        valid_until=terms.valid_until,
        status=ConditionalStatus.ACTIVE,
        actor_kind=actor.kind,
        actor_id=actor.id,
        placed_at=now,
        updated_at=now,
    )


def _add_leg(row: ConditionalOrder, number: int, leg: Leg, mark_vnd: int, now: datetime) -> None:
    trigger = leg.trigger
    added = ConditionalLeg(
        conditional=row,
        number=number,
        role=leg.role,
        state=LegState.DORMANT,
        side=leg.side,
        asked_quantity=leg.quantity,
        quantity=leg.quantity,
        limit_vnd=leg.limit_vnd,
        direction=trigger.direction if trigger else "",
        trail_vnd=trigger.trail_vnd if trigger else 0,
        step_vnd=trigger.step_vnd if trigger else 0,
    )
    if leg.waits_for_entry:
        keep_trigger(added, trigger)
        added.save(force_insert=True)
    else:
        keep_trigger(added, trigger.armed(mark_vnd) if trigger else None)
        added.save(force_insert=True)
        step_leg(added, LegEvent.WAKE, now)


def _enter(row: ConditionalOrder, terms: ConditionalTerms, market: MarketState, actor: Actor, now: datetime) -> None:
    """Its order goes through the gate like every other, or is held for the session that takes it; refused there,
    nothing is left to watch."""
    request = request_of(
        market, side=terms.side, quantity=terms.quantity, limit_vnd=terms.entry_vnd, name=f"cond-{row.id}-entry"
    )
    done = submit_order(
        account_id=row.account_id,
        request=replace(request, holds=True),
        actor=actor,
        now=now,
        strategy_id=row.strategy_id,
    )
    row.entry_id = done.order_id
    if not done.accepted:
        end_legs(live_legs(row), LegEvent.CANCEL, now)
        row.status = ConditionalStatus.REFUSED
        row.breaches, row.reason = [stored(breach) for breach in done.breaches], codes(done.breaches)


def _answer_again(known: ConditionalOrder, terms: ConditionalTerms) -> PlanAnswer:
    if known.body_hash != terms.body_hash:
        return PlanAnswer(None, (Breach(RuleCode.IDEMPOTENCY_KEY_REUSED),))
    return _answer(known)


def _answer(row: ConditionalOrder) -> PlanAnswer:
    """As it was answered first: only a refused entry order is a refusal of the whole."""
    was_refused = row.entry is not None and row.entry.breaches
    return PlanAnswer(row.id, tuple(breach_from(one) for one in row.breaches) if was_refused else ())
