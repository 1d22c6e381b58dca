"""The signals of a day: all of them for the picture, some of them for the table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.strategies.models import Decision
from apps.strategies.selectors.strategies import DecisionView, decision_view


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFilter:
    """Which decisions: of accounts, from a moment until before another; empty narrows nothing."""

    account_ids: tuple[UUID, ...]
    since: datetime
    until: datetime
    strategy_id: UUID | None = None
    symbol: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class SignalMark:
    """One decision as the picture needs it."""

    id: UUID
    strategy_id: UUID
    strategy_name: str
    symbol: str
    side: str
    outcome: str
    outcome_reason: str
    signal: str
    decided_at: datetime
    order_id: UUID | None


def signals(asked: SignalFilter, *, limit: int, offset: int = 0) -> list[DecisionView]:
    """Newest first."""
    rows = _rows(asked).select_related("strategy").order_by("-decided_at", "-id")
    return [decision_view(row) for row in rows[offset : offset + limit]]


def signal_count(asked: SignalFilter) -> int:
    return _rows(asked).count()


def signal_marks(asked: SignalFilter, *, limit: int) -> list[SignalMark]:
    """The newest ones, without what they were made from."""
    names = SignalMark.__dataclass_fields__
    columns = ["strategy__name" if name == "strategy_name" else name for name in names]
    rows: Iterable[tuple[object, ...]] = _rows(asked).order_by("-decided_at", "-id").values_list(*columns)[:limit]
    return [SignalMark(*row) for row in rows]  # type: ignore[arg-type]  # columns in the order of the fields


def _rows(asked: SignalFilter) -> QuerySet[Decision]:
    rows = Decision.objects.filter(
        account_id__in=asked.account_ids, decided_at__gte=asked.since, decided_at__lt=asked.until
    )
    if asked.strategy_id is not None:
        rows = rows.filter(strategy_id=asked.strategy_id)
    if asked.symbol:
        rows = rows.filter(symbol=asked.symbol)
    return rows.filter(outcome=asked.outcome) if asked.outcome else rows
