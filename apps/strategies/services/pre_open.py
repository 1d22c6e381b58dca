"""What the checks before the open ask about strategies: is each that shall run also attended?"""

from datetime import datetime

from django.conf import settings

from apps.accounts.selectors import AccountView
from apps.risk.selectors import PreOpenVerdict
from apps.strategies.models import Strategy, StrategyStatus
from apps.strategies.services.signals import LEASE
from qts.adapters.lease import LeaseWatch


def strategies_check(account: AccountView, _now: datetime) -> tuple[PreOpenVerdict, str]:
    """None has fallen over, and while one runs the worker that feeds them is there. Raises TransientError without
    Redis."""
    statuses = dict(Strategy.objects.filter(account_id=account.id).values_list("name", "status"))
    failed = sorted(name for name, status in statuses.items() if status == StrategyStatus.FAILED)
    if failed:
        return PreOpenVerdict.BAD, ", ".join(failed)
    running = sum(status == StrategyStatus.RUNNING for status in statuses.values())
    if running and LeaseWatch(settings.REDIS_URL, silence_s_max=0).lost([LEASE]):
        return PreOpenVerdict.WAITS, LEASE
    return PreOpenVerdict.OK, f"{running}/{len(statuses)}"
