"""The exchanges' rules as they are known now: what comes with QTS, and before it the rows that two people agreed on.

Each process keeps the history that it has read. The gate asks with every order, in a statement that it needs anyway,
whether there is a newer row; whoever else asks looks again after a second. A change dates from a day, so no order can
meet an older book than its own day's.
"""

import json
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from django.db import connection

from apps.marketdata.models import TradingRule
from qts.domain.market import (
    RuleBook,
    RuleHistory,
    RuleRow,
    RuleSubject,
    built_in_history,
    canonical,
    row_of_json,
    rows_in_force,
    scope_name,
    to_vietnam,
)
from qts.domain.values import Exchange, InstrumentKind

_LOOK_AGAIN_S: Final = 1.0
_NEVER: Final = float("-inf")


class _Kept(NamedTuple):
    """`newest` is the id of the newest row in it; `looked_at_s` is when there was no newer one, monotonic."""

    newest: int
    history: RuleHistory
    looked_at_s: float


class _Keeper:
    """What this process knows; replaced as a whole, so that threads see the one or the other."""

    def __init__(self) -> None:
        self.kept = _Kept(0, built_in_history(), _NEVER)


_keeper = _Keeper()


def rule_history() -> RuleHistory:
    """All rows. One query, at most once a second."""
    if time.monotonic() - _keeper.kept.looked_at_s > _LOOK_AGAIN_S:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COALESCE(max(id), 0) FROM marketdata_tradingrule")
            note_newest_rule(cursor.fetchone()[0])
    return _keeper.kept.history


def note_newest_rule(newest: int) -> None:
    """What a statement has just told: read the rows anew if they are others than those at hand."""
    kept, now_s = _keeper.kept, time.monotonic()
    history = kept.history if newest == kept.newest else built_in_history().with_rows(recorded_rules())
    _keeper.kept = _Kept(newest, history, now_s)


def forget_rules() -> None:
    """So that the next one who asks looks for newer rows."""
    _keeper.kept = _keeper.kept._replace(looked_at_s=_NEVER)


def rules_on(day: date) -> RuleBook:
    """The book of a day."""
    return rule_history().on(day)


def rules_at(now: datetime) -> RuleBook:
    """The book of the market's day at that moment (aware)."""
    return rule_history().on(to_vietnam(now).date())


def rules_as_known(now: datetime) -> RuleBook:
    """The same without a look into the database: for those who must go on while it is away."""
    return _keeper.kept.history.on(to_vietnam(now).date())


def recorded_rules() -> list[RuleRow]:
    """Of each scope and day the newest row, those that are withdrawn included."""
    newest: dict[object, RuleRow] = {}
    for row in TradingRule.objects.order_by("id"):
        found = row_of_json(
            {
                "subject": row.subject,
                "exchange": row.exchange or None,
                "kind": row.kind or None,
                "effective_from": row.effective_from.isoformat(),
                "value": row.value,
                "source": row.source,
            }
        )
        newest[found.key] = found
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class RuleChangeLine:
    """One row of a change against what holds without it; `before` is empty where nothing does, `after` where the row
    is withdrawn and nothing takes its place."""

    row: RuleRow
    before: str
    after: str

    @property
    def text(self) -> str:
        """As the proposal keeps it."""
        name = scope_name(self.row.scope)
        return f"{name} / {self.row.effective_from}: {self.before or '–'} → {self.after or '–'}"


def rule_changes(rows: list[RuleRow], history: RuleHistory | None = None) -> list[RuleChangeLine]:
    """What the rows would change on the day from which each holds."""
    known = (history or rule_history()).rows
    merged = {row.key: row for row in known} | {row.key: row for row in rows}
    after = [row for row in merged.values() if not row.is_withdrawn]
    return [_line(row, _value_on(known, row), _value_on(after, row)) for row in rows]


def _line(row: RuleRow, before: str, after: str) -> RuleChangeLine:
    """Of a calendar only the days that differ: a year's list tells nobody anything."""
    if row.subject is RuleSubject.CALENDAR and before and after:
        before, after = _days_only_in(before, after), _days_only_in(after, before)
    return RuleChangeLine(row, before, after)


def _days_only_in(one: str, other: str) -> str:
    mine, theirs = json.loads(one), json.loads(other)
    days = {word: [day for day in mine[word] if day not in theirs[word]] for word in ("closed", "open")}
    return canonical(days) if any(days.values()) else ""


def _value_on(rows: tuple[RuleRow, ...] | list[RuleRow], wanted: RuleRow) -> str:
    in_force = rows_in_force((row for row in rows if row.scope == wanted.scope), wanted.effective_from)
    return in_force[0].value if in_force else ""


def rule_scopes() -> list[tuple[RuleSubject, Exchange | None, InstrumentKind | None]]:
    """All that is ruled today or later, each once."""
    return list(dict.fromkeys(row.scope for row in rule_history().rows))
