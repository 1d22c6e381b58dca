"""What a person wants to hear of. Everything here is about the person's own rules: others' do not exist."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.notifications.locks import lock_rule
from apps.notifications.models import AlertKind, AlertRule, Channel
from apps.notifications.services.conditions import (
    CHANGE_KINDS,
    INDICATOR_KINDS,
    LEVEL_KINDS,
    PRICE_KINDS,
)
from qts.domain.errors import Said, TerminalError, noop

RULES_MAX: Final = 200  # of one person
COOLDOWN_S_MAX: Final = 86_400
PRICE_VND_MAX: Final = 1_000_000_000
CHANGE_BPS_MAX: Final = 10_000
_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,20}")
_INDICATOR: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


class RuleProblem(StrEnum):
    """Why a rule was not made. The names are a public contract."""

    KIND_UNKNOWN = "KIND_UNKNOWN"
    SYMBOL_MISSING = "SYMBOL_MISSING"
    SYMBOL_MALFORMED = "SYMBOL_MALFORMED"
    INDICATOR_MISSING = "INDICATOR_MISSING"
    THRESHOLD_MISSING = "THRESHOLD_MISSING"
    THRESHOLD_OUT_OF_RANGE = "THRESHOLD_OUT_OF_RANGE"
    COOLDOWN_OUT_OF_RANGE = "COOLDOWN_OUT_OF_RANGE"
    CHANNEL_NOT_FOUND = "CHANNEL_NOT_FOUND"
    TOO_MANY_RULES = "TOO_MANY_RULES"
    RULE_NOT_FOUND = "RULE_NOT_FOUND"


RULE_SENTENCES: Final = {
    RuleProblem.KIND_UNKNOWN: noop("Choose what to wait for."),
    RuleProblem.SYMBOL_MISSING: noop("Type a symbol: a price, a change and an indicator are of one security."),
    RuleProblem.SYMBOL_MALFORMED: noop("This symbol is not in the list of securities."),
    RuleProblem.INDICATOR_MISSING: noop("Name the indicator as a strategy does, for example rsi_14."),
    RuleProblem.THRESHOLD_MISSING: noop("Type the level at which to alert."),
    RuleProblem.THRESHOLD_OUT_OF_RANGE: noop("The level cannot be read: type a price as on the board, or a number."),
    RuleProblem.COOLDOWN_OUT_OF_RANGE: noop("The pause is between 0 minutes and a day."),
    RuleProblem.CHANNEL_NOT_FOUND: noop("One of the channels is gone. Choose again."),
    RuleProblem.TOO_MANY_RULES: noop("You have 200 alerts. Delete some first."),
    RuleProblem.RULE_NOT_FOUND: noop("This alert is gone."),
}


class RuleRefused(TerminalError):
    def __init__(self, problem: RuleProblem) -> None:
        super().__init__(Said(RULE_SENTENCES[problem]))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class RuleWish:
    """What was asked for; the units of `threshold` are those of AlertRule."""

    kind: str
    symbol: str = ""
    indicator: str = ""
    threshold: int | None = None
    note: str = ""
    cooldown_s: int = 300
    rearms: bool = True
    channel_ids: tuple[UUID, ...] = ()


def make_rule(user_id: int, wish: RuleWish, *, language: str, now: datetime) -> UUID:
    """`now` is of the wall clock. Raises RuleRefused."""
    if (problem := _problem(wish)) is not None:
        raise RuleRefused(problem)
    with transaction.atomic():
        if AlertRule.objects.filter(user_id=user_id).count() >= RULES_MAX:
            raise RuleRefused(RuleProblem.TOO_MANY_RULES)
        found = list(Channel.objects.filter(user_id=user_id, id__in=wish.channel_ids))
        if len(found) != len(set(wish.channel_ids)):
            raise RuleRefused(RuleProblem.CHANNEL_NOT_FOUND)
        row = AlertRule.objects.create(
            user_id=user_id,
            kind=wish.kind,
            symbol=wish.symbol,
            indicator=wish.indicator if wish.kind in INDICATOR_KINDS else "",
            threshold=wish.threshold if _has_threshold(wish.kind) else None,
            note=wish.note.strip()[:200],
            language=language[:5],
            cooldown_s=wish.cooldown_s,
            rearms=wish.rearms,
            created_at=now,
        )
        row.channels.set(found)
    return row.id


def switch_rule(user_id: int, rule_id: UUID, *, is_active: bool) -> None:
    """A rule that is switched on looks anew: what came true meanwhile does not fire. Raises RuleRefused."""
    with transaction.atomic():
        row = lock_rule(rule_id)
        if row is None or row.user_id != user_id:
            raise RuleRefused(RuleProblem.RULE_NOT_FOUND)
        row.is_active, row.was_met = is_active, None
        row.save(update_fields=["is_active", "was_met"])


def delete_rule(user_id: int, rule_id: UUID) -> None:
    """Its alerts stay. Raises RuleRefused."""
    count, _ = AlertRule.objects.filter(user_id=user_id, id=rule_id).delete()
    if not count:
        raise RuleRefused(RuleProblem.RULE_NOT_FOUND)


def _has_threshold(kind: str) -> bool:
    return kind in LEVEL_KINDS or kind in {AlertKind.NEWS, AlertKind.SIGNAL}


def _problem(wish: RuleWish) -> RuleProblem | None:
    if wish.kind not in set(AlertKind) - {AlertKind.TEST}:
        return RuleProblem.KIND_UNKNOWN
    if wish.kind in LEVEL_KINDS and not wish.symbol:
        return RuleProblem.SYMBOL_MISSING
    if wish.symbol and not _SYMBOL.fullmatch(wish.symbol):
        return RuleProblem.SYMBOL_MALFORMED
    if wish.kind in INDICATOR_KINDS and not _INDICATOR.fullmatch(wish.indicator):
        return RuleProblem.INDICATOR_MISSING
    if not 0 <= wish.cooldown_s <= COOLDOWN_S_MAX:
        return RuleProblem.COOLDOWN_OUT_OF_RANGE
    return _threshold_problem(wish) if _has_threshold(wish.kind) else None


def _threshold_problem(wish: RuleWish) -> RuleProblem | None:
    if wish.threshold is None:
        return RuleProblem.THRESHOLD_MISSING
    allowed: Collection[int] = range(-(10**12), 10**12)
    if wish.kind in PRICE_KINDS:
        allowed = range(1, PRICE_VND_MAX)
    elif wish.kind in CHANGE_KINDS:
        allowed = range(-CHANGE_BPS_MAX, CHANGE_BPS_MAX + 1)
    elif wish.kind not in INDICATOR_KINDS:
        allowed = range(101)
    return None if wish.threshold in allowed else RuleProblem.THRESHOLD_OUT_OF_RANGE
