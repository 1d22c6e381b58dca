"""How close an account is to its limits."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.marketdata.selectors import stream_status
from apps.risk.selectors.limits import EffectiveLimit, effective_limits
from apps.risk.selectors.types import LimitUse
from qts.domain.errors import RuleCode, TransientError
from qts.domain.risk import LIMIT_CODES, RULES


def limit_use(account_id: UUID, now: datetime) -> list[LimitUse]:
    """One line for each limit that covers the account; what needs live prices is unknown while they are away.

    Of limits for single symbols and strategies only their orders know; they are not in it.
    """
    state = accounts.account_state(account_id, now)
    in_force = effective_limits(account_id)
    return [_use(code, in_force[code], _actual(code, state)) for code in LIMIT_CODES if code in in_force]


def day_loss_vnd(state: AccountState) -> int | None:
    """Today's loss, realised and open, 0 in profit; None when a held symbol has no price."""
    profit = accounts.day_pnl(state)
    return None if profit is None else max(0, -profit)


def _actual(code: RuleCode, state: AccountState) -> int | None:
    try:
        return _ACTUAL[code](state)
    except TransientError:
        return None


def _use(code: RuleCode, in_force: EffectiveLimit, actual: int | None) -> LimitUse:
    rule = RULES[code]
    return LimitUse(
        code=code,
        scope=in_force.scope,
        limit=in_force.limit,
        actual=actual,
        unit=rule.unit,
        percent=None if actual is None else _percent(actual, in_force.limit),
        help_vi=rule.help_vi,
        help_en=rule.help_en,
    )


def _percent(actual: int, limit: int) -> int:
    """Rounded down; a limit of zero is used up by anything."""
    if limit == 0:
        return 100 if actual else 0
    return actual * 100 // limit


def _largest_position(state: AccountState) -> int:
    return max((held.quantity + held.pending_buy_quantity for held in state.positions.values()), default=0)


_ACTUAL: Final[Mapping[RuleCode, Callable[[AccountState], int | None]]] = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: lambda state: state.largest_order_vnd,
    RuleCode.POSITION_EXCEEDS_MAX: _largest_position,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: day_loss_vnd,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: lambda state: state.open_order_count,
    RuleCode.MARKET_DATA_STALE: lambda _state: stream_status().age_ms,
}
