"""Changing the exchanges' rules: rows are checked as a whole, recorded with two names, and every process reads anew."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from apps.eventlog.services import record
from apps.marketdata.locks import lock_rules
from apps.marketdata.models import TradingRule
from apps.marketdata.selectors.rules import forget_rules, recorded_rules
from qts.domain.errors import Said
from qts.domain.events import RulesUpdated
from qts.domain.market import RuleBook, RuleHistory, RuleRow, RuleWrong, built_in_history, row_json, scope_name
from qts.domain.values import Actor

log = structlog.get_logger(__name__)


def rules_with(rows: Sequence[RuleRow]) -> RuleHistory:
    """What would hold with these rows. Raises RuleWrong, with every reason, where they make no whole set of rules:
    two rows of one scope and day, a hole, what no exchange could mean, or nothing new at all."""
    if not rows:
        raise RuleWrong(Said("There is no row to change."))
    if len({row.key for row in rows}) < len(rows):
        raise RuleWrong(Said("Two of the rows say something of the same scope and day."))
    known = built_in_history().with_rows(recorded_rules())
    changed = known.with_rows(rows)
    if _says_the_same(known, changed):
        raise RuleWrong(Said("Nothing would change: the rules say so already."))
    return changed


def _says_the_same(one: RuleHistory, other: RuleHistory) -> bool:
    """On every day: a row that repeats the one before it says nothing."""
    if one.calendar != other.calendar:
        return False
    return all(_said(one.on(day)) == _said(other.on(day)) for day in {*one.change_days, *other.change_days})


def _said(book: RuleBook) -> tuple[object, ...]:
    return book.boards, book.settlement, book.position_limits


def change_rules(
    rows: Sequence[RuleRow], *, seen_version: str, reason: str, proposed_by: Actor, approved_by: Actor, now: datetime
) -> RuleHistory:
    """Record them, with one event each. Raises RuleWrong where they do not fit, or where the rules are not those of
    `seen_version` any more."""
    with transaction.atomic():
        lock_rules()
        known = built_in_history().with_rows(recorded_rules())
        if known.version != seen_version:
            raise RuleWrong(Said("The rules were changed meanwhile: look at them again."))
        changed = rules_with(rows)
        for row in rows:
            _keep(row, reason=reason, proposed_by=proposed_by, approved_by=approved_by)
            event = RulesUpdated(
                subject=scope_name(row.scope), effective_from=row.effective_from.isoformat(), version=changed.version
            )
            record(event, actor=approved_by, now=now)
        forget_rules()
        transaction.on_commit(forget_rules)
    log.info("rules_changed", rows=[row.name for row in rows], version=changed.version)
    return changed


def _keep(row: RuleRow, *, reason: str, proposed_by: Actor, approved_by: Actor) -> None:
    TradingRule.objects.create(
        subject=row.subject,
        exchange=row.exchange or "",
        kind=row.kind or "",
        effective_from=row.effective_from,
        value=row_json(row)["value"],
        source=row.source[:300],
        reason=reason[:500],
        proposed_by=str(proposed_by),
        approved_by=str(approved_by),
    )
