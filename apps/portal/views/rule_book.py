"""The exchanges' rules, day by day: what holds, since when and who says so; and proposing a row for two people."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.marketdata import selectors as marketdata
from apps.portal.views import rule_book_words as words
from apps.portal.views.access import OFFICERS, page
from apps.risk import services as risk_services
from apps.sso.selectors import actor_of
from qts.domain.market import RuleRow, RuleSubject, RuleWrong, row_of_json
from qts.domain.values import Exchange, InstrumentKind
from qts.web.words import RULE_SUBJECTS, SECURITY_KINDS, choices

REASON_LENGTH_MIN: Final = 5
_VALUE_LENGTH_MAX: Final = 4_000
_FIELDS: Final = ("subject", "exchange", "kind", "effective_from", "value", "source", "reason")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A row of the book, and from when on another one takes its place; `next_from` is None where none is known."""

    row: RuleRow
    next_from: date | None

    @property
    def scope(self) -> words.Scope:
        return words.scope_of(self.row)

    @property
    def lines(self) -> list[str]:
        return words.value_lines(self.row.subject, self.row.value)


@require_http_methods(["GET", "POST"])
@page(*OFFICERS)
def rule_book(request: HttpRequest) -> HttpResponse:
    """GET ?day= shows the book of a day, today without one. POST previews a row, or proposes it."""
    if request.method == "GET":
        return _page(request, {"typed": {"effective_from": marketdata.market_today().isoformat()}})
    typed = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    try:
        row = _row(typed)
        if request.POST.get("act") != "propose":
            return _page(request, {"typed": typed, "changes": words.changes([row])})
        if len(typed["reason"]) < REASON_LENGTH_MIN:
            raise RuleWrong(_("Say why, in a few words: it is recorded."))
        risk_services.propose_rules(
            [row], reason=typed["reason"], actor=actor_of(request.user), now=marketdata.market_now()
        )
    except (RuleWrong, risk_services.ApprovalRefused) as error:
        return _page(
            request,
            {"typed": typed, "problems": words.problems(error)},
            status=422,
        )
    return redirect("portal:approvals")


def _row(typed: dict[str, str]) -> RuleRow:
    """Raises RuleWrong. An empty value withdraws what stands there."""
    if len(typed["value"]) > _VALUE_LENGTH_MAX:
        raise RuleWrong(_("The value is too long."))
    try:
        value: Any = json.loads(typed["value"]) if typed["value"] else None
    except ValueError as error:
        raise RuleWrong(_("The value is no JSON: {why}.").format(why=error)) from error
    row = row_of_json({**typed, "value": value})
    if not row.source.strip():
        raise RuleWrong(_("A row names its source."))
    return row


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    day, problem = _day(request)
    history = marketdata.rule_history()
    book, context = history.on(day), {"problems": (), **context}
    rows = [_Shown(row, _next_from(history.rows, row, day)) for row in book.rows]
    shown = {
        "day": day,
        "book": book,
        "history_version": history.version,
        "rows": rows,
        # every later year has its calendar, which stands on a page of its own
        "planned": [_Shown(row, None) for row in history.changes_after(day) if row.subject is not RuleSubject.CALENDAR],
        "subjects": choices(RULE_SUBJECTS, RuleSubject),
        "exchanges": list(Exchange),
        "kinds": choices(SECURITY_KINDS, InstrumentKind),
        "day_problem": problem,
    }
    return render(request, "portal/risk/rule_book.html", {**shown, **context}, status=status)


def _day(request: HttpRequest) -> tuple[date, str]:
    """The day that was asked for; today, and why, for one that is none or has no rules."""
    asked, today = request.GET.get("day", ""), marketdata.market_today()
    if not asked:
        return today, ""
    try:
        day = parse_date(asked)
        if day is None:
            raise ValueError(asked)
        marketdata.rules_on(day)
    except (ValueError, LookupError):
        return today, _("There are no rules of that day: this is today's book.")
    return day, ""


def _next_from(rows: tuple[RuleRow, ...], row: RuleRow, day: date) -> date | None:
    later = [one.effective_from for one in rows if one.scope == row.scope and one.effective_from > day]
    return min(later, default=None)
