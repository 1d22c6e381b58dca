"""What conditional, sliced and basket orders have in common: an order at the market, when its refusal is not the last
word, and who is stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import MarketState
from apps.orders.services.answers import codes
from apps.risk import selectors as risk
from qts.domain.errors import Breach, RuleCode, TransientError
from qts.domain.market import admits
from qts.domain.orders import OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Session, Side

PLAN_WATCH: Final = Actor(ActorKind.SYSTEM, "plan-watch")
STREAM_AGE_MS_MAX: Final = 15_000  # a price is fresh while the stream was heard of so lately
# Refusals that only say that this is not the moment. Of those a rate limit is no reason to forget a price that was met.
_RATES: Final = frozenset(
    {
        RuleCode.USER_RATE_EXCEEDS_MAX,
        RuleCode.STRATEGY_RATE_EXCEEDS_MAX,
        RuleCode.ACCOUNT_RATE_EXCEEDS_MAX,
        RuleCode.BROKER_RATE_EXCEEDS_MAX,
    }
)
_NOT_NOW: Final = _RATES | {
    RuleCode.MARKET_DATA_STALE,
    RuleCode.MARKET_DATA_MISSING,
    RuleCode.MARKET_DATA_GAP,
    RuleCode.QUOTE_STALE,
    RuleCode.SIGNAL_TOO_OLD,
    RuleCode.CHECK_FAILED,
    RuleCode.SESSION_FORBIDS_ORDER_TYPE,
    RuleCode.SECURITY_NOT_TRADABLE,
    RuleCode.ACCOUNT_NOT_ARMED,
    RuleCode.SYMBOL_NOT_ARMED,
    RuleCode.KILL_SWITCH_ENGAGED,  # a hold that passes; what a switch stops is cancelled before it gets here
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """`plan_id` is None when nothing was recorded. One that was recorded may be refused all the same: its entry order
    did not pass the gate."""

    plan_id: UUID | None
    breaches: tuple[Breach, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.breaches


class NotNow(Exception):
    """The gate's refusal says that another moment may do; raised to take back the refused order's record."""

    def __init__(self, breaches: tuple[Breach, ...]) -> None:
        super().__init__(codes(breaches))
        self.is_rate = all(breach.code in _RATES for breach in breaches)


def wait_if_not_now(breaches: tuple[Breach, ...], *, unsettled: bool = False) -> None:
    """Raises NotNow. `unsettled`: shares that may not be sold yet would do for the sale."""
    passing = _NOT_NOW | {RuleCode.SELLABLE_QUANTITY_EXCEEDED} if unsettled else _NOT_NOW
    if breaches and all(breach.code in passing for breach in breaches):
        raise NotNow(breaches)


def holds_enough(account_id: UUID, symbol: str, quantity: int, now: Any) -> bool:
    """Whether what is held and promised to nobody would do, shares that have not arrived included."""
    held = accounts.account_state(account_id, now).position(symbol)
    return held.quantity - held.reserved_sell_quantity >= quantity


def alone(plan_id: UUID, act: Callable[[], int]) -> int:
    """What `act` counts. One that fails is told and tried again by the next look: it must not keep those of everybody
    else from being watched. A TransientError is of all of them and goes on."""
    try:
        return act()
    except TransientError:
        raise
    except Exception:
        log.exception("plan_failed", plan_id=str(plan_id))
        return 0


def is_stopped(plan: Any, side: str) -> bool:
    """Whether a kill switch or a halt takes back what `plan` (a row with an account, a security and an actor) keeps."""
    return risk.is_to_be_cancelled(
        plan.account_id,
        plan.strategy_id,
        reducing=side == Side.SELL,
        symbol=plan.symbol,
        exchange=plan.exchange,
        user_id=plan.actor_id if plan.actor_kind == ActorKind.USER else "",
    )


def request_of(market: MarketState, *, side: Side, quantity: int, limit_vnd: int | None, name: str) -> OrderRequest:
    """A limit order; without a limit at the market, and where the exchange has no such order, at the worst price that
    today's band lets it have."""
    symbol, exchange = market.instrument.symbol, market.instrument.exchange
    if limit_vnd is None and admits(market.rules, exchange, Session.CONTINUOUS, OrderType.MTL):
        return OrderRequest(symbol, side, OrderType.MTL, quantity, None, name)
    band_vnd = market.band.ceiling_vnd if side is Side.BUY else market.band.floor_vnd
    return OrderRequest(symbol, side, OrderType.LO, quantity, limit_vnd or band_vnd, name)
