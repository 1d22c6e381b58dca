"""Who did what, when, to which thing, and from which address: the event log as one page, and as CSV."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.eventlog import selectors as eventlog
from apps.eventlog.selectors import AuditFilter, LoggedEvent
from apps.portal.selectors import actor_names
from apps.portal.views.access import page
from apps.portal.views.audit_words import AREAS, TOPICS, object_text, object_url, topic_label
from apps.portal.views.days import asked_day
from apps.sso.selectors import Role
from qts.adapters.tables import Cell, csv_file
from qts.domain.market import VIETNAM, to_vietnam
from qts.domain.values import ActorKind

MAY_SEARCH: Final = (Role.RISK_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR)
PAGE_ROWS: Final = 50
CSV_ROWS_MAX: Final = 50_000
DAYS_SHOWN: Final = 7
TEXT_LENGTH_MAX: Final = 100
NUMBER_LENGTH_MAX: Final = 18  # what a database's number holds
HEADINGS: Final = (
    "recorded_at", "who", "actor", "ip_address", "topic", "what", "object", "key", "fields", "correlation_id", "id",
)  # fmt: skip
# whose acts; people's are what an audit asks for first
ACTORS: Final = {"people": (ActorKind.USER,), "strategies": (ActorKind.STRATEGY,), "all": ()}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for; days are Vietnam's, the last one is part of it."""

    first: date
    last: date
    by: str
    who: str
    what: str
    ip_address: str
    act: str
    text: str
    before_id: int | None

    @property
    def query(self) -> str:
        """Without the page."""
        asked = {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "by": self.by,
            "who": self.who,
            "what": self.what,
            "address": self.ip_address,
            "act": self.act,
            "q": self.text,
        }
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def filter(self) -> AuditFilter | None:
        """None where nobody has the name that is asked for."""
        user_id = ""
        if self.who:
            user = get_user_model().objects.filter(username__iexact=self.who).first()
            if user is None:
                return None
            user_id = str(user.pk)
        return AuditFilter(
            since=_midnight(self.first),
            until=_midnight(self.last + timedelta(days=1)),
            actor_kinds=(ActorKind.USER,) if user_id else ACTORS[self.by],
            actor_id=user_id,
            topic=self.what,
            ip_address=self.ip_address,
            correlation_id=self.act,
            text=self.text,
        )


@dataclass(frozen=True, slots=True)
class Row:
    event: LoggedEvent
    who: str
    what: str
    thing: str
    url: str

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        return [(name, _plain(value)) for name, value in self.event.body.items() if value not in ("", None)]


@require_GET
@page(*MAY_SEARCH)
def audit(request: HttpRequest) -> HttpResponse:
    choice = read_choice(request)
    found = _rows(request, choice, PAGE_ROWS + 1)
    context = {
        "choice": choice,
        "rows": found[:PAGE_ROWS],
        "older_than": found[PAGE_ROWS - 1].event.id if len(found) > PAGE_ROWS else None,
        "areas": [(start, _(label)) for start, label in AREAS.items()],
        "topics": sorted(((topic, _(label)) for topic, label in TOPICS.items()), key=lambda one: one[1]),
        "today": _today(),
    }
    return render(request, "portal/audit.html", context)


@require_GET
@page(*MAY_SEARCH)
def export(request: HttpRequest) -> HttpResponse:
    """What the filter chooses, newest first, from its beginning; times are Vietnam's."""
    choice = read_choice(request)
    rows = [_csv_row(row) for row in _rows(request, choice, CSV_ROWS_MAX)]
    response = HttpResponse(csv_file([HEADINGS, *rows]), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{choice.first}-{choice.last}.csv"'
    return response


def read_choice(request: HttpRequest) -> Choice:
    """What cannot be read narrows nothing."""
    given, today = request.GET, _today()
    last = min(asked_day(given.get("to", "")) or today, today)
    first = min(asked_day(given.get("from", "")) or last - timedelta(days=DAYS_SHOWN - 1), last)
    before, by, what = given.get("before", ""), given.get("by", ""), given.get("what", "")
    return Choice(
        first=first,
        last=last,
        by=by if by in ACTORS else "people",
        who=_short(given.get("who", "")),
        what=what if what in TOPICS or what in AREAS else "",
        ip_address=_short(given.get("address", "")),
        act=_short(given.get("act", "")),
        text=_short(given.get("q", "")),
        before_id=int(before) if before.isdecimal() and len(before) <= NUMBER_LENGTH_MAX else None,
    )


def _rows(request: HttpRequest, choice: Choice, limit: int) -> list[Row]:
    wanted = choice.filter
    if wanted is None:
        return []
    found = eventlog.audit_trail(wanted, before_id=choice.before_id, limit=limit)
    names = actor_names({one.actor for one in found})
    numbers = {str(account.id): account.number for account in accounts.accounts_of(request.user)}
    return [
        Row(
            event=one,
            who=names.get(one.actor, one.actor.partition(":")[2]),
            what=topic_label(one.topic),
            thing=object_text(one.body, one.key, numbers),
            url=object_url(one.topic, one.body),
        )
        for one in found
    ]


def _csv_row(row: Row) -> list[Cell]:
    event = row.event
    told = json.dumps(event.body, ensure_ascii=False)
    at = to_vietnam(event.recorded_at).isoformat(timespec="milliseconds")
    return [at, row.who, event.actor, event.ip_address, event.topic, row.what, row.thing, event.key, told,
            event.correlation_id, event.id]  # fmt: skip


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return text.strip()[:TEXT_LENGTH_MAX]


def _today() -> date:
    return to_vietnam(timezone.now()).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=VIETNAM).astimezone(UTC)
