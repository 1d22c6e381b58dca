"""The clearing house's settlement prices, and the evening's mark of every account that holds futures."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.accounts.locks import lock_cash
from apps.accounts.models import FuturePosition, FutureSettlement
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.contract_booking import MOVED, mark_contracts
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import ACCOUNTS, announce_cash
from apps.marketdata.selectors import market_state, trading_calendar
from qts.adapters.ssi.symbols import kind_by_form
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.values import Actor, Exchange, InstrumentKind

log = structlog.get_logger(__name__)


class SettlementPrice(NamedTuple):
    """Of one contract and day, VND a contract."""

    symbol: str
    trading_day: date
    price_vnd: int


SETTLED_FROM: Final = time(14, 45)  # the closing auction of the derivatives market is over


def record_settlement_price(
    symbol: str, trading_day: date, price_vnd: int, *, source: str, actor: Actor, now: datetime
) -> int:
    """Keep the price of a day and mark every account at it; how many were. The same price told twice changes nothing.

    Raises TerminalError for no price, for a day that is not over, and for another price than the one that is kept.
    """
    _keep_once(symbol, trading_day, price_vnd, source=source, actor=actor, now=now)
    return _mark_all(symbol, trading_day, now)


def load_settlement_prices(prices: Sequence[SettlementPrice], *, source: str, actor: Actor, now: datetime) -> int:
    """All of a list, or none of it where one is refused (TerminalError); how many accounts were marked."""
    with transaction.atomic():
        for symbol, trading_day, price_vnd in prices:
            _keep_once(symbol, trading_day, price_vnd, source=source, actor=actor, now=now)
    in_order = sorted(prices, key=lambda one: one.trading_day)
    return sum(_mark_all(one.symbol, one.trading_day, now) for one in in_order)


def settlement_problem(symbol: str, trading_day: date, price_vnd: int, source: str, now: datetime) -> str:
    """Why there can be no such price; "" when there can."""
    moment = to_vietnam(now)
    if price_vnd <= 0 or not source.strip():
        return "a settlement price is above 0 VND, and somebody says so"
    if kind_by_form(symbol) is not InstrumentKind.FUTURE:
        return f"{symbol or 'nothing'} is no contract"
    if trading_day > moment.date() or (trading_day == moment.date() and moment.time() < SETTLED_FROM):
        return f"{trading_day} is not over, so it has no settlement price"
    if not trading_calendar().is_trading_day(trading_day, Exchange.VNFE):
        return f"{trading_day} is no trading day"
    return ""


def take_settlement_prices(now: datetime) -> int:
    """The reference price of a future is its settlement price of the day before: where nobody has entered that, the
    morning's reference does it. How many accounts were marked, with those that whoever entered a price did not come to.
    The final price of an expired contract is entered."""
    today = to_vietnam(now).date()
    day_before = trading_calendar().previous_trading_day(today, Exchange.VNFE)
    rows = FuturePosition.objects.filter(~Q(net=0) | ~Q(due_vnd=0)).exclude(marked_day__gte=day_before)
    symbols = set(rows.values_list("symbol", flat=True))
    if not symbols:
        return 0
    known = set(FutureSettlement.objects.filter(trading_day=day_before).values_list("symbol", flat=True))
    marked = sum(_mark_all(symbol, day_before, now) for symbol in sorted(symbols & known))
    for symbol in sorted(symbols - known):
        state = market_state(symbol, now)
        if state is not None and state.reference_vnd:
            source, price_vnd = f"reference price of {today.isoformat()}", state.reference_vnd
            marked += record_settlement_price(symbol, day_before, price_vnd, source=source, actor=ACCOUNTS, now=now)
    return marked


def _keep_once(symbol: str, trading_day: date, price_vnd: int, *, source: str, actor: Actor, now: datetime) -> None:
    if problem := settlement_problem(symbol, trading_day, price_vnd, source, now):
        raise TerminalError(problem)
    row = FutureSettlement(
        symbol=symbol,
        trading_day=trading_day,
        price_vnd=price_vnd,
        source=source.strip(),
        entered_by=str(actor),
        entered_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        kept = FutureSettlement.objects.get(symbol=row.symbol, trading_day=row.trading_day)
        if kept.price_vnd != row.price_vnd:
            told = f"{row.symbol} was settled at {kept.price_vnd:,} VND on {row.trading_day} ({kept.source})"
            raise TerminalError(told) from error


def _mark_all(symbol: str, day: date, now: datetime) -> int:
    """Every account whose contracts that day's price has not marked; how many."""
    rows = FuturePosition.objects.filter(~Q(net=0) | ~Q(due_vnd=0), symbol=symbol).exclude(marked_day__gte=day)
    account_ids = list(rows.order_by("account_id").values_list("account_id", flat=True))
    for account_id in account_ids:
        _mark(account_id, day, now)
    return len(account_ids)


def _mark(account_id: UUID, day: date, now: datetime) -> None:
    with transaction.atomic():
        cash = lock_cash(account_id)
        open_day(cash, now)
        settle_account(cash, now)
        waiting = mark_contracts(cash, day, now)
        cash.save(update_fields=MOVED)
        announce_cash(cash, now)
    if waiting:
        log.info("accounts.futures_wait_for_a_price", account_id=str(account_id), symbols=waiting, day=str(day))
