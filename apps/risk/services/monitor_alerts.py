"""Limits that fill up: a word at 80, 90 and 100 % of each, and a call when more cash is promised than has arrived."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.selectors import AccountState
from apps.eventlog.services import record
from apps.risk.models import LimitAlert
from apps.risk.selectors.types import LimitUse
from qts.domain.errors import RuleCode
from qts.domain.events import LimitApproached, LimitBreached, MarginCalled
from qts.domain.market import to_vietnam
from qts.domain.values import Actor, ActorKind

ALERT_LEVELS: Final = (80, 90, 100)
MARGIN_CALL: Final = "MARGIN_CALL"
BROKER_LOG_IN_ENDS: Final = "BROKER_LOG_IN_ENDS"
LIMIT_MONITOR: Final = Actor(ActorKind.SYSTEM, "limit-monitor")


def watch_limit_use(state: AccountState, use: list[LimitUse], now: datetime) -> list[tuple[str, int]]:
    """Tell of each level that a limit's use passed for the first time today: (code, level) of the new ones.

    A jump over several levels is told once, by the highest. Over the limit itself `risk.limit.breached` goes out too;
    of a loss the one who stops the account for it tells. How old the market data are is no use of an account's.
    """
    lines = [line for line in use if line.code != RuleCode.MARKET_DATA_STALE]
    told = [(str(line.code), level) for line in lines if (level := _level(line)) and _tell(state, line, level, now)]
    if state.buying_power_vnd < 0 and _call_margin(state, now):
        told.append((MARGIN_CALL, 100))
    return told


def alert_log_in_ends(account_id: UUID, *, minutes_left: int, now: datetime) -> bool:
    """Orders of this account will stop leaving unless a person logs in at the broker; told once a day."""
    return _is_new(account_id, BROKER_LOG_IN_ENDS, 100, limit=0, actual=minutes_left, now=now)


def _level(line: LimitUse) -> int:
    """The highest level that is reached, 0 for none; what is not known alerts nobody."""
    return max((level for level in ALERT_LEVELS if line.percent is not None and line.percent >= level), default=0)


def _tell(state: AccountState, line: LimitUse, level: int, now: datetime) -> bool:
    actual = line.actual or 0
    with transaction.atomic():
        if not _is_new(state.account_id, line.code, level, limit=line.limit, actual=actual, now=now):
            return False
        account_id, ts_market_ms = str(state.account_id), round(now.timestamp() * 1000)
        approached = LimitApproached(
            account_id=account_id,
            code=line.code,
            level_percent=level,
            limit=line.limit,
            actual=actual,
            ts_market_ms=ts_market_ms,
        )
        record(approached, actor=LIMIT_MONITOR, now=now)
        if actual > line.limit and line.code != RuleCode.DAILY_LOSS_EXCEEDS_MAX:
            breached = LimitBreached(
                account_id=account_id, code=line.code, limit=line.limit, actual=actual, ts_market_ms=ts_market_ms
            )
            record(breached, actor=LIMIT_MONITOR, now=now)
    return True


def _call_margin(state: AccountState, now: datetime) -> bool:
    shortfall = -state.buying_power_vnd
    with transaction.atomic():
        if not _is_new(state.account_id, MARGIN_CALL, 100, limit=0, actual=shortfall, now=now):
            return False
        event = MarginCalled(
            account_id=str(state.account_id), shortfall_vnd=shortfall, ts_market_ms=round(now.timestamp() * 1000)
        )
        record(event, actor=LIMIT_MONITOR, now=now)
    return True


def _is_new(account_id: UUID, code: str, level: int, *, limit: int, actual: int, now: datetime) -> bool:
    """Whether nobody was told of this or a higher level today."""
    day = to_vietnam(now).date()
    today = LimitAlert.objects.filter(account_id=account_id, trading_day=day, code=code)
    if today.filter(level_percent__gte=level).exists():
        return False
    _, created = LimitAlert.objects.get_or_create(
        account_id=account_id,
        trading_day=day,
        code=code,
        level_percent=level,
        defaults={"limit": limit, "actual": actual, "raised_at": now},
    )
    return created
