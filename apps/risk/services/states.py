"""Trading states that dead-man timers set and take back: what nobody watches must not take on more risk.

A hold is for what mends itself: late data, a worker that comes back, books that agree again. Losses and storms of
rejections engage a kill switch instead, which two people have to release.
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from apps.eventlog.services import record
from apps.risk.models import TradingHold
from apps.risk.services.kill import refuse_scope
from qts.domain.events import TradingStateChanged
from qts.domain.risk.states import TradingState
from qts.domain.values import Actor, ActorKind

DEAD_MAN: Final = Actor(ActorKind.SYSTEM, "dead-man-timer")
Cause = TradingHold.Cause


def hold(
    *, scope: str, cause: TradingHold.Cause, reason: str, now: datetime, state: TradingState = TradingState.REDUCING
) -> bool:
    """Hold a scope back for one cause; True when it was free of that cause."""
    refuse_scope(scope)
    with transaction.atomic():
        TradingHold.objects.bulk_create(
            [TradingHold(scope=scope, cause=cause, state=state, is_on=False, changed_at=now)], ignore_conflicts=True
        )
        is_new = TradingHold.objects.filter(scope=scope, cause=cause, is_on=False).update(
            is_on=True, state=state, reason=reason[:500], changed_at=now
        )
        if is_new:
            _announce(scope, cause, state, reason[:500], now)
    return bool(is_new)


def let_go(*, scope: str, cause: TradingHold.Cause, reason: str, now: datetime) -> bool:
    """The cause is gone; True when it had held the scope. What others hold it for, and kill switches, stay."""
    with transaction.atomic():
        was_held = TradingHold.objects.filter(scope=scope, cause=cause, is_on=True).update(
            is_on=False, reason=reason[:500], changed_at=now
        )
        if was_held:
            _announce(scope, cause, TradingState.ACTIVE, reason[:500], now)
    return bool(was_held)


def _announce(scope: str, cause: str, state: TradingState, reason: str, now: datetime) -> None:
    event = TradingStateChanged(
        scope=scope, cause=str(cause), state=state, reason=reason, ts_market_ms=round(now.timestamp() * 1000)
    )
    record(event, actor=DEAD_MAN, now=now)
