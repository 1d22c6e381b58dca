"""What is stopped. The rows and the kill file are the truth; nothing is cached, so a process that was away cannot miss
a stop."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from apps.accounts import selectors as accounts
from apps.risk.models import KillSwitch, TradingHold
from apps.risk.selectors.kill_file import kill_file_stops
from apps.risk.selectors.scopes import account_scope, scopes_of
from apps.risk.selectors.types import HoldView, KillSwitchView
from qts.domain.risk import KillState
from qts.domain.risk.states import TradingState, state_under

# asked for every order, and again before each send
_STOPS: Final = """
    SELECT scope, allows_reducing FROM risk_killswitch WHERE is_engaged AND scope = ANY(%(scopes)s)
    UNION ALL
    SELECT scope || ' (' || cause || ')', state = 'REDUCING' FROM risk_tradinghold
    WHERE is_on AND scope = ANY(%(scopes)s)
"""
MARKET_CAUSES: Final = frozenset({TradingHold.Cause.MARKET_HALT.value, TradingHold.Cause.MARKET_FALL.value})


def visible_kill_switches(
    user: AbstractBaseUser | AnonymousUser, *, engaged_only: bool = False
) -> list[KillSwitchView]:
    """All but those of accounts that the user may not see: a reason tells what an account lost."""
    mine = {account_scope(account.id) for account in accounts.accounts_of(user)}
    return [
        switch
        for switch in kill_switches(engaged_only=engaged_only)
        if not switch.scope.startswith("account:") or switch.scope in mine
    ]


def kill_switches(*, engaged_only: bool = False) -> list[KillSwitchView]:
    """In the order of their scopes; a scope that was never stopped has none."""
    rows = KillSwitch.objects.order_by("scope")
    if engaged_only:
        rows = rows.filter(is_engaged=True)
    return [
        KillSwitchView(row.scope, row.is_engaged, row.allows_reducing, row.reason, row.changed_by, row.changed_at)
        for row in rows
    ]


def holds() -> list[HoldView]:
    """What the dead-man timers hold back now."""
    return [
        HoldView(row.scope, row.cause, TradingState(row.state), row.reason, row.changed_at)
        for row in TradingHold.objects.filter(is_on=True)
    ]


def held_for(cause: str) -> set[str]:
    """The scopes that are held for this cause now."""
    return set(TradingHold.objects.filter(is_on=True, cause=cause).values_list("scope", flat=True))


def market_stop(scopes: Collection[str]) -> str:
    """Why the market is no place for strategies now: the reason of one of these scopes, empty when there is none."""
    held = TradingHold.objects.filter(is_on=True, cause__in=sorted(MARKET_CAUSES), scope__in=scopes)
    return held.order_by("scope", "cause").values_list("reason", flat=True).first() or ""


def kill_states(
    account_id: UUID, strategy_id: str = "", *, symbol: str = "", exchange: str = "", user_id: str = ""
) -> tuple[KillState, ...]:
    """Everything that stops an order of the account, strategy, security and person: engaged switches, holds of the
    dead-man timers, the kill file. One query."""
    scopes = scopes_of(account_id, strategy_id, symbol=symbol, exchange=exchange, user_id=user_id)
    with connection.cursor() as cursor:
        cursor.execute(_STOPS, {"scopes": scopes})
        rows = sorted(cursor.fetchall())
    return tuple(KillState(scope, reducing) for scope, reducing in rows) + _file_states(scopes)


def is_killed(
    account_id: UUID,
    strategy_id: str = "",
    *,
    reducing: bool = False,
    symbol: str = "",
    exchange: str = "",
    user_id: str = "",
) -> bool:
    """Whether an order must not go out now. `reducing`: it only lowers what is held (a sale in a cash account).

    The gate asked when the order was entered; whoever sends it asks again before each send.
    """
    stops = kill_states(account_id, strategy_id, symbol=symbol, exchange=exchange, user_id=user_id)
    return any(not (reducing and stop.allows_reducing) for stop in stops)


def is_to_be_cancelled(
    account_id: UUID,
    strategy_id: str = "",
    *,
    reducing: bool = False,
    symbol: str = "",
    exchange: str = "",
    user_id: str = "",
) -> bool:
    """Whether a working order has to be taken back. A hold that lets reducing pass leaves working orders alone: it
    goes as it came, and the market has them already."""
    scopes = scopes_of(account_id, strategy_id, symbol=symbol, exchange=exchange, user_id=user_id)
    switches = KillSwitch.objects.filter(scope__in=scopes, is_engaged=True)
    if reducing:
        switches = switches.filter(allows_reducing=False)
    halts = TradingHold.objects.filter(scope__in=scopes, is_on=True, state=TradingHold.State.HALTED)
    return switches.exists() or halts.exists() or bool(_file_states(scopes))


def is_anything_stopped() -> bool:
    """Whether it is worth looking at every working order."""
    halts = TradingHold.objects.filter(is_on=True, state=TradingHold.State.HALTED)
    return KillSwitch.objects.filter(is_engaged=True).exists() or halts.exists() or bool(kill_file_stops())


def trading_state(
    account_id: UUID, strategy_id: str = "", *, symbol: str = "", exchange: str = "", user_id: str = ""
) -> TradingState:
    return state_under(kill_states(account_id, strategy_id, symbol=symbol, exchange=exchange, user_id=user_id))


def _file_states(scopes: list[str]) -> tuple[KillState, ...]:
    stopped = kill_file_stops()
    return tuple(KillState(f"{scope} (kill file)", allows_reducing=False) for scope in scopes if scope in stopped)
