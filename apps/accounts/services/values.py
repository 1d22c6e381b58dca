"""What accounts are worth, kept every quarter of an hour of trading and once at the end of each trading day."""

from datetime import datetime, time
from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from apps.accounts.models import ValueSnapshot
from apps.accounts.selectors.access import active_accounts
from apps.accounts.selectors.portfolio import portfolio
from apps.accounts.selectors.values import flows_by_day
from apps.marketdata.selectors import trading_calendar
from qts.domain.market import to_vietnam

log = structlog.get_logger(__name__)

OPENS: Final = time(9, 0)
DAY_ENDS: Final = time(15, 0)


def take_value_snapshots(now: datetime) -> int:
    """Of every active account, on trading days from the opening; the first one after 15:00 is the day's end and the
    last one. How many were taken. An account with a share that has no price has no value and is left out."""
    moment = to_vietnam(now)
    if moment.time() < OPENS or not trading_calendar().is_trading_day(moment.date()):
        return 0
    return sum(_take(account.id, now) for account in active_accounts())


def _take(account_id: UUID, now: datetime) -> bool:
    moment = to_vietnam(now)
    rows = ValueSnapshot.objects.filter(account_id=account_id, trading_day=moment.date())
    if rows.filter(is_day_end=True).exists():
        return False
    view = portfolio(account_id, now)
    if view.equity_vnd is None or view.market_value_vnd is None:
        log.warning("accounts.no_value", account_id=str(account_id), reason="a held symbol has no price")
        return False
    snapshot = ValueSnapshot(
        account_id=account_id,
        trading_day=moment.date(),
        taken_at=now,
        is_day_end=moment.time() >= DAY_ENDS,
        cash_vnd=view.state.cash_vnd,
        market_value_vnd=view.market_value_vnd,
        equity_vnd=view.equity_vnd,
        flows_vnd=flows_by_day(account_id).get(moment.date(), 0),
    )
    try:
        with transaction.atomic():
            snapshot.save(force_insert=True)
    except IntegrityError:  # somebody else was faster
        log.info("accounts.value_taken_already", account_id=str(account_id))
        return False
    return True
