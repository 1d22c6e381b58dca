"""The indices and their members, as the broker lists them; who came and who went is kept with the day's differences."""

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import timezone

from apps.eventlog.services import record_all
from apps.marketdata.models import IndexMember, MarketIndex
from apps.marketdata.services.master_changes import ACTOR, Difference, keep_differences
from qts.adapters.ssi.market_data import ListedIndex
from qts.domain.events import SecurityUpdated

MEMBER = "member of"


def store_indices(listed: Iterable[ListedIndex], *, today: date) -> int:
    """How many indices changed."""
    told = {one.code: one for one in listed}
    before = {row.code: row for row in MarketIndex.objects.select_for_update()}
    differences = _indices(before, told)
    keep_differences(differences, today)
    return len(differences)


def store_members(code: str, symbols: Iterable[str], *, today: date, now: datetime) -> int:
    """How many came or went, with one event each. An index of which no member is told keeps those it had."""
    told = frozenset(symbols)
    if not told:
        return 0
    known = set(IndexMember.objects.select_for_update().filter(index_id=code).values_list("symbol", flat=True))
    differences = _members(code, known, told)
    keep_differences(differences, today)
    record_all([SecurityUpdated(symbol=one.subject) for one in differences], actor=ACTOR, now=now)
    return len(differences)


def _indices(before: dict[str, MarketIndex], told: dict[str, ListedIndex]) -> list[Difference]:
    """Writes what differs; an index that is not listed any more becomes inactive and keeps its members."""
    found = []
    for code, one in told.items():
        row = before.get(code)
        if row is None or (row.name, row.exchange, row.is_active) != (one.name, one.exchange, True):
            facts = {"name": one.name, "exchange": one.exchange, "is_active": True, "updated_at": timezone.now()}
            MarketIndex.objects.update_or_create(code=code, defaults=facts)
            found.append(Difference(code, "index", _name(row), f"{one.name} {one.exchange}"))
    for code, row in before.items():
        if code not in told and row.is_active:
            MarketIndex.objects.filter(code=code).update(is_active=False, updated_at=timezone.now())
            found.append(Difference(code, "index", _name(row), ""))
    return found


def _name(row: MarketIndex | None) -> str:
    return f"{row.name} {row.exchange}" if row is not None and row.is_active else ""


def _members(code: str, before: set[str], told: frozenset[str]) -> list[Difference]:
    came, went = sorted(told - before), sorted(before - told)
    IndexMember.objects.bulk_create([IndexMember(index_id=code, symbol=symbol) for symbol in came])
    IndexMember.objects.filter(index_id=code, symbol__in=went).delete()
    return [Difference(symbol, MEMBER, "", code) for symbol in came] + [
        Difference(symbol, MEMBER, code, "") for symbol in went
    ]
