"""A strategy that has lost its mind is stopped before its next order, in the transaction that would have made it."""

from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction

from apps.risk.locks import lock_pulse
from apps.risk.models import StrategyPulse
from apps.risk.selectors import strategy_scope
from apps.risk.services.kill import engage_kill_switch
from qts.domain.values import Actor, ActorKind

RUNAWAY: Final = Actor(ActorKind.SYSTEM, "runaway-watch")
WINDOW_MS: Final = 1_000

log = structlog.get_logger(__name__)


def pace_strategy(strategy_id: str, *, wall_ms: int, caused_ms: int | None = None, now: datetime) -> bool:
    """Count one order that a strategy is about to send; False when it is one too many within a second.

    Its kill switch is engaged then, in the caller's transaction: the order must not be submitted, and no later one
    passes the gate. `wall_ms` is the wall clock: a market clock that runs fast does not make a strategy slower.
    `caused_ms` is when the data behind the order came, by the same clock: a machine that takes long over each order
    does not make a strategy slower either.
    """
    most = settings.RUNAWAY_ORDERS_PER_SECOND_MAX
    with transaction.atomic(savepoint=False):
        pulse = lock_pulse(strategy_id)
        ordered, caused = _recent(pulse.ordered_at_ms, wall_ms), _recent(pulse.caused_at_ms, caused_ms)
        if max(len(ordered), len(caused)) >= most:
            _stop(strategy_id, f"more than {most} orders in a second", now)
            return False
        StrategyPulse.objects.filter(strategy_id=strategy_id).update(
            ordered_at_ms=[*ordered, wall_ms], caused_at_ms=caused if caused_ms is None else [*caused, caused_ms]
        )
    return True


def note_answer(strategy_id: str, *, is_accepted: bool, now: datetime) -> bool:
    """Count the gate's refusals in a row; False when they became too many, and the strategy was stopped."""
    with transaction.atomic(savepoint=False):
        pulse = lock_pulse(strategy_id)
        counted = 0 if is_accepted else pulse.refusals_in_a_row + 1
        is_over = counted >= settings.RUNAWAY_REFUSALS_IN_A_ROW_MAX
        if is_over:
            _stop(strategy_id, f"{counted} orders in a row were refused", now)
            counted = 0  # released by two people, it begins anew
        if counted != pulse.refusals_in_a_row:
            StrategyPulse.objects.filter(strategy_id=strategy_id).update(refusals_in_a_row=counted)
    return not is_over


def stop_losing_strategy(strategy_id: str, *, loss_vnd: int, limit_vnd: int, now: datetime) -> bool:
    """Stop a strategy whose own trades lost more today than the limit set for it; True when it was running free."""
    if loss_vnd <= limit_vnd:
        return False
    return _stop(strategy_id, f"lost {loss_vnd:,} VND today, allowed are {limit_vnd:,} VND", now)


def _recent(moments_ms: list[int], now_ms: int | None) -> list[int]:
    """Later ones too: after a worker's end, what it took and left undone comes after what its successor has seen."""
    return [] if now_ms is None else [at_ms for at_ms in moments_ms if abs(at_ms - now_ms) < WINDOW_MS]


def _stop(strategy_id: str, reason: str, now: datetime) -> bool:
    log.error("risk.runaway_strategy", strategy_id=strategy_id, reason=reason)
    return engage_kill_switch(scope=strategy_scope(strategy_id), reason=f"runaway: {reason}", actor=RUNAWAY, now=now)
