"""Stop-loss, take-profit and trailing exits: announced here, sold by orders, through the gate like every order."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.eventlog.services import record
from apps.marketdata.selectors import MarketState, market_state
from apps.risk.locks import lock_exit_plan
from apps.risk.models import ExitPlan
from apps.risk.selectors.limits import effective_limits
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.events import ExitRequested
from qts.domain.portfolio import ExitLevels, exit_reason
from qts.domain.values import Actor, ActorKind

EXIT_MONITOR: Final = Actor(ActorKind.SYSTEM, "exit-monitor")
RETRY_S: Final = 30  # of market time: an exit that was refused or is not filled is asked for again
STREAM_AGE_MS_MAX: Final = 15_000  # where no limit says how old a price may be

log = structlog.get_logger(__name__)


def set_exit_plan(*, account_id: UUID, symbol: str, levels: ExitLevels, actor: Actor, now: datetime) -> int:
    """Replace the plan of a held position; the new one's id. Raises TerminalError for levels that make no sense, for a
    position that is not held, and for levels that the last price has passed already."""
    if levels.problem:
        raise TerminalError(levels.problem)
    if not accounts.account_state(account_id, now).position(symbol).quantity:
        raise TerminalError(f"{symbol} is not held")
    market = market_state(symbol, now)
    mark = market.mark_vnd if market else 0
    if not mark:
        raise TerminalError(f"{symbol} has no price now")
    if reason := exit_reason(levels, last_vnd=mark, peak_vnd=mark):
        raise TerminalError(f"the last price {mark:,} VND has passed the {reason} already: sell instead")
    with transaction.atomic():
        if known := lock_exit_plan(account_id, symbol):
            _end(known)
        plan = ExitPlan.objects.create(
            account_id=account_id,
            symbol=symbol,
            stop_vnd=levels.stop_vnd,
            target_vnd=levels.target_vnd,
            trail_bps=levels.trail_bps,
            peak_vnd=mark,
            set_by=str(actor),
            set_at=now,
        )
    log.info("risk.exit_plan_set", account_id=str(account_id), symbol=symbol, actor=str(actor))
    return plan.id


def clear_exit_plan(*, account_id: UUID, symbol: str, actor: Actor) -> bool:
    """True when there was one. An exit order that works already stays in the market."""
    with transaction.atomic():
        known = lock_exit_plan(account_id, symbol)
        if known is None:
            return False
        _end(known)
    log.info("risk.exit_plan_cleared", account_id=str(account_id), symbol=symbol, actor=str(actor))
    return True


def watch_exits(state: AccountState, now: datetime) -> list[str]:
    """Ask for the exit of each position whose plan calls for it; the symbols that were asked for by this look."""
    symbols = ExitPlan.objects.filter(account_id=state.account_id, is_active=True).values_list("symbol", flat=True)
    if not symbols:
        return []
    stale = effective_limits(state.account_id).get(RuleCode.MARKET_DATA_STALE)
    age_ms_max = stale.limit if stale else STREAM_AGE_MS_MAX
    return [symbol for symbol in symbols if _watch(state, symbol, now, age_ms_max)]


def _watch(state: AccountState, symbol: str, now: datetime, age_ms_max: int) -> bool:
    """Only a price of today on a live stream counts: the last word before a silence must not sell anything."""
    market = market_state(symbol, now)
    held = state.position(symbol)
    with transaction.atomic():
        plan = lock_exit_plan(state.account_id, symbol)
        if plan is None:
            return False
        if not held.quantity and not held.reserved_sell_quantity:
            _end(plan)
            return False
        if market is None or not _is_live(market, age_ms_max):
            return False
        plan.peak_vnd = max(plan.peak_vnd, market.last_vnd)
        levels = ExitLevels(plan.stop_vnd, plan.target_vnd, plan.trail_bps)
        reason = exit_reason(levels, last_vnd=market.last_vnd, peak_vnd=plan.peak_vnd)
        lots = held.sellable_quantity - held.sellable_quantity % market.instrument.lot_size
        is_due = reason is not None and lots > 0 and market.is_tradable and _may_ask(plan, now)
        if is_due and reason is not None:
            plan.requested_at, plan.request_reason = now, reason
            event = ExitRequested(
                account_id=str(state.account_id),
                symbol=symbol,
                quantity=lots,
                reason=reason,
                ts_market_ms=round(now.timestamp() * 1000),
            )
            record(event, actor=EXIT_MONITOR, now=now)
        plan.save(update_fields=["peak_vnd", "requested_at", "request_reason"])
    return is_due


def _is_live(market: MarketState, age_ms_max: int) -> bool:
    return bool(market.last_vnd) and market.stream_age_ms is not None and market.stream_age_ms <= age_ms_max


def _may_ask(plan: ExitPlan, now: datetime) -> bool:
    return plan.requested_at is None or now - plan.requested_at >= timedelta(seconds=RETRY_S)


def _end(plan: ExitPlan) -> None:
    plan.is_active = False
    plan.save(update_fields=["is_active"])
