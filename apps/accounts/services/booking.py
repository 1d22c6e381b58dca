"""A fill becomes entries, a position and its cost. Locks in the order account, position, reservation.

Fills that are there together are booked together: the account is locked, its position rows are read and each table is
written once for all of them. What one fill does is the same alone and in company.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from apps.accounts.locks import lock_cash
from apps.accounts.models import BrokerageAccount, CashBalance, TradeBooking
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.contract_booking import book_futures
from apps.accounts.services.day import open_day
from apps.accounts.services.fill_batch import FillBatch
from apps.accounts.services.ledger import require_transaction
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class FillToBook:
    """`matched_at` is market time. `strategy_id` is the strategy that asked for the order, "" for a person."""

    account_id: UUID
    order_id: UUID
    fill_id: str
    symbol: str
    side: Side
    quantity: int
    price_vnd: int
    matched_at: datetime
    strategy_id: str = ""


@dataclass(frozen=True, slots=True)
class RefusedFill:
    """A fill that cannot be one, with the sentence that says why. Nothing of it is booked."""

    fill: FillToBook
    reason: str


def book_fill(
    *,
    account_id: UUID,
    order_id: UUID,
    fill_id: str,
    symbol: str,
    side: Side,
    quantity: int,
    price_vnd: int,
    now: datetime,
    strategy_id: str = "",
) -> None:
    """Book one fill at market time `now`; a fill id that is booked already changes nothing.

    A fill is a fact: it is booked even without a reservation, when the order was placed elsewhere or its cancel came
    too late. Raises TerminalError, with nothing booked, when it cannot be one: no quantity or price, more sold than
    held, or an id that was booked with other content.
    """
    fill = FillToBook(account_id, order_id, fill_id, symbol, side, quantity, price_vnd, now, strategy_id)
    for refused in book_fills([fill]):
        raise TerminalError(refused.reason)


def book_fills(fills: Sequence[FillToBook]) -> list[RefusedFill]:
    """Book many in the order in which they are given; those that cannot be fills are answered, and the others booked.

    Each account learns of its new cash once, and once of each position. What the database refuses (IntegrityError,
    DataError) it refuses for all of them: the caller tries them one by one.
    """
    require_transaction("booking a fill")
    refused = [RefusedFill(fill, reason) for fill in fills if (reason := _nonsense(fill))]
    sound = [fill for fill in fills if not _nonsense(fill)]
    for account_id in sorted({fill.account_id for fill in sound}):
        mine = [fill for fill in sound if fill.account_id == account_id]
        refused += _book_account(account_id, mine)
    return refused


def _nonsense(fill: FillToBook) -> str:
    if fill.quantity > 0 and fill.price_vnd > 0:
        return ""
    return f"fill {fill.fill_id} of {fill.quantity} shares at {fill.price_vnd} VND is none"


def _book_account(account_id: UUID, fills: Sequence[FillToBook]) -> list[RefusedFill]:
    cash = lock_cash(account_id)
    known = {trade.fill_id: trade for trade in TradeBooking.objects.filter(fill_id__in=[one.fill_id for one in fills])}
    refused: list[RefusedFill] = []
    for _day, of_day in groupby(fills, key=lambda fill: to_vietnam(fill.matched_at).date()):
        new: list[tuple[FillToBook, TradeBooking]] = []
        for fill in of_day:
            trade = _trade(fill)
            earlier = known.setdefault(fill.fill_id, trade)
            if earlier is trade:
                new.append((fill, trade))
            elif (name := _differing(earlier, trade)) is not None:
                refused.append(RefusedFill(fill, f"fill {fill.fill_id} is booked already with another {name}"))
        # a loan is drawn on the cash of its moment: nothing may arrive before an earlier fill is booked
        together = [new] if cash.account_kind == BrokerageAccount.Kind.CASH else [[one] for one in new]
        for some in filter(None, together):
            refused += _book_day(cash, some)
    return refused


def _book_day(cash: CashBalance, new: Sequence[tuple[FillToBook, TradeBooking]]) -> list[RefusedFill]:
    """The day's opening picture comes before its first fill."""
    last_at = max(trade.booked_at for _fill, trade in new)
    open_day(cash, min(trade.booked_at for _fill, trade in new))
    settle_account(cash, last_at)
    if cash.account_kind == BrokerageAccount.Kind.DERIVATIVES:
        reasons = [(fill, book_futures(trade, cash)) for fill, trade in new]
        return [RefusedFill(fill, reason) for fill, reason in reasons if reason]
    batch = FillBatch(cash, [trade for _fill, trade in new])
    refused = [RefusedFill(fill, reason) for fill, trade in new if (reason := batch.take(trade))]
    batch.store(last_at)
    return refused


def _trade(fill: FillToBook) -> TradeBooking:
    return TradeBooking(
        fill_id=fill.fill_id,
        account_id=fill.account_id,
        order_id=fill.order_id,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price_vnd=fill.price_vnd,
        trading_day=to_vietnam(fill.matched_at).date(),
        booked_at=fill.matched_at,
        strategy_id=fill.strategy_id,
    )


def _differing(known: TradeBooking, trade: TradeBooking) -> str | None:
    names = ("account_id", "order_id", "symbol", "side", "quantity", "price_vnd")
    return next((name for name in names if getattr(known, name) != getattr(trade, name)), None)
