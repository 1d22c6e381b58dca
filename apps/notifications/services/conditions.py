"""Whether an event is what a rule waits for. Pure: rules and events in, answers out.

A level (price, change, indicator) is met or not met; it fires when it becomes met. Everything else fires each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from apps.notifications.models import AlertKind
from qts.domain.events import (
    Event,
    GapDetected,
    IndicatorCalculated,
    KillSwitchChanged,
    LimitApproached,
    LimitBreached,
    MarginCalled,
    OrderFilled,
    PredictionGenerated,
    QuoteUpdated,
    SentimentGenerated,
    TradingStateChanged,
)

BPS: Final = 10_000
MILLI: Final = 1_000
Facts = Mapping[str, Any]
STREAM_CAUSES: Final = frozenset({"stale-feed", "lost-worker", "venue-uncertain"})
ALL_SYMBOLS: Final = "*"
PRICE_KINDS: Final = frozenset({AlertKind.PRICE_ABOVE, AlertKind.PRICE_BELOW})
CHANGE_KINDS: Final = frozenset({AlertKind.CHANGE_ABOVE, AlertKind.CHANGE_BELOW})
INDICATOR_KINDS: Final = frozenset({AlertKind.INDICATOR_ABOVE, AlertKind.INDICATOR_BELOW})
LEVEL_KINDS: Final = PRICE_KINDS | CHANGE_KINDS | INDICATOR_KINDS
RISING: Final = frozenset({AlertKind.PRICE_ABOVE, AlertKind.CHANGE_ABOVE, AlertKind.INDICATOR_ABOVE})
TOPICS: Final[Mapping[AlertKind, tuple[str, ...]]] = {
    **dict.fromkeys(PRICE_KINDS | CHANGE_KINDS, (QuoteUpdated.topic,)),
    **dict.fromkeys(INDICATOR_KINDS, (IndicatorCalculated.topic,)),
    AlertKind.NEWS: (SentimentGenerated.topic,),
    AlertKind.SIGNAL: (PredictionGenerated.topic,),
    AlertKind.FILL: (OrderFilled.topic,),
    AlertKind.RISK: (
        LimitBreached.topic,
        LimitApproached.topic,
        MarginCalled.topic,
        KillSwitchChanged.topic,
        TradingStateChanged.topic,
    ),
    AlertKind.STREAM: (GapDetected.topic, TradingStateChanged.topic),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule as it is judged."""

    rule_id: UUID
    user_id: int
    kind: AlertKind
    symbol: str
    indicator: str
    threshold: int


def level(wish: Wish, event: Event) -> tuple[bool, Facts] | None:
    """Whether the level is met now, with the numbers; None for an event that says nothing of it."""
    measured = _measured(wish, event)
    if measured is None:
        return None
    value, facts = measured
    is_met = value >= wish.threshold if wish.kind in RISING else value <= wish.threshold
    return is_met, {**facts, "value": value, "threshold": wish.threshold}


def fires_level(kind: AlertKind, *, was_met: bool | None, is_met: bool) -> bool:
    """A price has to cross, so never at the first look; a change or an indicator may be there at the first look."""
    return is_met and (was_met is False or (was_met is None and kind not in PRICE_KINDS))


def happening(wish: Wish, event: Event, accounts: frozenset[str]) -> Facts | None:
    """The numbers of an event that the rule waits for; None for another, or of an account that the person may not
    see."""
    account_id = getattr(event, "account_id", None)
    if account_id is not None and account_id not in accounts:
        return None
    facts: Facts | None = None
    match event:
        case SentimentGenerated() | PredictionGenerated():
            facts = _signal(wish, event)
        case OrderFilled():
            facts = _fill(wish, event)
        case LimitBreached() | LimitApproached() | MarginCalled():
            facts = _limit(event)
        case KillSwitchChanged() | TradingStateChanged():
            facts = _stop(wish, event, accounts)
        case GapDetected() if _touches(wish, event):
            facts = {"what": "gap", "symbols": event.symbols, "reason": event.reason}
    return facts


def _measured(wish: Wish, event: Event) -> tuple[int, dict[str, Any]] | None:
    if isinstance(event, QuoteUpdated) and event.symbol == wish.symbol and event.last_vnd > 0:
        if wish.kind in PRICE_KINDS:
            return event.last_vnd, {"reference_vnd": event.reference_vnd}
        if wish.kind in CHANGE_KINDS and event.reference_vnd > 0:
            change_vnd = event.last_vnd - event.reference_vnd
            # towards zero, so that a level is met when it is reached and not a little before
            bps = abs(change_vnd) * BPS // event.reference_vnd * (1 if change_vnd >= 0 else -1)
            return bps, {"last_vnd": event.last_vnd}
    if isinstance(event, IndicatorCalculated) and event.symbol == wish.symbol and wish.kind in INDICATOR_KINDS:
        return _indicator(event.values.get(wish.indicator), wish.indicator)
    return None


def _indicator(text: str | None, name: str) -> tuple[int, dict[str, Any]] | None:
    try:
        return int(Decimal(text or "") * MILLI), {"indicator": name}
    except (InvalidOperation, OverflowError, ValueError):  # not there yet, or not a number
        return None


def _signal(wish: Wish, event: SentimentGenerated | PredictionGenerated) -> Facts | None:
    if (wish.symbol and event.symbol != wish.symbol) or event.strength_percent < wish.threshold:
        return None
    return {"name": event.name, "direction": event.direction, "percent": event.strength_percent, "reason": event.reason}


def _fill(wish: Wish, event: OrderFilled) -> Facts | None:
    if wish.symbol and event.symbol != wish.symbol:
        return None
    return {
        "side": event.side,
        "quantity": event.fill_quantity,
        "price_vnd": event.fill_price_vnd,
        "filled": event.filled_quantity,
        "of": event.quantity,
        "order_id": event.order_id,
    }


def _limit(event: LimitBreached | LimitApproached | MarginCalled) -> Facts:
    if isinstance(event, MarginCalled):
        return {"what": "margin", "shortfall_vnd": event.shortfall_vnd}
    percent = event.level_percent if isinstance(event, LimitApproached) else 100
    return {"what": "limit", "code": event.code, "limit": event.limit, "actual": event.actual, "percent": percent}


def _stop(wish: Wish, event: KillSwitchChanged | TradingStateChanged, accounts: frozenset[str]) -> Facts | None:
    """What an account's stop says of its losses is not for those who may not see the account. Silent streams and
    workers are health, everything else is risk."""
    kind, _, name = event.scope.partition(":")
    is_health = isinstance(event, TradingStateChanged) and event.cause in STREAM_CAUSES
    if (kind == "account" and name not in accounts) or is_health is not (wish.kind is AlertKind.STREAM):
        return None
    is_on = event.engaged if isinstance(event, KillSwitchChanged) else event.state != "ACTIVE"
    return {"what": "stop" if is_on else "release", "scope": event.scope, "reason": event.reason}


def _touches(wish: Wish, event: GapDetected) -> bool:
    return not wish.symbol or event.symbols == ALL_SYMBOLS or wish.symbol in event.symbols.split(",")
