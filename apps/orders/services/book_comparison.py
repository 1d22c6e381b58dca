"""Shares and cash against the broker's: every half minute in session, now and then outside of it."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.accounts.selectors import AccountView, Difference
from apps.accounts.services.broker import BrokerBooks
from apps.marketdata import selectors as marketdata
from apps.orders.services.pace import Allowance
from qts.domain.errors import TerminalError, TransientError
from qts.domain.market import session_at
from qts.domain.values import Exchange, Session

log = structlog.get_logger(__name__)

IN_SESSION_EVERY_S: Final = 30.0
OUTSIDE_EVERY_S: Final = 600.0
CONFIRM_AFTER_S: Final = 5.0
QUESTIONS: Final = 2  # of each account: shares, cash
EQUAL_RECORDED_EVERY: Final = timedelta(minutes=10)
_CLOSED: Final = frozenset({Session.PRE_OPEN, Session.BREAK, Session.CLOSED})


class BookComparison:
    """Of one connection's accounts, one connection of the stream long.

    A fill may be on its way, so a difference counts when it is there twice, unchanged. What counts is recorded; the
    risk monitor holds an account whose last record has differences, until one has none.
    """

    def __init__(self, connection_id: UUID, broker: BrokerBooks) -> None:
        self._connection_id = connection_id
        self._broker = broker
        self._allowance = Allowance(connection_id, QUESTIONS)
        self._compare_at = 0.0
        self._pause_s = IN_SESSION_EVERY_S
        self._queue: list[AccountView] = []
        self._seen: dict[UUID, list[Difference]] = {}

    def step(self, now: datetime) -> None:
        """Compare one account, if it is time: a slow broker must not keep the stream's reader past its lease. One that
        does not answer is asked again later; the order book matters more."""
        if not self._queue:
            if time.monotonic() < self._compare_at:
                return
            self._queue = list(accounts.accounts_of_connection(self._connection_id))
            session = session_at(marketdata.rules_at(now), Exchange.HOSE, now)
            self._pause_s = OUTSIDE_EVERY_S if session in _CLOSED else IN_SESSION_EVERY_S
        if self._queue and not self._allowance.is_granted():
            return  # the stream is read on meanwhile
        if self._queue:
            self._take(self._queue.pop(), now)
        if not self._queue:
            self._compare_at = time.monotonic() + self._pause_s

    def _take(self, account: AccountView, now: datetime) -> None:
        try:
            if self._compare(account, now):
                self._pause_s = CONFIRM_AFTER_S
        except (TransientError, TerminalError) as error:
            log.warning("books_not_compared", account_id=str(account.id), reason=str(error))

    def _compare(self, account: AccountView, now: datetime) -> bool:
        """Whether a difference waits to be confirmed."""
        found = ledger.compare_with_broker(account, broker=self._broker, now=now)
        is_news = bool(found) and found != self._seen.get(account.id)
        self._seen[account.id] = found
        if not is_news:
            _record(account.id, found, now)
        return is_news


def _record(account_id: UUID, found: Sequence[Difference], now: datetime) -> None:
    """What the last record does not say, and from time to time that all is well."""
    last = accounts.last_reconciliation(account_id)
    is_known = last is not None and list(last.differences) == list(found)
    if not is_known or last is None or now - last.compared_at >= EQUAL_RECORDED_EVERY:
        ledger.record_comparison(account_id, found, now)
