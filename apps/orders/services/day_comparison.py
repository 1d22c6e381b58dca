"""The whole day against the broker's, once after its end: every order by the order history, then shares and cash.

A day whose end nobody was there to see is compared when the stream is back, before the next one ends.
"""

import time
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.accounts.selectors import AccountView
from apps.marketdata.selectors import trading_calendar
from apps.orders.models import Order, StreamPosition
from apps.orders.services import discrepancies
from apps.orders.services.broker_events import apply_book_row
from apps.orders.services.day_end import is_over
from apps.orders.services.discrepancies import Kind
from apps.orders.services.pace import Allowance
from apps.orders.services.reconciliation import rows_with_news
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.ssi.trading_codec import BrokerOrder
from qts.domain.errors import TerminalError, TransientError
from qts.domain.market import to_vietnam
from qts.domain.orders import TERMINAL
from qts.domain.values import Exchange

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 5.0
RETRY_S: Final = 60.0
QUESTIONS: Final = 3  # of each account: history, shares, cash


class DayComparison:
    """Of one connection's accounts, one connection of the stream long. `StreamPosition.compared_day` outlives it."""

    def __init__(self, connection_id: UUID, client: TradingClient) -> None:
        self._connection_id = connection_id
        self._client = client
        self._allowance = Allowance(connection_id, QUESTIONS)
        self._look_at = 0.0
        self._left: list[AccountView] | None = None

    def step(self, now: datetime) -> None:
        """Compare one account, if a day is over and not compared. A broker that does not answer is asked again later;
        the stream matters more."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_S
        day = last_day_over(now)
        position = StreamPosition.objects.get(connection_id=self._connection_id)
        if position.compared_day is not None and position.compared_day >= day:
            self._left = None
            return
        if self._left is None:
            self._left = list(accounts.accounts_of_connection(self._connection_id))
        try:
            if self._left:
                if not self._allowance.is_granted():
                    self._look_at = 0.0
                    return
                self._compare(self._left[-1], day, now)
                self._left.pop()
        except (TransientError, TerminalError) as error:
            self._look_at = time.monotonic() + RETRY_S
            log.warning("day_not_compared", day=day.isoformat(), reason=str(error))
        if not self._left:
            StreamPosition.objects.filter(connection_id=self._connection_id).update(compared_day=day)
            self._left = None

    def _compare(self, account: AccountView, day: date, now: datetime) -> None:
        history = self._client.order_history(account.number, day, day)
        rows = Order.objects.filter(connection_id=self._connection_id, account_id=account.id, trading_day=day)
        rows = rows.exclude(broker_order_id="").order_by("id")
        over = set(rows.filter(status__in=sorted(TERMINAL)).values_list("broker_order_id", flat=True))
        for row in rows_with_news(self._connection_id, account.id, history, day):
            if row.order_id not in over:  # what is over here stays so, whatever word the history has for it
                apply_book_row(self._connection_id, row, now=now)
        ours = list(rows)
        self._note_missing(ours, history, now)
        self._note_fills(ours, history, now)
        ledger.record_comparison(account.id, ledger.compare_with_broker(account, broker=self._client, now=now), now)
        log.info("day_compared", day=day.isoformat(), account_id=str(account.id), orders=len(ours), rows=len(history))

    def _note_missing(self, ours: Sequence[Order], history: Collection[BrokerOrder], now: datetime) -> None:
        there = {row.order_id for row in history}
        for order in ours:
            if order.broker_order_id not in there:
                detail = f"order {order.broker_order_id} is {order.status} here and not in the broker's order history"
                self._note(Kind.ORDER_MISSING, order, detail, now)

    def _note_fills(self, ours: Sequence[Order], history: Collection[BrokerOrder], now: datetime) -> None:
        filled_there = {row.order_id: row.filled_quantity for row in history}
        for order in ours:
            there = filled_there.get(order.broker_order_id, order.filled_quantity)
            if there > order.filled_quantity:
                detail = f"the history counts {there} shares filled, {order.filled_quantity} are known here"
                self._note(Kind.FILL_MISSING, order, detail, now)
            elif there < order.filled_quantity:
                detail = f"{order.filled_quantity} shares are filled here, the history counts {there}"
                self._note(Kind.FILL_MISMATCH, order, detail, now)

    def _note(self, kind: Kind, order: Order, detail: str, now: datetime) -> None:
        discrepancies.note(self._connection_id, kind, subject=str(order.id), detail=detail, now=now, order=order)


def last_day_over(now: datetime) -> date:
    """The last trading day on which every exchange has closed, some minutes ago."""
    today = to_vietnam(now).date()
    calendar = trading_calendar()
    if calendar.is_trading_day(today) and all(is_over(exchange, now) for exchange in Exchange):
        return today
    return calendar.previous_trading_day(today)
