"""Our orders against the broker's order book: after every connect and every 15 seconds. Orders that are still working
here although their day is over are looked up in the order history first."""

import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db.models.functions import Now

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.orders.models import ForeignOrder, Order, StreamPosition
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.services import discrepancies
from apps.orders.services.broker_events import apply_book_row
from apps.orders.services.day_end import expire_former_day
from apps.orders.services.discrepancies import Kind
from apps.orders.services.pace import Allowance
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.ssi.trading_codec import BrokerOrder
from qts.domain.market import to_vietnam
from qts.domain.orders import TRANSITIONS, WORKING, Status, UnknownBrokerStatus, broker_trigger
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)

COMPARE_EVERY_S = 15.0
STEP_S_MAX = 1.0  # well below the lease of who reads the stream
# A match event may be a moment behind the book: a difference counts when it was there twice.
MISSING_SEEN_MIN = 2
_AT_THE_BROKER = WORKING - {Status.PENDING, Status.SENT, Status.UNKNOWN}


class Reconciler:
    """Compares one connection's accounts, one connection of the stream long.

    A fill that the book counts and the stream never brought is noted, and the whole day is asked for again once
    (`wants_replay`); what is missing even then stays noted for a person. No fill is made up from a total.
    """

    def __init__(self, connection_id: UUID, client: TradingClient) -> None:
        self._connection_id = connection_id
        self._client = client
        self._allowance = Allowance(connection_id, 1)
        self._compare_at = 0.0
        self._left: list[AccountView] = []
        self._history_asked: set[UUID] = set()
        self._seen_missing: dict[UUID, int] = {}
        self.wants_replay = False

    def step(self, now: datetime) -> None:
        """Compare, if it is time, as far as the broker's pace allows; the rest follows with the next steps, for the
        stream is read by the same hands. Raises TransientError or TerminalError when the broker does not answer."""
        if time.monotonic() < self._compare_at:
            return
        if not self._left:
            self._left, self._history_asked = list(accounts.accounts_of_connection(self._connection_id)), set()
        until = time.monotonic() + STEP_S_MAX
        while self._left and time.monotonic() < until and self._allowance.is_granted():
            if not self._closes_former_days(self._left[-1], now):
                account = self._left.pop()
                self._compare(account.id, self._client.order_book(account.number), now)
        if self._left:
            return
        self._compare_at = time.monotonic() + COMPARE_EVERY_S
        StreamPosition.objects.filter(connection_id=self._connection_id).update(reconciled_at=Now())
        passing("reconcile.done")

    def _closes_former_days(self, account: AccountView, now: datetime) -> bool:
        """The stream was away when their day ended: take in what the history tells of them, then they are over. False
        where there are none, or they were asked about already."""
        today = to_vietnam(now).date()
        left_over = Order.objects.filter(
            connection_id=self._connection_id, account_id=account.id, trading_day__lt=today, status__in=OPEN_STATUSES
        ).exclude(status=Status.PENDING)
        ours = list(left_over.order_by("trading_day", "id"))
        if not ours or account.id in self._history_asked:
            return False
        self._history_asked.add(account.id)
        history = self._client.order_history(account.number, ours[0].trading_day, today - timedelta(days=1))
        wanted = {order.broker_order_id for order in ours} | {order.request_id for order in ours}
        for row in history:
            if row.order_id in wanted or row.unique_id in wanted:
                apply_book_row(self._connection_id, row, now=now)
        for order in ours:
            expire_former_day(order.id, now)
        return True

    def _compare(self, account_id: UUID, book: list[BrokerOrder], now: datetime) -> None:
        passing("reconcile.read")
        for row in rows_with_news(self._connection_id, account_id, book, to_vietnam(now).date()):
            apply_book_row(self._connection_id, row, now=now)
            passing("reconcile.applied")
        ours = list(
            Order.objects.filter(
                connection_id=self._connection_id, account_id=account_id, trading_day=to_vietnam(now).date()
            )
            .exclude(broker_order_id="")
            .values_list("id", "broker_order_id", "status", "filled_quantity", "reported_filled_quantity")
        )
        in_book = {row.order_id for row in book}
        gone = [(key, broker_id) for key, broker_id, status, _, _ in ours if _is_gone(broker_id, status, in_book)]
        self._note_missing_orders(gone, [key for key, broker_id, *_ in ours if broker_id in in_book], now)
        self._watch_fills({key: reported - filled for key, _, _, filled, reported in ours}, now)

    def _note_missing_orders(self, gone: Iterable[tuple[UUID, str]], found: Iterable[UUID], now: datetime) -> None:
        for order_id, broker_order_id in gone:
            detail = f"order {broker_order_id} is working here and not in the broker's order book"
            discrepancies.note(
                self._connection_id, Kind.ORDER_MISSING, subject=str(order_id), detail=detail, now=now,
                order=Order.objects.get(id=order_id),
            )  # fmt: skip
        discrepancies.settle(
            self._connection_id, Kind.ORDER_MISSING, subjects=[str(order_id) for order_id in found], now=now
        )

    def _watch_fills(self, missing: dict[UUID, int], now: datetime) -> None:
        complete = [str(order_id) for order_id, quantity in missing.items() if quantity <= 0]
        discrepancies.settle(self._connection_id, Kind.FILL_MISSING, subjects=complete, now=now)
        for order_id, quantity in missing.items():
            if quantity <= 0:
                self._seen_missing.pop(order_id, None)
                continue
            seen = self._seen_missing[order_id] = self._seen_missing.get(order_id, 0) + 1
            if seen == MISSING_SEEN_MIN:
                detail = f"the broker counts {quantity} more shares filled than its match events brought"
                order = Order.objects.get(id=order_id)
                self.wants_replay |= discrepancies.note(
                    self._connection_id, Kind.FILL_MISSING, subject=str(order_id), detail=detail, now=now, order=order
                )


def rows_with_news(connection_id: UUID, account_id: UUID, book: Iterable[BrokerOrder], day: date) -> list[BrokerOrder]:
    """The rows of a day that say something we do not know; the others cost no transaction."""
    ours = {
        broker_id: (Status(status), reported, quantity, price_vnd)
        for broker_id, status, reported, quantity, price_vnd in Order.objects.filter(
            connection_id=connection_id, account_id=account_id, trading_day=day
        )
        .exclude(broker_order_id="")
        .values_list("broker_order_id", "status", "reported_filled_quantity", "quantity", "price_vnd")
    }
    foreign = {
        key: (filled, status)
        for key, filled, status in ForeignOrder.objects.filter(
            connection_id=connection_id, trading_day=day
        ).values_list("broker_order_id", "filled_quantity", "broker_status")
    }
    return [
        row
        for row in book
        if (_says_more(row, *ours[row.order_id]) if row.order_id in ours else foreign.get(row.order_id) != _state(row))
    ]


def _says_more(
    row: BrokerOrder, status: Status, reported_filled_quantity: int, quantity: int, price_vnd: int | None
) -> bool:
    if status is Status.AMEND_PENDING or (price_vnd and (row.quantity, row.price_vnd) != (quantity, price_vnd)):
        return True
    try:
        after = TRANSITIONS.get((status, broker_trigger(row.status)))
    except UnknownBrokerStatus:
        return True
    return after is not status or row.filled_quantity > reported_filled_quantity


def _state(row: BrokerOrder) -> tuple[int, str]:
    return row.filled_quantity, row.status[:8]


def _is_gone(broker_order_id: str, status: str, in_book: set[str]) -> bool:
    return status in _AT_THE_BROKER and broker_order_id not in in_book
