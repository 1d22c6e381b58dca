"""Watching what the gate cannot see: losses that grow while nobody sends an order."""

import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from apps.accounts import selectors as accounts
from apps.eventlog.services import record
from apps.marketdata.selectors import market_now
from apps.risk.selectors import account_scope, day_loss_vnd, effective_limits, limit_use
from apps.risk.services.arming import ArmingWatch
from apps.risk.services.dead_man import watch_dead_man_timers
from apps.risk.services.kill import engage_kill_switch
from apps.risk.services.limits import move_up_planned
from apps.risk.services.market_watch import watch_markets
from apps.risk.services.monitor_alerts import watch_limit_use
from apps.risk.services.monitor_equity import record_equity
from apps.risk.services.monitor_exits import watch_exits
from apps.risk.services.worker_watch import MONITOR_LEASE, WorkerWatch
from qts.adapters.lease import Lease, slice_of
from qts.domain.errors import RuleCode, TransientError
from qts.domain.events import LimitBreached
from qts.domain.values import Actor, ActorKind

LEASE_TTL_S = 6
LOOK_EVERY_S = 2.0
MONITOR = Actor(ActorKind.SYSTEM, "risk-monitor")

log = structlog.get_logger(__name__)


def run_monitor_slice(*, seconds_max: float = 60) -> None:
    """Look at every account each two seconds of the wall clock, until the lease or the time is over."""
    with slice_of(Lease(settings.REDIS_URL, MONITOR_LEASE, LEASE_TTL_S), seconds_max) as turn:
        workers, armings = WorkerWatch().look, ArmingWatch().look
        looks = (watch_dead_man_timers, workers, move_up_planned, watch_markets, watch_accounts, armings)
        while turn.goes_on():
            for look in looks:
                _take(look)
            time.sleep(LOOK_EVERY_S)


def _take(look: Callable[[datetime], object]) -> None:
    """One look that fails must not keep the others from happening; without the database there is nothing to see."""
    try:
        look(market_now())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("risk.look_failed")


def watch_accounts(now: datetime) -> list[UUID]:
    """Stop each account that has lost more today than it may; those that were stopped by this look.

    The same look keeps what the account is worth, tells of limits that fill up and asks for exits that are due.
    """
    stopped = []
    for account in accounts.active_accounts():
        try:
            if watch_account(account.id, now):
                stopped.append(account.id)
            _look_around(account.id, now)
        except TransientError as error:
            # no live prices: the gate refuses purchases meanwhile, and the next look is two seconds away
            log.warning("risk.loss_unknown", account_id=str(account.id), reason=str(error))
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # the losses of the other accounts are to be seen all the same
            log.exception("risk.account_not_watched", account_id=str(account.id))
    return stopped


def _look_around(account_id: UUID, now: datetime) -> None:
    state = accounts.account_state(account_id, now)
    watch_exits(state, now)
    watch_limit_use(state, limit_use(account_id, now), now)
    record_equity(account_id, now)


def watch_account(account_id: UUID, now: datetime) -> bool:
    """Engage the account's kill switch when its loss is over the limit; sales still pass, so that a stop gets out."""
    in_force = effective_limits(account_id).get(RuleCode.DAILY_LOSS_EXCEEDS_MAX)
    if in_force is None:
        return False
    loss = day_loss_vnd(accounts.account_state(account_id, now))
    if loss is None or loss <= in_force.limit:
        return False
    with transaction.atomic():
        is_new = engage_kill_switch(
            scope=account_scope(account_id),
            reason=f"lost {loss:,} VND today, allowed are {in_force.limit:,} VND",
            actor=MONITOR,
            now=now,
            allows_reducing=True,
        )
        if is_new:
            event = LimitBreached(
                account_id=str(account_id),
                code=RuleCode.DAILY_LOSS_EXCEEDS_MAX,
                limit=in_force.limit,
                actual=loss,
                ts_market_ms=round(now.timestamp() * 1000),
            )
            record(event, actor=MONITOR, now=now)
    return is_new
