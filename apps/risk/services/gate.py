"""The pre-trade gate: one snapshot, all rules, under the account's lock: what it saw is still true at the commit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import Error as DatabaseError

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.eventlog.services import record
from apps.marketdata.selectors import market_state
from apps.risk.selectors import effective_limits, kill_states
from qts.domain.errors import Breach, RuleCode, TransientError
from qts.domain.events import LimitBreached
from qts.domain.orders import OrderIntent
from qts.domain.risk import LIMIT_CODES, AccountFacts, MarketFacts, RiskSnapshot, evaluate
from qts.domain.values import Actor, ActorKind

log = structlog.get_logger(__name__)


def pre_trade_check(
    *, account_id: UUID, intent: OrderIntent, now: datetime, open_order_count: int, actor: Actor
) -> tuple[Breach, ...]:
    """All rules that the order breaks; empty when it may go out. Broken limits are announced in the same transaction.

    The caller holds the account's lock and a transaction. A check that cannot answer is a refusal; an error of the
    database is raised, because then nothing can be recorded either.
    """
    try:
        breaches = evaluate(_snapshot(account_id, intent, now, open_order_count, actor), intent)
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("risk.check_failed", account_id=str(account_id), symbol=intent.symbol)
        return (Breach(RuleCode.CHECK_FAILED, detail=type(error).__name__),)
    for breach in breaches:
        _announce(account_id, breach, actor, now)
    return breaches


@dataclass(frozen=True, slots=True)
class _Market:
    facts: MarketFacts | None
    day_pnl_vnd: int | None


def _snapshot(
    account_id: UUID, intent: OrderIntent, now: datetime, open_order_count: int, actor: Actor
) -> RiskSnapshot:
    state = accounts.account_state(account_id, now)
    limits = effective_limits(account_id, intent.symbol, intent.strategy_id)
    position = state.position(intent.symbol)
    market = _market(state, intent, now)
    return RiskSnapshot(
        account=AccountFacts(
            is_active=state.is_active,
            buying_power_vnd=state.buying_power_vnd,
            position_quantity=position.quantity,
            pending_buy_quantity=position.pending_buy_quantity,
            sellable_quantity=position.sellable_quantity,
            open_order_count=open_order_count,
            day_pnl_vnd=market.day_pnl_vnd,
        ),
        market=market.facts,
        limits={code: in_force.limit for code, in_force in limits.items()},
        kills=kill_states(
            account_id,
            intent.strategy_id,
            symbol=intent.symbol,
            exchange=intent.instrument.exchange if intent.instrument else "",
            user_id=actor.id if actor.kind is ActorKind.USER else "",
        ),
        fees=accounts.fee_schedule(),
    )


def _market(state: AccountState, intent: OrderIntent, now: datetime) -> _Market:
    """Without Redis nothing is known of the market, and the rules that need it refuse."""
    if intent.instrument is None:
        return _Market(None, accounts.day_pnl(state))
    try:
        return _Market(_facts(intent.symbol, now), accounts.day_pnl(state))
    except TransientError as error:
        log.warning("risk.market_unknown", symbol=intent.symbol, reason=str(error))
        return _Market(None, None)


def _facts(symbol: str, now: datetime) -> MarketFacts | None:
    state = market_state(symbol, now)
    if state is None:
        return None
    return MarketFacts(
        instrument=state.instrument,
        reference_vnd=state.reference_vnd,
        ceiling_vnd=state.band.ceiling_vnd,
        floor_vnd=state.band.floor_vnd,
        session=state.session,
        is_tradable=state.is_tradable,
        has_quote=state.reference_vnd > 0,
        stream_age_ms=state.stream_age_ms,
    )


def _announce(account_id: UUID, breach: Breach, actor: Actor, now: datetime) -> None:
    if breach.code not in LIMIT_CODES or breach.limit is None or breach.actual is None:
        return
    event = LimitBreached(
        account_id=str(account_id),
        code=breach.code,
        limit=breach.limit,
        actual=breach.actual,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    record(event, actor=actor, now=now)
