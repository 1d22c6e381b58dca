"""The ledger read back, and what it says about the running totals."""

from datetime import date
from uuid import UUID

from django.db.models import Sum

from apps.accounts.models import CashBalance, LedgerEntry, Position, Reconciliation, Reservation, TradeBooking
from apps.accounts.selectors.types import Difference, ReconciliationView, TradeView
from qts.domain.values import Side

Ledger = LedgerEntry.Ledger


def ledger_totals(account_id: UUID) -> dict[str, int]:
    """Balance in VND of every ledger of the account, debits positive; they add up to zero."""
    rows = LedgerEntry.objects.filter(account_id=account_id).order_by()
    return dict(rows.values_list("ledger").annotate(Sum("amount_vnd")))


def ledger_differences(account_id: UUID) -> list[Difference]:
    """Where the running totals differ from the ledger: empty, or the books are broken."""
    cash = CashBalance.objects.get(account_id=account_id)
    totals = ledger_totals(account_id)
    result = -sum(totals.get(ledger, 0) for ledger in (Ledger.TRADING_RESULT, Ledger.FEES, Ledger.TAXES))
    pending = Reservation.objects.filter(account_id=account_id, state=Reservation.State.PENDING)
    pairs = [
        ("settled cash", cash.settled_vnd, totals.get(Ledger.CASH, 0)),
        ("receivable", cash.receivable_vnd, totals.get(Ledger.RECEIVABLE, 0)),
        ("payable", cash.payable_vnd, -totals.get(Ledger.PAYABLE, 0)),
        ("realised profit", cash.realised_pnl_vnd, result),
        ("reserved", cash.reserved_vnd, int(pending.aggregate(total=Sum("amount_vnd"))["total"] or 0)),
        ("sum of all ledgers", 0, sum(totals.values())),
        *_position_pairs(account_id),
    ]
    return [Difference(what, ours, theirs) for what, ours, theirs in pairs if ours != theirs]


def _position_pairs(account_id: UUID) -> list[tuple[str, int, int]]:
    rows = LedgerEntry.objects.filter(account_id=account_id, ledger=Ledger.SECURITIES).order_by()
    sums = rows.values("symbol").annotate(shares=Sum("quantity"), cost=Sum("amount_vnd"))
    ledger = {row["symbol"]: (row["shares"], row["cost"]) for row in sums}
    stored = {row.symbol: (row.quantity, row.cost_total_vnd) for row in Position.objects.filter(account_id=account_id)}
    pairs = []
    for symbol in sorted({*ledger, *stored}):
        (quantity, cost), (shares, amount) = stored.get(symbol, (0, 0)), ledger.get(symbol, (0, 0))
        pairs += [(f"{symbol} quantity", quantity, shares), (f"{symbol} cost", cost, amount)]
    return pairs


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
