"""What accounts were worth, what the owner put in and took out, and the journal."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from apps.accounts.models import CashEvent, LedgerEntry, TradeNote, ValueSnapshot
from qts.domain.market import to_vietnam

DAYS_MAX: Final = 2_500
INTRADAY_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ValueView:
    trading_day: date
    taken_at: datetime
    cash_vnd: int
    market_value_vnd: int
    equity_vnd: int
    flows_vnd: int


@dataclass(frozen=True, slots=True)
class NoteView:
    reason: str
    tags: tuple[str, ...]
    note: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One leg on the cash of an account, with the balance after it."""

    occurred_at: datetime
    kind: str
    reference: str
    amount_vnd: int
    balance_vnd: int


def day_values(account_id: UUID, *, since: date | None = None) -> list[ValueView]:
    """Each day's last snapshot, the oldest first: its end, or where the day is not over the newest."""
    rows = ValueSnapshot.objects.filter(account_id=account_id)
    if since:
        rows = rows.filter(trading_day__gte=since)
    newest = rows.order_by("-trading_day", "-taken_at").distinct("trading_day")[:DAYS_MAX]
    flows = flows_by_day(account_id)
    return [_value(row, flows.get(row.trading_day, 0)) for row in reversed(newest)]


def intraday_values(account_id: UUID, day: date) -> list[ValueView]:
    rows = ValueSnapshot.objects.filter(account_id=account_id, trading_day=day).order_by("taken_at")
    return [_value(row, row.flows_vnd) for row in rows[:INTRADAY_MAX]]


def flows_by_day(account_id: UUID) -> dict[date, int]:
    """Deposits less withdrawals."""
    kinds = {CashEvent.Kind.DEPOSIT.value: 1, CashEvent.Kind.WITHDRAWAL.value: -1}
    flows: dict[date, int] = defaultdict(int)
    rows = CashEvent.objects.filter(account_id=account_id, kind__in=kinds)
    for kind, amount_vnd, at in rows.values_list("kind", "amount_vnd", "occurred_at"):
        flows[to_vietnam(at).date()] += kinds[kind] * amount_vnd
    return dict(flows)


def notes(account_ids: Collection[UUID]) -> dict[UUID, NoteView]:
    """By order."""
    rows = TradeNote.objects.filter(account_id__in=account_ids)
    return {row.order_id: NoteView(row.reason, tuple(row.tags), row.note, row.written_at) for row in rows}


def statement(account_id: UUID, *, since: date, until: date) -> list[StatementLine]:
    """Every change of settled cash on these trading days, both included, in the order of the ledger."""
    rows = LedgerEntry.objects.filter(account_id=account_id, ledger=LedgerEntry.Ledger.CASH, trading_day__lte=until)
    balance, lines = 0, []
    fields = ("trading_day", "occurred_at", "kind", "reference", "amount_vnd")
    for day, at, kind, reference, amount_vnd in rows.order_by("id").values_list(*fields):
        balance += amount_vnd
        if day >= since:
            lines.append(StatementLine(at, kind, reference, amount_vnd, balance))
    return lines


def _value(row: ValueSnapshot, flows_vnd: int) -> ValueView:
    return ValueView(row.trading_day, row.taken_at, row.cash_vnd, row.market_value_vnd, row.equity_vnd, flows_vnd)
