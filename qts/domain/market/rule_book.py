"""The rules of one day as one frozen snapshot, and the history of rows that it is taken from.

Whoever needs a rule is given the book of the day in question: the day of the order, of the session or of the bar. A
book knows no clock and asks nobody, so last year's day is read under last year's rules by the same functions.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from qts.domain.market.rule_checks import problems_of
from qts.domain.market.rule_days import calendar_of_rows
from qts.domain.market.rule_rows import BY_KIND, BY_MARKET, RuleRow, RuleSubject, RuleWrong, canonical, row_json
from qts.domain.market.rule_terms import BoardRules, InvestorKind, SettlementRule
from qts.domain.market.rule_values import value_of
from qts.domain.values import Exchange, InstrumentKind

_VERSION_LENGTH: Final = 16
_FIELD_OF: Final = {
    RuleSubject.TIMETABLE: "timetable",
    RuleSubject.RESTRICTED_TIMETABLE: "restricted_timetable",
    RuleSubject.ADMISSIONS: "admissions",
    RuleSubject.TICKS: "ladders",
    RuleSubject.LOT: "lots",
    RuleSubject.ORDER_MAX: "order_max",
    RuleSubject.BAND: "band",
    RuleSubject.ODD_LOTS: "odd_lots",
    RuleSubject.REFERENCE: "reference",
    RuleSubject.PUT_THROUGH: "put_through",
    RuleSubject.AFTER_HOURS: "after_hours",
}


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What holds from `effective_from` until some row takes effect. Equal rules have equal versions, whatever their
    sources: the version is a hash of what the rows say."""

    effective_from: date
    version: str
    boards: Mapping[Exchange, BoardRules]
    settlement: SettlementRule
    position_limits: Mapping[InvestorKind, int]
    rows: tuple[RuleRow, ...] = field(repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.version)


class RuleHistory:
    """All rows, in the order of their scopes and days, and the trading calendar that they say. Raises RuleWrong, with
    every problem, unless they make one whole set of rules for every day from the first one on."""

    __slots__ = ("_books", "_starts", "calendar", "rows", "version")

    def __init__(self, rows: Iterable[RuleRow]) -> None:
        self.rows = tuple(sorted(rows, key=lambda row: row.key))
        if found := problems_of(self.rows):
            raise RuleWrong(*found)
        self.version = version_of(self.rows)
        self.calendar = calendar_of_rows(self.rows)
        self._starts = sorted({row.effective_from for row in self.rows})
        self._books: dict[date, RuleBook] = {}

    def on(self, day: date) -> RuleBook:
        """The book of a day. Days between two changes share one. Raises LookupError before the first day."""
        place = bisect_right(self._starts, day)
        if not place:
            raise LookupError(f"there are no rules of {day}: they begin on {self._starts[0]}")
        start = self._starts[place - 1]
        book = self._books.get(start)
        if book is None:
            book = self._books[start] = _book(start, rows_in_force(self.rows, start))
        return book

    @property
    def change_days(self) -> tuple[date, ...]:
        """On which some row takes effect, in order."""
        return tuple(self._starts)

    @property
    def newest(self) -> RuleBook:
        """After every change that is known."""
        return self.on(self._starts[-1])

    def with_rows(self, rows: Iterable[RuleRow]) -> "RuleHistory":
        """Each of the rows in the place of that of its key, if there was one; one whose value is null takes it out."""
        merged = {row.key: row for row in self.rows} | {row.key: row for row in rows}
        return RuleHistory(row for row in merged.values() if not row.is_withdrawn)

    def changes_after(self, day: date) -> list[RuleRow]:
        """What is known today to take effect later."""
        return [row for row in self.rows if row.effective_from > day]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleHistory) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.rows,)

    def __repr__(self) -> str:
        return f"RuleHistory({len(self.rows)} rows, {self.version})"


def rows_in_force(rows: Iterable[RuleRow], day: date) -> tuple[RuleRow, ...]:
    """Of each scope its newest row that has taken effect by then, in order."""
    newest: dict[Any, RuleRow] = {}
    for row in sorted(rows, key=lambda row: row.key):
        if row.effective_from <= day:
            newest[row.scope] = row
    return tuple(newest.values())


def version_of(rows: Iterable[RuleRow]) -> str:
    """Of what rows say: their sources do not count."""
    told = [{name: value for name, value in row_json(row).items() if name != "source"} for row in rows]
    return hashlib.sha256(canonical(told).encode()).hexdigest()[:_VERSION_LENGTH]


def _book(start: date, rows: tuple[RuleRow, ...]) -> RuleBook:
    whole = {row.subject: value_of(row) for row in rows if row.exchange is None}
    of_boards = [row for row in rows if row.subject not in BY_MARKET]
    boards = {exchange: _board([row for row in of_boards if row.exchange is exchange]) for exchange in Exchange}
    return RuleBook(
        effective_from=start,
        version=version_of(rows),
        boards=boards,
        settlement=whole[RuleSubject.SETTLEMENT],
        position_limits=whole[RuleSubject.POSITION_LIMITS],
        rows=rows,
    )


def _board(rows: list[RuleRow]) -> BoardRules:
    told: dict[str, Any] = {}
    for row in rows:
        if row.subject not in BY_KIND:
            told[_FIELD_OF[row.subject]] = value_of(row)
    for subject in BY_KIND:
        told[_FIELD_OF[subject]] = _by_kind([row for row in rows if row.subject is subject])
    return BoardRules(**told)


def _by_kind(rows: list[RuleRow]) -> dict[InstrumentKind, Any]:
    """A row without a kind is that of every kind that has none of its own."""
    own = {row.kind: value_of(row) for row in rows}
    return {kind: own[kind] if kind in own else own[None] for kind in InstrumentKind if kind in own or None in own}
