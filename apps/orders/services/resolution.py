"""What may or may not have arrived: ask the order book until it is found, or was not there for long enough."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from apps.accounts import services as ledger
from apps.accounts.locks import lock_account
from apps.orders.locks import lock_order
from apps.orders.models import Intent, Order
from apps.orders.services.amendments import end_unchanged
from apps.orders.services.broker_events import (
    NOT_RECEIVED_REASON,
    apply_book_row,
    step_back_from_cancel,
)
from apps.orders.services.matches import release_what_cannot_trade
from apps.orders.services.pace import Pace
from apps.orders.services.sending import CLAIM_OVER_S
from apps.orders.services.steps import GATEWAY, close_amendments, take_step
from qts.adapters.ssi.signing import Meanwhile, nothing
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.ssi.trading_codec import BrokerOrder
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import OrderRejected
from qts.domain.market import to_vietnam
from qts.domain.orders import TERMINAL, OrderTrigger, Status
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)

# Nobody says how far the broker's order book may lag behind what its front has taken in; and who declares an order
# absent that is there has set its money free.
ABSENT_S_MIN = 10.0
# A cancel that is asked for once more does no harm that the first would not, even if that one leaves after all.
CANCEL_ABSENT_S_MIN = 1.0
ASK_EVERY_S = 1.0


class Resolver:
    """Looks for the UNKNOWN intents of one connection.

    It remembers since when each was not in the book; a question that fails makes it forget, so only an absence that was
    seen without a break counts, and only from the moment when nothing of the claim could leave any more. Nothing is
    ever sent again under another request id to find out.
    """

    def __init__(self, connection_id: UUID, client: TradingClient, pace: Pace, epoch: int | None) -> None:
        self._connection_id = connection_id
        self._epoch = epoch
        self._client = client
        self._pace = pace
        self._absent_since: dict[int, float] = {}
        self._ask_at = 0.0

    def use_pace(self, pace: Pace) -> None:
        self._pace = pace

    def step(self, now: datetime, meanwhile: Meanwhile = nothing) -> None:
        """Ask once, if it is time and something is unknown. Raises TransientError when the broker does not answer.
        `meanwhile` is called after each account."""
        if time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + ASK_EVERY_S
        unknown = list(
            Intent.objects.select_related("order").filter(
                connection_id=self._connection_id, state=Intent.State.UNKNOWN, trading_day=to_vietnam(now).date()
            )
        )
        self._absent_since = {key: since for key, since in self._absent_since.items() if key in {i.id for i in unknown}}
        for account_number in sorted({intent.account_number for intent in unknown}):
            if self._pace.take() == 0:
                self._look_up(account_number, [i for i in unknown if i.account_number == account_number], now)
                meanwhile()

    def _look_up(self, account_number: str, intents: Iterable[Intent], now: datetime) -> None:
        try:
            book = self._client.order_book(account_number)
        except (TransientError, TerminalError):
            self._absent_since.clear()
            raise
        passing("resolve.asked")
        for intent in intents:
            if intent.kind == Intent.Kind.AMEND and intent.order.status in TERMINAL:
                close_amendments(intent.order)
                continue
            row = _row_of(intent, book)
            if row is not None:
                apply_book_row(self._connection_id, row, now=now)
                passing("resolve.applied")
            if row is None or not _is_seen(intent, row):
                self._wait_or_give_up(intent, now)

    def _wait_or_give_up(self, intent: Intent, now: datetime) -> None:
        if intent.kind != Intent.Kind.CANCEL and self._may_still_leave(intent):
            return
        since = self._absent_since.setdefault(intent.id, time.monotonic())
        if time.monotonic() - since < _absent_s_min(intent):
            return
        del self._absent_since[intent.id]
        declare_not_received(intent, now)

    def _may_still_leave(self, intent: Intent) -> bool:
        """A former gateway may have only lost its lease, with the claim in its hands."""
        if intent.claimed_epoch == self._epoch:
            return False
        over = Now() - timedelta(seconds=CLAIM_OVER_S)
        return Intent.objects.filter(id=intent.id, claimed_at__gt=over).exists()


def _absent_s_min(intent: Intent) -> float:
    return CANCEL_ABSENT_S_MIN if intent.kind == Intent.Kind.CANCEL else ABSENT_S_MIN


def declare_not_received(intent: Intent, now: datetime) -> None:
    """The broker does not have it: the order is over, or its cancel is asked for again. Should the order turn up
    after all, what is reported of it is applied as of any other."""
    with transaction.atomic():
        lock_account(intent.order.account_id)
        order = lock_order(intent.order_id)
        lost = Intent.objects.filter(id=intent.id, state=Intent.State.UNKNOWN)
        absence = f"not in the broker's order book for {_absent_s_min(intent):.0f} s"
        if not lost.update(state=Intent.State.NOT_RECEIVED, answered_at=Now(), evidence=absence):
            return
        if intent.kind == Intent.Kind.CANCEL:
            _ask_again(order, now)
        elif intent.kind == Intent.Kind.AMEND:
            end_unchanged(order, intent, Intent.State.NOT_RECEIVED, NOT_RECEIVED_REASON, now)
            release_what_cannot_trade(order, now)
        elif order.status == Status.UNKNOWN:
            take_step(
                order,
                OrderTrigger.NOT_RECEIVED,
                announce=OrderRejected,
                actor=GATEWAY,
                now=now,
                reason=f"{NOT_RECEIVED_REASON}: not in its order book for {ABSENT_S_MIN:.0f} s",
            )
            ledger.release_reservation(order_id=order.id, now=now)
        passing("absence.written")
    passing("absence.committed")
    log.warning("request_not_received", intent_id=intent.id, order_id=str(intent.order_id), kind=intent.kind)


def _ask_again(order: Order, now: datetime) -> None:
    """A second cancel of the same order can do no harm that the first would not."""
    if order.status == Status.CANCEL_PENDING:
        order.cancel_wanted = True
        step_back_from_cancel(order, f"cancel: {NOT_RECEIVED_REASON}", now)


def _row_of(intent: Intent, book: Iterable[BrokerOrder]) -> BrokerOrder | None:
    """By request id; the row of an order whose cancel is looked for carries the request id of its last action."""
    wanted = intent.order.broker_order_id
    return next(
        (row for row in book if row.unique_id == intent.request_id or (wanted and row.order_id == wanted)), None
    )


def _is_seen(intent: Intent, row: BrokerOrder) -> bool:
    """A placed order is in the book or not; a cancel or an amendment shows as the last action, or in that the order is
    over."""
    if intent.kind == Intent.Kind.PLACE or row.unique_id == intent.request_id:
        return True
    return row.status in {"WC", "CL", "FF", "FFPC", "RJ", "EX"}
