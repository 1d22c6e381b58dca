"""The pre-trade gate: one snapshot, all rules, under the account's lock: what it saw is still true at the commit."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import Error as DatabaseError

from apps.eventlog.services import record
from apps.risk.services.facts import snapshot_of
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import LimitBreached
from qts.domain.orders import OrderIntent
from qts.domain.risk import LIMIT_CODES, Figure, all_breaches, figures_of, is_confirmed
from qts.domain.values import Actor

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """`breaches` keep the order back; empty when it may go out. `figures` are what its controls measured, empty where
    the gate could not look. `rules_version` names the exchanges' rules that it went by. Moments are of the wall
    clock."""

    breaches: tuple[Breach, ...]
    figures: Mapping[RuleCode, Figure]
    began_ns: int
    ended_ns: int
    rules_version: str = ""


def judge(*, account_id: UUID, intent: OrderIntent, now: datetime, actor: Actor) -> GateAnswer:
    """The gate. Broken limits are announced in the same transaction, those too that somebody passed by typing the value
    again.

    The caller holds the account's lock and a transaction, and knows that the actor may trade the account. A check that
    cannot answer is a refusal; an error of the database is raised, because then nothing can be recorded either.
    """
    began_ns = time.time_ns()
    breaches, figures, rules_version = _looked(account_id, intent, now, actor, asks_right=False)
    for breach in breaches:
        _announce(account_id, breach, actor, now)
    held_back = tuple(breach for breach in breaches if not is_confirmed(breach, intent))
    if len(held_back) < len(breaches):
        passed = [str(breach.code) for breach in breaches if breach not in held_back]
        log.warning("risk.soft_breaches_confirmed", account_id=str(account_id), actor=str(actor), codes=passed)
    return GateAnswer(held_back, figures, began_ns, time.time_ns(), rules_version)


def pre_trade_check(*, account_id: UUID, intent: OrderIntent, now: datetime, actor: Actor) -> tuple[Breach, ...]:
    """All rules that keep the order back, as `judge` finds them."""
    return judge(account_id=account_id, intent=intent, now=now, actor=actor).breaches


def what_would_happen(account_id: UUID, intent: OrderIntent, now: datetime, actor: Actor) -> tuple[Breach, ...]:
    """The gate's answer to an order that nobody sends: nothing is locked, recorded or announced."""
    breaches, _, _ = _looked(account_id, intent, now, actor, asks_right=True)
    return tuple(breach for breach in breaches if not is_confirmed(breach, intent))


def _looked(
    account_id: UUID, intent: OrderIntent, now: datetime, actor: Actor, *, asks_right: bool
) -> tuple[tuple[Breach, ...], Mapping[RuleCode, Figure], str]:
    try:
        snapshot = snapshot_of(account_id, intent, now, actor, asks_right=asks_right)
        return all_breaches(snapshot, intent), figures_of(snapshot, intent), snapshot.rules.version
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("risk.check_failed", account_id=str(account_id), symbol=intent.symbol)
        return (Breach(RuleCode.CHECK_FAILED, detail=type(error).__name__),), {}, ""


def _announce(account_id: UUID, breach: Breach, actor: Actor, now: datetime) -> None:
    if breach.code not in LIMIT_CODES or breach.limit is None or breach.actual is None:
        return
    event = LimitBreached(
        account_id=str(account_id),
        code=breach.code,
        limit=breach.limit,
        actual=breach.actual,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    record(event, actor=actor, now=now)
