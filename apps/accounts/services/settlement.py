"""T+2: cash of sales comes in, cash of purchases goes out. Shares need no step: a lot knows when it may be sold."""

import time
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.accounts.locks import lock_cash
from apps.accounts.models import CashBalance, CashSettlement
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import announce_cash
from apps.marketdata.selectors import market_now
from qts.adapters.lease import Lease, slice_of
from qts.domain.market import to_vietnam

LEASE_TTL_S = 6
LOOK_EVERY_S = 1.0


def run_settle_slice(*, seconds_max: float = 60) -> None:
    """Settle each second of the wall clock, until the lease or the time is over."""
    with slice_of(Lease(settings.REDIS_URL, "settlement", LEASE_TTL_S), seconds_max) as turn:
        while turn.goes_on():
            settle_due(market_now())
            time.sleep(LOOK_EVERY_S)


def settle_due(now: datetime) -> int:
    """Post everything that has fallen due, and open the trading day of every account; how many trades settled.

    Safe to repeat. Nothing depends on its being in time: reads count what is due, and each change of an account
    settles that account first.
    """
    settled = 0
    for account_id in _accounts_with_work(now):
        with transaction.atomic():
            cash = lock_cash(account_id)
            open_day(cash, now)
            if count := settle_account(cash, now):
                announce_cash(cash, now)
                settled += count
    return settled


def _accounts_with_work(now: datetime) -> list[UUID]:
    today = to_vietnam(now).date()
    due = CashSettlement.objects.filter(settled_at=None, due_at__lte=now).values_list("account_id", flat=True)
    not_open = CashBalance.objects.exclude(opened_day__gte=today).values_list("account_id", flat=True)
    return sorted({*due, *not_open})
