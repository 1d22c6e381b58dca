"""The trading days of a year as the rule book says them, and proposing that one day is decided otherwise."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.marketdata import selectors as marketdata
from apps.portal.views import rule_book_words
from apps.portal.views.access import OFFICERS, page
from apps.portal.views.rule_book import REASON_LENGTH_MIN
from apps.risk import services as risk_services
from apps.sso.selectors import actor_of
from qts.domain.market import RuleRow, RuleSubject, RuleWrong, row_with_day
from qts.domain.market.rule_values import value_of
from qts.domain.values import Exchange

_FIELDS = ("day", "is_open", "exchange", "source", "reason")


@dataclass(frozen=True, slots=True)
class _Decided:
    """One day that is not what its weekday says; `exchange` is None for the whole market."""

    day: date
    is_open: bool
    row: RuleRow


@require_http_methods(["GET", "POST"])
@page(*OFFICERS)
def trading_days(request: HttpRequest) -> HttpResponse:
    """GET ?year= shows a year, this one without it. POST previews a day, or proposes it."""
    if request.method == "GET":
        return _page(request, {})
    typed = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    try:
        row = _row(typed)
        if request.POST.get("act") != "propose":
            return _page(request, {"typed": typed, "changes": rule_book_words.changes([row])})
        if len(typed["reason"]) < REASON_LENGTH_MIN:
            raise RuleWrong(_("Say why, in a few words: it is recorded."))
        now = marketdata.market_now()
        risk_services.propose_rules([row], reason=typed["reason"], actor=actor_of(request.user), now=now)
    except (RuleWrong, risk_services.ApprovalRefused) as error:
        return _page(
            request,
            {"typed": typed, "problems": rule_book_words.problems(error)},
            status=422,
        )
    return redirect("portal:approvals")


def _row(typed: dict[str, str]) -> RuleRow:
    try:
        day = parse_date(typed["day"])
        exchange = Exchange(typed["exchange"]) if typed["exchange"] else None
    except ValueError:
        day = exchange = None
    if day is None:
        raise RuleWrong(_("The day is needed, as year-month-day."))
    if not typed["source"]:
        raise RuleWrong(_("A row names its source."))
    rows = marketdata.rule_history().rows
    return row_with_day(rows, day, is_open=typed["is_open"] == "1", exchange=exchange, source=typed["source"])


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    today = marketdata.market_today()
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 4 else today.year
    shown = {
        "year": year,
        "before": year - 1,
        "after": year + 1,
        "today": today,
        "days": _decided(year),
        "exchanges": list(Exchange),
        "problems": (),
    }
    return render(request, "portal/risk/trading_days.html", {**shown, **context}, status=status)


def _decided(year: int) -> list[_Decided]:
    """In the order of the days."""
    rows = [row for row in marketdata.rule_history().rows if row.subject is RuleSubject.CALENDAR]
    found = []
    for row in rows:
        until = min((one.effective_from for one in _later(rows, row)), default=date.max)
        rule = value_of(row)
        for days, is_open in ((rule.closed, False), (rule.opened, True)):
            found += [_Decided(day, is_open, row) for day in days if day.year == year and day < until]
    return sorted(found, key=lambda one: (one.day, one.row.key))


def _later(rows: list[RuleRow], row: RuleRow) -> list[RuleRow]:
    return [one for one in rows if one.scope == row.scope and one.effective_from > row.effective_from]
