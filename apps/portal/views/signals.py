"""The signals of a day on a time axis, each with what became of it; the table below, and all of it as CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, asks_for_fragment, page
from apps.portal.views.days import asked_day
from apps.portal.views.silence_words import nothing_text
from apps.portal.views.wording import decision_label, side_label
from apps.strategies import selectors as strategies
from apps.strategies.selectors import DecisionView, SignalFilter, SignalMark
from qts.adapters.tables import Cell, csv_file
from qts.domain.market import VIETNAM, to_vietnam
from qts.web.words import DECISIONS, choices

PAGE_ROWS: Final = 50
MARKS_MAX: Final = 2_000
LANES_MAX: Final = 24
CSV_ROWS_MAX: Final = 50_000
FIRST_HOUR, LAST_HOUR = 9, 15
LANES: Final = ("strategy", "symbol")
_CSV_FIELDS: Final = (
    "decided_at", "strategy_name", "symbol", "side", "quantity", "order_type", "price_vnd", "signal", "outcome",
    "outcome_reason", "mode", "order_id", "code_hash", "id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot; `x` is a percentage of the axis."""

    x: str
    outcome: str
    side: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    marks: Sequence[Mark]
    refused_count: int


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for."""

    filter: SignalFilter
    day: date
    today: date
    lane: str
    page: int

    @property
    def query(self) -> str:
        """Without the page."""
        asked = {
            "day": self.day.isoformat() if self.day != self.today else "",
            "strategy": str(self.filter.strategy_id or ""),
            "symbol": self.filter.symbol,
            "outcome": self.filter.outcome,
            "lane": self.lane if self.lane != LANES[0] else "",
        }
        return urlencode({name: value for name, value in asked.items() if value})


@require_GET
@page(*EVERYBODY)
def signal_list(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    choice = read_choice(request)
    rows = strategies.signals(choice.filter, limit=PAGE_ROWS, offset=(choice.page - 1) * PAGE_ROWS)
    marks = strategies.signal_marks(choice.filter, limit=MARKS_MAX)
    count = strategies.signal_count(choice.filter)
    first, last = _span(marks, choice.day)
    mine = strategies.strategies(choice.filter.account_ids)
    context = {
        "choice": choice,
        "rows": [(row, nothing_text(row.outcome_reason)) for row in rows],
        "lanes": _lanes(marks, choice.lane, first, last),
        "ticks": _ticks(first, last),
        "count": count,
        "marks_left_out": max(0, count - len(marks)),
        "has_more": count > choice.page * PAGE_ROWS,
        "strategies": mine,
        "symbols": sorted({symbol for one in mine for symbol in one.symbols}),
        "outcomes": choices(DECISIONS),
    }
    template = "body" if asks_for_fragment(request) else "page"
    return render(request, f"portal/signals/{template}.html", context)


@require_GET
@page(*EVERYBODY)
def export(request: HttpRequest) -> HttpResponse:
    """What the filter chooses, newest first; times are Vietnam's."""
    choice = read_choice(request)
    found = strategies.signals(choice.filter, limit=CSV_ROWS_MAX)
    response = HttpResponse(csv_file([_CSV_FIELDS, *map(_csv_row, found)]), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="signals-{choice.day}.csv"'
    return response


def read_choice(request: HttpRequest) -> Choice:
    """What cannot be read narrows nothing."""
    given, today = request.GET, marketdata.board_day()
    day = min(asked_day(given.get("day", "")) or today, today)
    since = datetime.combine(day, time(), tzinfo=VIETNAM)
    asked = SignalFilter(
        account_ids=tuple(one.id for one in accounts.accounts_of(request.user)),
        since=since.astimezone(UTC),
        until=(since + timedelta(days=1)).astimezone(UTC),
        strategy_id=_uuid(given.get("strategy", "")),
        symbol=given.get("symbol", "").upper()[:20],
        outcome=given.get("outcome", "") if given.get("outcome") in DECISIONS else "",
    )
    number = given.get("page", "")
    lane = given.get("lane", "")
    return Choice(
        filter=asked,
        day=day,
        today=today,
        lane=lane if lane in LANES else LANES[0],
        page=max(1, int(number)) if number.isdecimal() and len(number) < 5 else 1,
    )


def _lanes(marks: Iterable[SignalMark], by: str, first: datetime, last: datetime) -> list[Lane]:
    """By name; of many the busiest."""
    found: dict[str, list[SignalMark]] = {}
    for mark in marks:
        found.setdefault(mark.symbol if by == "symbol" else mark.strategy_name, []).append(mark)
    busiest = sorted(found, key=lambda name: (-len(found[name]), name))[:LANES_MAX]
    return [
        Lane(
            name or "–",
            [_mark(one, first, last) for one in reversed(found[name])],
            sum(one.outcome == "DENIED" for one in found[name]),
        )
        for name in sorted(busiest)
    ]


def _mark(mark: SignalMark, first: datetime, last: datetime) -> Mark:
    told = [f"{to_vietnam(mark.decided_at):%H:%M:%S}", mark.strategy_name, mark.symbol]
    told += [side_label(mark.side)] if mark.side else []
    told += [mark.signal, decision_label(mark.outcome)]
    told += [nothing_text(mark.outcome_reason)] if mark.outcome_reason else []
    return Mark(_x(mark.decided_at, first, last), mark.outcome, mark.side, _url(mark), " · ".join(told))


def _url(mark: SignalMark) -> str:
    """Why it exists, or why there is no order."""
    if mark.order_id is not None:
        return reverse("portal:order", kwargs={"order_id": mark.order_id})
    query = urlencode({"day": to_vietnam(mark.decided_at).date().isoformat(), "symbol": mark.symbol})
    return f"{reverse('portal:strategy-why', kwargs={'strategy_id': mark.strategy_id})}?{query}"


def _span(marks: Sequence[SignalMark], day: date) -> tuple[datetime, datetime]:
    """The trading hours, and what lies beside them."""
    hours = [datetime.combine(day, time(hour), tzinfo=VIETNAM) for hour in (FIRST_HOUR, LAST_HOUR)]
    told = [to_vietnam(one.decided_at) for one in marks]
    return min([hours[0], *told]), max([hours[1], *told])


def _ticks(first: datetime, last: datetime) -> list[Tick]:
    hour = first.replace(minute=0, second=0, microsecond=0)
    found = []
    while hour <= last:
        if hour >= first:
            found.append(Tick(_x(hour, first, last), f"{hour:%H:%M}"))
        hour += timedelta(hours=1)
    return found


def _x(at: datetime, first: datetime, last: datetime) -> str:
    return f"{100 * (at - first) / (last - first):.2f}%"


def _csv_row(decision: DecisionView) -> list[Cell]:
    told = {name: getattr(decision, name) for name in _CSV_FIELDS}
    told["decided_at"] = to_vietnam(decision.decided_at).isoformat(timespec="milliseconds")
    return [value if isinstance(value, int) or value is None else str(value) for value in told.values()]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
