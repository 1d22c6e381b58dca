"""Rows of the exchanges' rules as a person reads them: what a row says, line by line, and what it would change."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.marketdata import selectors as marketdata
from apps.portal.views import formats
from apps.portal.views.wording import session_label
from apps.risk.selectors import ProposalView
from qts.domain.market import RuleRow, RuleSubject, row_of_json
from qts.web import words
from qts.web.said import told
from qts.web.words import word

INVESTORS: Final = {
    "INDIVIDUAL": gettext_noop("Individuals"),
    "ORGANISATION": gettext_noop("Organisations"),
    "PROFESSIONAL": gettext_noop("Professional investors"),
}
REFERENCES: Final = {
    "CLOSE": gettext_noop("The closing price of the day before"),
    "AVERAGE": gettext_noop("The average price of the day before"),
    "SETTLEMENT": gettext_noop("The settlement price of the day before"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is ruled, and where: an empty place is the whole market."""

    subject: str
    place: str


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is empty where nothing holds without the row, `after` where it takes away what does."""

    scope: Scope
    effective_from: date
    before: list[str]
    after: list[str]
    source: str


def scope_of(row: RuleRow) -> Scope:
    kind = word(words.SECURITY_KINDS, row.kind) if row.kind else ""
    return Scope(word(words.RULE_SUBJECTS, row.subject), " · ".join(filter(None, (row.exchange or "", kind))))


def changes(rows: list[RuleRow]) -> list[Change]:
    """What the rows would change on the days from which they hold."""
    return [
        Change(
            scope_of(line.row),
            line.row.effective_from,
            value_lines(line.row.subject, line.before),
            value_lines(line.row.subject, line.after),
            line.row.source,
        )
        for line in marketdata.rule_changes(rows)
    ]


def changes_of(proposal: ProposalView) -> list[Change]:
    """Against the rules as they are now: were they others when it was asked for, nobody can approve it any more."""
    return changes([row_of_json(one) for one in proposal.content.get("rows", [])])


def problems(error: Exception) -> list[str]:
    """What a proposal gets wrong: of rules each thing, else the one sentence."""
    return [told(one) for one in getattr(error, "problems", (error,))]


def row_line(row: RuleRow) -> str:
    """A row without its value, in a list of what waits."""
    scope = scope_of(row)
    place = f"{scope.place} · " if scope.place else ""
    return _("{subject} · {place}from {day}").format(
        subject=scope.subject, place=place, day=f"{row.effective_from:%d/%m/%Y}"
    )


def value_lines(subject: RuleSubject, value: str) -> list[str]:
    """Nothing for a value that is empty or withdrawn. What a row says has been read before it got here."""
    told = json.loads(value) if value else None
    return [] if told is None else _LINES[subject](told)


def _timetable(told: list[list[str]]) -> list[str]:
    return [f"{start}–{end} {session_label(name)}" for name, start, end in told]


def _admissions(told: Mapping[str, Any]) -> list[str]:
    return [f"{session_label(name)}: {_admission(one)}" for name, one in told.items()]


def _admission(told: Mapping[str, Any]) -> str:
    said = [", ".join(told["types"]) or _("takes no order")]
    said += [_("may be cancelled") if told["cancel"] else _("no cancel")]
    said += [_("amended: {types}").format(types=", ".join(told["amend"])) if told["amend"] else _("no amendment")]
    if minutes := told.get("locked_minutes"):
        said += [_("locked for the last {minutes} min").format(minutes=minutes)]
    return "; ".join(said)


def _ladder(told: list[list[int]]) -> list[str]:
    return [
        _("from {price} ₫: steps of {step} ₫").format(price=formats.money_text(first), step=formats.money_text(step))
        for first, step in told
    ]


def _quantity(told: int) -> list[str]:
    return [formats.quantity_text(told)]


def _band(told: Mapping[str, int]) -> list[str]:
    return [
        _("± {percent}% on every day").format(percent=told["daily_percent"]),
        _("± {percent}% on the first day, and after more than {count} sessions without trading").format(
            percent=told["wide_percent"], count=told["wide_after_sessions"]
        ),
    ]


def _odd_lots(told: Mapping[str, Any]) -> list[str]:
    sessions = ", ".join(session_label(name) for name in told["sessions"])
    return [
        f"{', '.join(told['types'])}: {sessions}" if told["types"] else _("takes no order"),
        _("also on the first trading day") if told["first_day"] else _("not on the first trading day"),
    ]


def _reference(told: str) -> list[str]:
    return [_(REFERENCES[told])]


def _put_through(told: Mapping[str, int]) -> list[str]:
    return [
        _("steps of {step} ₫").format(step=formats.money_text(told["tick_vnd"])),
        _("at least {quantity}").format(quantity=formats.quantity_text(told["min_quantity"])),
    ]


def _after_hours(told: Mapping[str, str]) -> list[str]:
    if until := told.get("collected_until"):
        return [_("gathered until {time}, then matched at once").format(time=until)]
    return [_("matched at once")]


def _settlement(told: Mapping[str, Any]) -> list[str]:
    return [
        _("T+{days}, may be sold from {time} on").format(days=told["trading_days"], time=told["sellable_from"]),
    ]


def _position_limits(told: Mapping[str, int]) -> list[str]:
    return [
        _("{who}: {quantity} contracts").format(who=_(INVESTORS[name]), quantity=formats.quantity_text(limit))
        for name, limit in told.items()
    ]


def _calendar(told: Mapping[str, list[str]]) -> list[str]:
    said = {"closed": _("closed: {days}"), "open": _("open: {days}")}
    return [
        said[name].format(days=", ".join(f"{date.fromisoformat(day):%d/%m/%Y}" for day in told[name]))
        for name in said
        if told[name]
    ]


_LINES: Final[Mapping[RuleSubject, Callable[[Any], list[str]]]] = {
    RuleSubject.TIMETABLE: _timetable,
    RuleSubject.RESTRICTED_TIMETABLE: _timetable,
    RuleSubject.ADMISSIONS: _admissions,
    RuleSubject.TICKS: _ladder,
    RuleSubject.LOT: _quantity,
    RuleSubject.ORDER_MAX: _quantity,
    RuleSubject.BAND: _band,
    RuleSubject.ODD_LOTS: _odd_lots,
    RuleSubject.REFERENCE: _reference,
    RuleSubject.PUT_THROUGH: _put_through,
    RuleSubject.AFTER_HOURS: _after_hours,
    RuleSubject.SETTLEMENT: _settlement,
    RuleSubject.POSITION_LIMITS: _position_limits,
    RuleSubject.CALENDAR: _calendar,
}
