"""The indices and their members, as the broker lists them; who came and who went is kept with the day's differences."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from apps.eventlog.services import record
from apps.marketdata.models import IndexMember, MarketIndex
from apps.marketdata.services.master_changes import ACTOR, Difference, keep_differences
from qts.adapters.ssi.market_data import ListedIndex, MarketDataClient
from qts.domain.events import SecurityUpdated

MEMBER = "member of"


def load_indices(client: MarketDataClient, *, today: date, now: datetime) -> int:
    """How many memberships and indices changed. Asked for are the list and each index of it; an index whose members
    are not told keeps those it had. Raises TransientError or TerminalError of the client, before anything is stored."""
    listed = client.index_list()
    members = {one.code: frozenset(client.index_components(one.code)) for one in listed}
    return _store(listed, {code: symbols for code, symbols in members.items() if symbols}, today, now)


def _store(listed: Iterable[ListedIndex], members: dict[str, frozenset[str]], today: date, now: datetime) -> int:
    told = {one.code: one for one in listed}
    with transaction.atomic():
        before = {row.code: row for row in MarketIndex.objects.select_for_update()}
        differences = _indices(before, told)
        known: dict[str, set[str]] = {}
        for code, symbol in IndexMember.objects.values_list("index_id", "symbol"):
            known.setdefault(code, set()).add(symbol)
        for code, symbols in members.items():
            differences += _members(code, known.get(code, set()), symbols)
        keep_differences(differences, today)
        for symbol in sorted({one.subject for one in differences if one.field == MEMBER}):
            record(SecurityUpdated(symbol=symbol), actor=ACTOR, now=now)
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
