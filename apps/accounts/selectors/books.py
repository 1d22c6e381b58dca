"""The ledger read back, and what it says about the running totals."""

from collections import Counter
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum

from apps.accounts.models import (
    BrokerageAccount,
    CashBalance,
    CashSettlement,
    FuturePosition,
    LedgerCheck,
    LedgerEntry,
    Position,
    Reconciliation,
    Reservation,
    TradeBooking,
)
from apps.accounts.selectors.access import accounts_of
from apps.accounts.selectors.state import unsettled_quantities
from apps.accounts.selectors.types import Difference, LedgerCheckView, LedgerEntryView, ReconciliationView, TradeView
from qts.domain.portfolio import Line, RebuiltBooks, rebuild
from qts.domain.values import Side

Ledger = LedgerEntry.Ledger
READ_AT_ONCE: Final = 10_000


def ledger_totals(account_id: UUID) -> dict[str, int]:
    """Balance in VND of every ledger of the account, debits positive; they add up to zero."""
    rows = LedgerEntry.objects.filter(account_id=account_id).order_by()
    return dict(rows.values_list("ledger").annotate(Sum("amount_vnd")))


def rebuilt_books(account_id: UUID) -> RebuiltBooks:
    """Read entry by entry, in no order."""
    rows = LedgerEntry.objects.filter(account_id=account_id).order_by()
    return rebuild(map(Line._make, rows.values_list(*Line._fields).iterator(chunk_size=READ_AT_ONCE)))


def ledger_differences(
    account_id: UUID, *, books: RebuiltBooks | None = None, now: datetime | None = None
) -> list[Difference]:
    """Where the running totals differ from the ledger: empty, or the books are broken."""
    cash = CashBalance.objects.get(account_id=account_id)
    books = books or rebuilt_books(account_id)
    totals = books.balances_vnd
    pending = Reservation.objects.filter(account_id=account_id, state=Reservation.State.PENDING)
    pairs = [
        ("settled cash", cash.settled_vnd, totals[Ledger.CASH]),
        ("receivable", cash.receivable_vnd, totals[Ledger.RECEIVABLE]),
        ("payable", cash.payable_vnd, -totals[Ledger.PAYABLE]),
        ("dividends due", cash.dividends_due_vnd, totals[Ledger.DIVIDENDS_DUE]),
        ("advanced", cash.advanced_vnd, -totals[Ledger.ADVANCED]),
        ("margin loan", cash.loan_vnd, -totals[Ledger.LOAN]),
        ("interest due", cash.interest_due_vnd, -totals[Ledger.INTEREST_DUE]),
        ("margin of futures", cash.margin_vnd, totals[Ledger.FUTURES_MARGIN]),
        ("variation due", cash.variation_due_vnd, totals[Ledger.VARIATION_DUE]),
        ("realised profit", cash.realised_pnl_vnd, books.realised_pnl_vnd),
        ("reserved", cash.reserved_vnd, int(pending.aggregate(total=Sum("amount_vnd"))["total"] or 0)),
        ("sum of all ledgers", 0, sum(totals.values())),
        *_position_pairs(account_id, books),
        *_contract_pairs(account_id, books),
        *_settlement_pairs(account_id, books),
        *(_arriving_pairs(account_id, books, now) if now else ()),
    ]
    return [Difference(what, ours, theirs) for what, ours, theirs in pairs if ours != theirs]


def _position_pairs(account_id: UUID, books: RebuiltBooks) -> list[tuple[str, int, int]]:
    stored = {row.symbol: row for row in Position.objects.filter(account_id=account_id)}
    pairs = []
    for symbol in sorted({*books.shares, *books.results_vnd, *stored} - books.contracts.keys()):
        row = stored.get(symbol) or Position(symbol=symbol)
        pairs += [
            (f"{symbol} quantity", row.quantity, books.shares[symbol]),
            (f"{symbol} cost", row.cost_total_vnd, books.costs_vnd[symbol]),
            (f"{symbol} realised profit", row.realised_pnl_vnd, books.results_vnd[symbol]),
        ]
    return pairs


def _contract_pairs(account_id: UUID, books: RebuiltBooks) -> list[tuple[str, int, int]]:
    stored = {row.symbol: row for row in FuturePosition.objects.filter(account_id=account_id)}
    pairs = []
    for symbol in sorted({*books.contracts, *stored}):
        row = stored.get(symbol) or FuturePosition(symbol=symbol)
        pairs += [
            (f"{symbol} contracts", row.net, books.contracts[symbol]),
            (f"{symbol} carried at", row.cost_vnd, books.carried_vnd[symbol]),
            (f"{symbol} variation due", row.due_vnd, books.variation_vnd[symbol]),
            (f"{symbol} realised profit", row.realised_pnl_vnd, books.results_vnd[symbol]),
        ]
    return pairs


def _settlement_pairs(account_id: UUID, books: RebuiltBooks) -> list[tuple[str, int, int]]:
    """Cash on its way, paper by paper: what waits for its day against what the entries have not settled."""
    waiting: Counter[tuple[str, str]] = Counter()
    for row in CashSettlement.objects.filter(account_id=account_id, settled_at=None):
        ledger = Ledger.RECEIVABLE if row.amount_vnd > 0 else Ledger.PAYABLE
        is_dividend = row.source == CashSettlement.Source.DIVIDEND
        waiting[Ledger.DIVIDENDS_DUE.value if is_dividend else ledger.value, row.reference] += row.amount_vnd
    return [
        (f"{ledger} of {reference} on its way", waiting[ledger, reference], books.on_its_way[ledger, reference])
        for ledger, reference in sorted({*waiting, *books.on_its_way})
    ]


def _arriving_pairs(account_id: UUID, books: RebuiltBooks, now: datetime) -> list[tuple[str, int, int]]:
    stored, told = unsettled_quantities(account_id, now), books.arriving_after(now)
    return [(f"{symbol} arriving", stored.get(symbol, 0), told.get(symbol, 0)) for symbol in sorted({*stored, *told})]


def ledger_entries(account_id: UUID, *, after_id: int, limit: int) -> list[LedgerEntryView]:
    """In the order in which they were written; those with a greater id than `after_id`."""
    rows = LedgerEntry.objects.filter(account_id=account_id, id__gt=after_id).order_by("id")[:limit]
    names = LedgerEntryView.__dataclass_fields__
    return [LedgerEntryView(**{name: getattr(row, name) for name in names}) for row in rows]


def trade_bookings(account_id: UUID, day: date) -> list[TradeView]:
    """What each fill of a trading day did to the books, newest first."""
    rows = TradeBooking.objects.filter(account_id=account_id, trading_day=day).order_by("-booked_at", "fill_id")
    return [
        TradeView(
            fill_id=row.fill_id,
            order_id=row.order_id,
            symbol=row.symbol,
            side=Side(row.side),
            quantity=row.quantity,
            price_vnd=row.price_vnd,
            fee_vnd=row.fee_vnd,
            tax_vnd=row.tax_vnd,
            cost_vnd=row.cost_vnd,
            realised_pnl_vnd=row.realised_pnl_vnd,
            booked_at=row.booked_at,
        )
        for row in rows
    ]


def last_reconciliation(account_id: UUID) -> ReconciliationView | None:
    row = Reconciliation.objects.filter(account_id=account_id).order_by("-id").first()
    if row is None:
        return None
    return ReconciliationView(row.compared_at, tuple(Difference(**difference) for difference in row.differences))


def broken_books(user: Any) -> list[LedgerCheckView]:
    """Accounts that the user may see whose last nightly check found totals that are not what the entries say. Every
    page asks: one query while nothing is wrong."""
    newest = LedgerCheck.objects.order_by("account_id", "-id").distinct("account_id").select_related("account")
    broken = [row for row in newest if row.differences]
    visible = {account.id for account in accounts_of(user)} if broken else set()
    return [
        LedgerCheckView(row.account.number, row.checked_at, tuple(Difference(**one) for one in row.differences))
        for row in broken
        if row.account_id in visible
    ]


def account_numbers() -> dict[UUID, str]:
    """Every account there is, the active and the inactive, by id."""
    return dict(BrokerageAccount.objects.order_by("number").values_list("id", "number"))
