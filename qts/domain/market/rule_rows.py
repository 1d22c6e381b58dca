"""Rules as dated rows: what is ruled, for which venue and kind, from which day on, what it says, and who says so."""

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from qts.domain.errors import Said
from qts.domain.values import Exchange, InstrumentKind


class RuleWrong(ValueError):
    """What a row or a set of rows gets wrong, in sentences."""

    def __init__(self, *problems: str) -> None:
        super().__init__(problems[0] if len(problems) == 1 else " ".join(problems))
        self.problems = problems


class RuleSubject(StrEnum):
    TIMETABLE = "TIMETABLE"
    RESTRICTED_TIMETABLE = "RESTRICTED_TIMETABLE"
    ADMISSIONS = "ADMISSIONS"
    TICKS = "TICKS"
    LOT = "LOT"
    ORDER_MAX = "ORDER_MAX"
    BAND = "BAND"
    ODD_LOTS = "ODD_LOTS"
    REFERENCE = "REFERENCE"
    PUT_THROUGH = "PUT_THROUGH"
    AFTER_HOURS = "AFTER_HOURS"
    SETTLEMENT = "SETTLEMENT"
    POSITION_LIMITS = "POSITION_LIMITS"
    CALENDAR = "CALENDAR"


BY_KIND: Final = frozenset({RuleSubject.TICKS, RuleSubject.LOT, RuleSubject.ORDER_MAX})
"""May differ between the kinds of instrument on one venue."""
BY_MARKET: Final = frozenset({RuleSubject.SETTLEMENT, RuleSubject.POSITION_LIMITS, RuleSubject.CALENDAR})
"""The same on every venue; of the calendar a venue may have rows of its own, for the days on which it alone differs."""

Scope = tuple[RuleSubject, Exchange | None, InstrumentKind | None]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """`exchange` is None for a rule of the whole market, `kind` for one of every kind that has no row of its own.
    `value` is JSON, as `canonical` writes it; what it may hold is what `rule_values.VALUES` reads."""

    subject: RuleSubject
    exchange: Exchange | None
    kind: InstrumentKind | None
    effective_from: date
    value: str
    source: str

    @property
    def scope(self) -> Scope:
        return self.subject, self.exchange, self.kind

    @property
    def key(self) -> tuple[str, str, str, date]:
        """Two rows of one key would contradict each other; sorts by scope, then by day."""
        return self.subject, self.exchange or "", self.kind or "", self.effective_from

    @property
    def is_withdrawn(self) -> bool:
        """It says nothing, and takes out what said something in its place."""
        return self.value == "null"

    @property
    def name(self) -> str:
        """For people: TICKS HOSE STOCK from 2025-05-05."""
        return f"{scope_name(self.scope)} from {self.effective_from}"


def scope_name(scope: Scope) -> str:
    return " ".join(str(part) for part in scope if part is not None)


def canonical(value: Any) -> str:
    """One text for equal values: what is compared and hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def row_of(scope: Scope, effective_from: date, value: Any, source: str) -> RuleRow:
    """Of a value that is no text yet."""
    return RuleRow(*scope, effective_from, canonical(value), source)


def row_json(row: RuleRow) -> dict[str, Any]:
    return {
        "subject": row.subject.value,
        "exchange": row.exchange.value if row.exchange else None,
        "kind": row.kind.value if row.kind else None,
        "effective_from": row.effective_from.isoformat(),
        "value": json.loads(row.value),
        "source": row.source,
    }


def row_of_json(told: Any) -> RuleRow:
    """Raises RuleWrong for what is no row."""
    try:
        scope = (
            RuleSubject(told["subject"]),
            Exchange(told["exchange"]) if told.get("exchange") else None,
            InstrumentKind(told["kind"]) if told.get("kind") else None,
        )
        return row_of(scope, date.fromisoformat(told["effective_from"]), told["value"], str(told.get("source", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RuleWrong(Said("This is no row of a rule: {error}.", error=error)) from error
