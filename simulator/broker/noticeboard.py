"""Messages to customers: numbered per customer and day, journalled with what they tell, handed out after fsync."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from simulator.broker import notices
from simulator.broker.checks import Refusal
from simulator.broker.journal import Journal
from simulator.broker.orders import ClientOrder


class Notice(NamedTuple):
    """A committed message for one customer's order streams."""

    customer_id: str
    notify_id: int
    body: str


class NoticeBoard:
    """Each method writes one message into the journal; `take` gives out those that a commit has made durable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._day: date | None = None
        self._last_ids: dict[str, int] = {}
        self._unsent: list[Notice] = []

    def begin_day(self, day: date, customer_ids: Iterable[str]) -> None:
        """Numbers go on where the journal's of that day end."""
        self._day = day
        self._last_ids = {one: self._journal.last_notify_id(one, day) for one in customer_ids}

    def take(self) -> list[Notice]:
        """To be called after the journal's commit."""
        committed, self._unsent = self._unsent, []
        return committed

    def changed(self, order: ClientOrder) -> None:
        notify_id = self._next_id(order.customer_id)
        self._put(order.customer_id, notify_id, notices.order_event(order, notify_id))

    def matched(self, order: ClientOrder, *, quantity: int, price_vnd: int, at_ms: int) -> None:
        notify_id = self._next_id(order.customer_id)
        text = notices.match_event(order, notify_id, quantity=quantity, price_vnd=price_vnd, at_ms=at_ms)
        self._put(order.customer_id, notify_id, text)

    def refused(self, order: ClientOrder, refusal: Refusal) -> None:
        notify_id = self._next_id(order.customer_id)
        text = notices.order_error(order, notify_id, code=refusal.code, message=refusal.message)
        self._put(order.customer_id, notify_id, text)

    def request_refused(self, customer_id: str, *, request_id: str, refusal: Refusal, ip_address: str) -> None:
        """Of a request that names no live order."""
        notify_id = self._next_id(customer_id)
        text = notices.request_error(
            notify_id, request_id=request_id, code=refusal.code, message=refusal.message, ip_address=ip_address
        )
        self._put(customer_id, notify_id, text)

    def portfolio(self, customer_id: str, account: str, row: notices.Fields, *, is_open: bool) -> None:
        """One position in contracts as it stands now."""
        notify_id = self._next_id(customer_id)
        self._put(customer_id, notify_id, notices.portfolio_event(account, notify_id, row, is_open=is_open))

    def _next_id(self, customer_id: str) -> int:
        self._last_ids[customer_id] = self._last_ids.get(customer_id, 0) + 1
        return self._last_ids[customer_id]

    def _put(self, customer_id: str, notify_id: int, body: str) -> None:
        if self._day is None:
            raise RuntimeError("the broker has no trading day yet")
        self._journal.add_notice(customer_id, self._day, notify_id, body)
        self._unsent.append(Notice(customer_id, notify_id, body))
