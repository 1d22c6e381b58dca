"""What each account is worth, once a minute of market time: the history behind profit, drawdown and their charts."""

from datetime import datetime
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.risk.models import EquityPoint


def record_equity(account_id: UUID, now: datetime) -> bool:
    """Keep this minute's value unless it is kept already; False too while a held symbol has no price."""
    minute = now.replace(second=0, microsecond=0)
    newest = EquityPoint.objects.filter(account_id=account_id).order_by("-at").values_list("at", "peak_vnd").first()
    if newest and newest[0] >= minute:
        return False
    found = accounts.portfolio(account_id, now)
    if found.equity_vnd is None or found.day_pnl_vnd is None:
        return False
    peak = max(found.equity_vnd, newest[1]) if newest else found.equity_vnd
    point = EquityPoint(
        account_id=account_id,
        at=minute,
        equity_vnd=found.equity_vnd,
        peak_vnd=peak,
        day_pnl_vnd=found.day_pnl_vnd,
        exposure_vnd=found.market_value_vnd or 0,
    )
    return bool(EquityPoint.objects.bulk_create([point], ignore_conflicts=True))
