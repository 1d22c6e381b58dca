"""Futures into the books of one account: a trade, the evening's mark, the last day. The caller holds its lock.

Margin is a bucket of the account's own cash, bound at the price at which the books carry the contracts. The evening
pays what they gained; nothing moves in cash before, but fee and tax.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db.models import Q

from apps.accounts.locks import lock_contracts, lock_pending_reservation
from apps.accounts.models import (
    CashBalance,
    FuturePosition,
    FutureSettlement,
    LedgerEntry,
    Reservation,
    TradeBooking,
)
from apps.accounts.selectors.terms import future_terms
from apps.accounts.services.ledger import Leg, announce_cash, announce_contracts, post
from apps.accounts.services.reservations import keep
from apps.marketdata.selectors import trading_calendar
from qts.adapters.ssi.symbols import kind_by_form
from qts.domain.market import find_future
from qts.domain.portfolio import ContractHolding
from qts.domain.values import InstrumentKind, Side

Ledger = LedgerEntry.Ledger
Kind = LedgerEntry.Kind
MOVED = ["settled_vnd", "margin_vnd", "variation_due_vnd", "realised_pnl_vnd"]


def book_futures(trade: TradeBooking, cash: CashBalance) -> str:
    """One fill of a derivatives account; why it cannot be one, and then nothing has changed."""
    if kind_by_form(trade.symbol) is not InstrumentKind.FUTURE:
        return f"fill {trade.fill_id} is of {trade.symbol}, the account holds futures only"
    position = lock_contracts(cash.account_id, trade.symbol)
    book_contracts(trade, cash, position)
    if (reservation := lock_pending_reservation(trade.order_id)) is not None:
        left = reservation.quantity - min(trade.quantity, reservation.quantity)
        keep(reservation, quantity=left, amount_vnd=0, closed=Reservation.State.POSTED, now=trade.booked_at)
    cash.save(update_fields=MOVED)
    announce_contracts(position, trade.booked_at)
    announce_cash(cash, trade.booked_at)
    return ""


def book_contracts(trade: TradeBooking, cash: CashBalance, position: FuturePosition) -> None:
    """Fee and tax are paid at once, the gain of what it closed is due with the next mark.

    A fill that is told after its day was settled is carried at the settlement price, and what that is away from its own
    is paid at once: contracts that were traded since are not marked again.
    """
    terms, value_vnd = future_terms(), trade.quantity * trade.price_vnd
    trade.is_future = True
    trade.fee_vnd, trade.tax_vnd = terms.fees_vnd(trade.quantity), terms.tax_vnd(value_vnd)
    settled = _settled_since(trade.symbol, trade.trading_day)
    carried_price_vnd = settled.price_vnd if settled else trade.price_vnd
    signed = trade.quantity if trade.side == Side.BUY else -trade.quantity
    before, paid_vnd = holding_of(position), signed * (carried_price_vnd - trade.price_vnd)
    after, gain_vnd = before.traded(Side(trade.side), trade.quantity, carried_price_vnd)
    costs_vnd = trade.fee_vnd + trade.tax_vnd
    trade.realised_pnl_vnd = gain_vnd + paid_vnd - costs_vnd
    trade.save(force_insert=True)
    carried_vnd, symbol = after.cost_vnd - before.cost_vnd, trade.symbol
    legs = [
        Leg(Ledger.CONTRACTS, carried_vnd, symbol, after.net - before.net),
        Leg(Ledger.NOTIONAL, -carried_vnd, symbol),
        Leg(Ledger.VARIATION_DUE, gain_vnd, symbol),
        Leg(Ledger.FUTURES, -gain_vnd - paid_vnd, symbol),
        Leg(Ledger.FEES, trade.fee_vnd, symbol),
        Leg(Ledger.TAXES, trade.tax_vnd, symbol),
        Leg(Ledger.CASH, paid_vnd - costs_vnd),
    ]
    post(trade.account_id, Kind.FUTURES, legs, reference=trade.fill_id, now=trade.booked_at)
    cash.settled_vnd += paid_vnd - costs_vnd
    cash.variation_due_vnd += gain_vnd
    cash.realised_pnl_vnd += trade.realised_pnl_vnd
    not_before(position, trade.trading_day)
    _store(position, after, trade.realised_pnl_vnd)
    if settled is not None:
        _catch_up(cash, position, settled, trade.booked_at)
    bind_margin(cash, trade.fill_id, trade.booked_at)


def not_before(position: FuturePosition, trading_day: date) -> None:
    """Prices of days before a trade or a take-over are none of its own."""
    day_before = trading_day - timedelta(days=1)
    if position.marked_day is None or position.marked_day < day_before:
        position.marked_day = day_before


def _settled_since(symbol: str, trading_day: date) -> FutureSettlement | None:
    """The newest settlement price of that day or a later one."""
    rows = FutureSettlement.objects.filter(symbol=symbol, trading_day__gte=trading_day)
    return rows.order_by("-trading_day").first()


def _catch_up(cash: CashBalance, position: FuturePosition, settled: FutureSettlement, now: datetime) -> None:
    """With an evening that was settled while the account held nothing."""
    if position.marked_day is None or position.marked_day < settled.trading_day:
        _mark(cash, position, settled.price_vnd, settled.trading_day, now)
    else:
        _store(position, _after_expiry(position, holding_of(position), settled.trading_day, now), 0)


def mark_contracts(cash: CashBalance, day: date, now: datetime) -> list[str]:
    """Settle the account at a day's prices, once; symbols that have no price yet and wait for it. A day whose price
    never came is made up for by the next one: what both pay together is the same."""
    open_rows = FuturePosition.objects.select_for_update(no_key=True).filter(account_id=cash.account_id)
    rows = list(open_rows.filter(~Q(net=0) | ~Q(due_vnd=0)).exclude(marked_day__gte=day).order_by("symbol"))
    prices = _prices([row.symbol for row in rows], day)
    waiting = []
    for row in rows:
        if row.symbol in prices:
            _mark(cash, row, prices[row.symbol], day, now)
        else:
            waiting.append(row.symbol)
    if len(waiting) < len(rows):
        bind_margin(cash, f"mark of {day.isoformat()}", now)
    return waiting


def bind_margin(cash: CashBalance, reference: str, now: datetime) -> None:
    """As much of the cash as the initial margin of what is open."""
    terms = future_terms()
    rows = FuturePosition.objects.filter(account_id=cash.account_id).exclude(net=0)
    wanted_vnd = sum(terms.initial_margin_vnd(abs(cost_vnd)) for cost_vnd in rows.values_list("cost_vnd", flat=True))
    moved_vnd = wanted_vnd - cash.margin_vnd
    if moved_vnd:
        legs = [Leg(Ledger.FUTURES_MARGIN, moved_vnd), Leg(Ledger.CASH, -moved_vnd)]
        post(cash.account_id, Kind.MARGIN, legs, reference=reference, now=now)
        cash.margin_vnd, cash.settled_vnd = wanted_vnd, cash.settled_vnd - moved_vnd


def holding_of(position: FuturePosition) -> ContractHolding:
    return ContractHolding(position.net, position.cost_vnd, position.due_vnd)


def _mark(cash: CashBalance, row: FuturePosition, price_vnd: int, day: date, now: datetime) -> None:
    before = holding_of(row)
    after, variation_vnd = before.marked(price_vnd)
    floating_vnd, reference = variation_vnd - before.due_vnd, f"mark of {day.isoformat()}"
    legs = [
        Leg(Ledger.CONTRACTS, floating_vnd, row.symbol),
        Leg(Ledger.NOTIONAL, -floating_vnd, row.symbol),
        Leg(Ledger.FUTURES, -floating_vnd, row.symbol),
        Leg(Ledger.VARIATION_DUE, floating_vnd - variation_vnd, row.symbol),
        Leg(Ledger.CASH, variation_vnd),
    ]
    post(cash.account_id, Kind.VARIATION, legs, reference=reference, now=now)
    cash.settled_vnd += variation_vnd
    cash.variation_due_vnd -= before.due_vnd
    cash.realised_pnl_vnd += floating_vnd
    row.marked_day = day
    _store(row, _after_expiry(row, after, day, now), floating_vnd)
    announce_contracts(row, now)


def _after_expiry(row: FuturePosition, marked: ContractHolding, day: date, now: datetime) -> ContractHolding:
    """Nothing is left of what was marked on its last day."""
    if not marked.net or not is_last_day(row.symbol, day):
        return marked
    legs = [
        Leg(Ledger.CONTRACTS, -marked.cost_vnd, row.symbol, -marked.net),
        Leg(Ledger.NOTIONAL, marked.cost_vnd, row.symbol),
    ]
    post(row.account_id, Kind.EXPIRY, legs, reference=f"mark of {day.isoformat()}", now=now)
    return ContractHolding(due_vnd=marked.due_vnd)


def _store(position: FuturePosition, after: ContractHolding, realised_vnd: int) -> None:
    position.net, position.cost_vnd, position.due_vnd = after.net, after.cost_vnd, after.due_vnd
    position.realised_pnl_vnd += realised_vnd
    position.save()


def is_last_day(symbol: str, day: date) -> bool:
    """A symbol that names no month never expires."""
    calendar = trading_calendar()
    try:
        return find_future(symbol, day, calendar).expiry_day(calendar) <= day
    except ValueError:
        return False


def _prices(symbols: list[str], day: date) -> Mapping[str, int]:
    rows = FutureSettlement.objects.filter(symbol__in=symbols, trading_day=day)
    return dict(rows.values_list("symbol", "price_vnd"))
