"""From an intent to a recorded decision and its order, in one transaction that may be repeated."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from apps.eventlog import services as eventlog
from apps.orders import services as orders
from apps.risk import services as risk
from apps.strategies.locks import lock_strategy
from apps.strategies.models import Decision, DecisionOutcome, Mode, Strategy, StrategyStatus
from apps.strategies.selectors.promotions import venue_problem
from apps.strategies.services.lifecycle import RUNAWAY_REASON, stop_runaway
from qts.domain.events import OrderProposed
from qts.domain.orders import OrderRequest
from qts.domain.strategy.sizing import NoOrder, Proposal
from qts.domain.values import Actor, ActorKind

_NAMESPACE = UUID("6f0d3a0e-6c50-4b2c-9a5c-0f9f5c3b7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What the strategy was asked about: the event, the indicators, and the raw message behind it."""

    event_key: str  # unique per strategy run, e.g. "bar:SSI:1763690400000"
    trigger: dict[str, Any]
    indicators: dict[str, float]
    indicators_previous: dict[str, float]
    wal_position: str
    ts_received_ns: int
    held: int  # of the intent's symbol, when the strategy was asked
    working: int
    at_ms: int  # market time of the question
    intent: dict[str, Any]  # as the strategy said it


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What it came to, in one line, and the whole reasoning as it is stored."""

    symbol: str
    signal: str
    reasoning: dict[str, Any]
    answer: Proposal | NoOrder


def decide(strategy: Strategy, conclusion: Conclusion, cause: Cause, now: datetime) -> Decision | None:
    """Decision and order in one transaction. None when the strategy was stopped meanwhile, or decided this already."""
    decision_id = uuid5(_NAMESPACE, f"{strategy.id}:{strategy.run}:{cause.event_key}")
    with transaction.atomic():
        current = lock_strategy(strategy.id)
        if current.status != StrategyStatus.RUNNING or current.run != strategy.run:
            return None
        if current.code_hash != strategy.code_hash:
            return None  # another version of its code has its word by now
        if Decision.objects.filter(id=decision_id).exists():
            return None
        decision = Decision(
            id=decision_id,
            strategy=current,
            account_id=current.account_id,
            symbol=conclusion.symbol,
            signal=conclusion.signal,
            reasoning=conclusion.reasoning,
            indicators=cause.indicators,
            indicators_previous=cause.indicators_previous,
            trigger=cause.trigger,
            wal_position=cause.wal_position,
            ts_received_ns=cause.ts_received_ns,
            decided_at=now,
            mode=current.mode,
            run=current.run,
            code_hash=strategy.code_hash,
            event_key=cause.event_key,
            held_quantity=cause.held,
            working_quantity=cause.working,
            intent=cause.intent,
        )
        _follow(decision, current, conclusion.answer, cause, now)
        decision.save(force_insert=True)
    return decision


def _follow(decision: Decision, current: Strategy, answer: Proposal | NoOrder, cause: Cause, now: datetime) -> None:
    """What becomes of it: an order, a note of what it would have been, or the reason for neither."""
    if isinstance(answer, NoOrder):
        _skip(decision, answer.reason)
    elif not _keeps_pace(current, cause, now):
        _skip(decision, RUNAWAY_REASON)
        stop_runaway(current, now)
    elif current.mode == Mode.SHADOW:
        _write_down(decision, answer)
    elif problem := venue_problem(current.mode):
        _skip(decision, problem)
    else:
        _submit(decision, answer, now)
        is_accepted = decision.outcome == DecisionOutcome.SUBMITTED
        if not risk.note_answer(str(current.id), is_accepted=is_accepted, now=now):
            stop_runaway(current, now)


def _skip(decision: Decision, reason: str) -> None:
    decision.outcome, decision.outcome_reason = DecisionOutcome.SKIPPED, reason


def _keeps_pace(strategy: Strategy, cause: Cause, now: datetime) -> bool:
    wall_ms, caused_ms = time.time_ns() // 1_000_000, cause.ts_received_ns // 1_000_000
    return risk.pace_strategy(str(strategy.id), wall_ms=wall_ms, caused_ms=caused_ms, now=now)


def _write_down(decision: Decision, proposal: Proposal) -> None:
    decision.side = proposal.side
    decision.quantity = proposal.quantity
    decision.order_type = proposal.order_type
    decision.price_vnd = proposal.price_vnd
    decision.outcome = DecisionOutcome.SHADOWED


def _submit(decision: Decision, proposal: Proposal, now: datetime) -> None:
    _write_down(decision, proposal)
    eventlog.record(_proposed(decision), actor=_actor(decision), now=now)
    submission = orders.submit_order(
        account_id=decision.account_id,
        request=OrderRequest(
            symbol=decision.symbol,
            side=proposal.side,
            order_type=proposal.order_type,
            quantity=proposal.quantity,
            price_vnd=proposal.price_vnd,
            client_order_id=f"decision-{decision.id}",
        ),
        actor=_actor(decision),
        now=now,
        decision_id=decision.id,
        strategy_id=str(decision.strategy_id),
        caused_by_received_ns=decision.ts_received_ns,
    )
    decision.order_id = submission.order_id
    decision.outcome = DecisionOutcome.SUBMITTED if submission.accepted else DecisionOutcome.DENIED
    decision.outcome_reason = ", ".join(breach.code for breach in submission.breaches)


def _actor(decision: Decision) -> Actor:
    return Actor(ActorKind.STRATEGY, str(decision.strategy_id))


def _proposed(decision: Decision) -> OrderProposed:
    return OrderProposed(
        decision_id=str(decision.id),
        strategy_id=str(decision.strategy_id),
        strategy_name=decision.strategy.name,
        account_id=str(decision.account_id),
        symbol=decision.symbol,
        side=decision.side,
        quantity=decision.quantity,
        order_type=decision.order_type,
        price_vnd=decision.price_vnd or 0,
        signal=decision.signal,
        ts_decided_ms=round(decision.decided_at.timestamp() * 1000),
        wal_position=decision.wal_position,
    )
