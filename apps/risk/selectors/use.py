"""How close an account is to its limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.marketdata.selectors import marks_vnd, stream_status
from apps.risk.models import EquityPoint
from apps.risk.selectors.limits import EffectiveLimit, effective_limits
from apps.risk.selectors.types import LimitUse
from qts.domain.errors import RuleCode, TransientError
from qts.domain.risk import LIMIT_CODES, RULES

BPS: Final = 10_000


def limit_use(account_id: UUID, now: datetime) -> list[LimitUse]:
    """One line for each limit that an account fills up; what needs live prices is unknown while they are away.

    Of limits for single orders, symbols and strategies only their orders know; they are not in it.
    """
    state = accounts.account_state(account_id, now)
    in_force = effective_limits(account_id)
    codes = [code for code in LIMIT_CODES if code in in_force and code in _ACTUAL]
    return [_use(code, in_force[code], _actual(code, state)) for code in codes]


def fills_up(code: RuleCode) -> bool:
    """Whether an account as a whole uses the limit, apart from any single order."""
    return code in _ACTUAL


def use_now(code: RuleCode, state: AccountState) -> int | None:
    """What an account has of a limit that it `fills_up`; None while that is not known."""
    return _actual(code, state)


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
        percent=None if actual is None else percent_of(actual, in_force.limit),
        help_vi=rule.help_vi,
        help_en=rule.help_en,
    )


def percent_of(actual: int, limit: int) -> int:
    """Rounded down; a limit of zero is used up by anything."""
    if limit == 0:
        return 100 if actual else 0
    return actual * 100 // limit


@dataclass(frozen=True, slots=True)
class _Worth:
    equity_vnd: int
    long_vnd: int  # held and on order
    largest_vnd: int  # the largest of them in one symbol


def _worth(state: AccountState) -> _Worth | None:
    """None when a symbol has no price, or when the account is worth nothing."""
    quantities = {
        symbol: held.quantity + held.pending_buy_quantity
        for symbol, held in state.positions.items()
        if held.quantity or held.pending_buy_quantity
    }
    marks = marks_vnd(sorted(quantities))
    if any(symbol not in marks for symbol in quantities):
        return None
    values = [quantity * marks[symbol] for symbol, quantity in quantities.items()]
    held_vnd = sum(held.quantity * marks[symbol] for symbol, held in state.positions.items() if held.quantity)
    equity = state.cash_vnd + held_vnd
    return _Worth(equity, sum(values), max(values, default=0)) if equity > 0 else None


def _share_bps(part: int, whole: int) -> int:
    """Rounded up, as the gate does it."""
    return -(-part * BPS // whole)


def _concentration_bps(state: AccountState) -> int | None:
    worth = _worth(state)
    return None if worth is None else _share_bps(worth.largest_vnd, worth.equity_vnd)


def _leverage_bps(state: AccountState) -> int | None:
    worth = _worth(state)
    return None if worth is None else _share_bps(worth.long_vnd, worth.equity_vnd)


def _long_vnd(state: AccountState) -> int | None:
    worth = _worth(state)
    return None if worth is None else worth.long_vnd


def _drawdown_bps(state: AccountState) -> int | None:
    """Unknown until a first value was kept."""
    peaks = EquityPoint.objects.filter(account_id=state.account_id).order_by("-at").values_list("peak_vnd", flat=True)
    worth, peak = _worth(state), peaks.first()
    if worth is None or not peak:
        return None
    return _share_bps(max(0, peak - worth.equity_vnd), peak)


def _largest_position(state: AccountState) -> int:
    return max((held.quantity + held.pending_buy_quantity for held in state.positions.values()), default=0)


_ACTUAL: Final[Mapping[RuleCode, Callable[[AccountState], int | None]]] = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: lambda state: state.largest_order_vnd,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: lambda state: state.open_order_count,
    RuleCode.POSITION_EXCEEDS_MAX: _largest_position,
    RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX: _concentration_bps,
    RuleCode.NET_EXPOSURE_EXCEEDS_MAX: _long_vnd,
    RuleCode.LEVERAGE_EXCEEDS_MAX: _leverage_bps,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: day_loss_vnd,
    RuleCode.REALISED_LOSS_EXCEEDS_MAX: lambda state: max(0, -state.realised_today_vnd),
    RuleCode.DRAWDOWN_EXCEEDS_MAX: _drawdown_bps,
    RuleCode.MARKET_DATA_STALE: lambda _state: stream_status().age_ms,
}
