"""Which accounts may trade today, and since when each check before the open says what it says."""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from apps.risk.models import PreOpenState, TradingArming
from apps.risk.selectors.types import ArmingView, PreOpenCheck, PreOpenName, PreOpenVerdict

# asked for every order
_IS_ARMED: Final = "SELECT is_armed FROM risk_tradingarming WHERE account_id = %s AND trading_day = %s"


def may_trade_today(account_id: UUID, day: date) -> bool:
    """Whether orders of the account may leave on that day; every account where arming is not asked for."""
    if not settings.ARMING_IS_NEEDED:
        return True
    with connection.cursor() as cursor:
        cursor.execute(_IS_ARMED, [account_id, day])
        row = cursor.fetchone()
    return row is not None and bool(row[0])


def arming(account_id: UUID, day: date) -> ArmingView | None:
    """None: nobody and nothing has armed or disarmed the account that day."""
    return armings([account_id], day).get(account_id)


def armings(account_ids: Collection[UUID], day: date) -> dict[UUID, ArmingView]:
    rows = TradingArming.objects.filter(account_id__in=list(account_ids), trading_day=day)
    return {row.account_id: ArmingView(**{name: getattr(row, name) for name in ArmingView.__slots__}) for row in rows}


def pre_open_states(account_id: UUID) -> dict[PreOpenName, PreOpenCheck]:
    """As the monitor wrote them down last."""
    rows = PreOpenState.objects.filter(account_id=account_id, name__in=list(PreOpenName))
    return {
        PreOpenName(row.name): PreOpenCheck(PreOpenName(row.name), PreOpenVerdict(row.state), row.detail, row.since)
        for row in rows
    }
