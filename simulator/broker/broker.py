"""The broker: customers' orders and accounts between the trading API and the exchange.

An accepted request is journalled and committed first; `route` then carries it to the exchange. Whatever changes is
journalled in the same transaction as the notices about it, and `commit` hands the notices out only after fsync. So a
broker that was killed knows every order that anybody was told about, and nobody was told of one it does not know.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from qts.domain.market import TradingCalendar
from qts.domain.matching import BookOrder, Fill
from qts.domain.portfolio import Holding
from qts.domain.values import OrderType, Session
from simulator.broker import checks, ledger, notices
from simulator.broker.accounts import Account
from simulator.broker.customers import Customer
from simulator.broker.journal import Journal
from simulator.broker.orders import ClientOrder, OrderStatus
from simulator.exchange.exchange import StockExchange
from simulator.exchange.security import Security

_FIRST_ORDER_ID = 10_000_000


class Notice(NamedTuple):
    """A committed message for one customer's order streams."""

    customer_id: str
    notify_id: int
    body: str


class Broker:
    """See the module. `orders` are those of the trading day, by orderID; it is a listener of the exchange."""

    def __init__(self, exchange: StockExchange, journal: Journal, customers: Iterable[Customer]) -> None:
        self.exchange = exchange
        self.journal = journal
        self.customers = {customer.customer_id: customer for customer in customers}
        self.accounts = {account.number: account for account in journal.accounts()}
        self.day = _stored_day(journal)
        self.orders: dict[str, ClientOrder] = {}
        self._last_order_id = max(journal.last_order_id(), _FIRST_ORDER_ID)
        self._notify_ids: dict[str, int] = {}
        self._uncommitted: list[Notice] = []
        self._is_dirty = False
        self._to_route: dict[str, ClientOrder] = {}
        self._in_book: dict[int, ClientOrder] = {}
        self._book_ids: dict[str, int] = {}
        if self.day is not None:
            self._load_day(self.day)

    @property
    def calendar(self) -> TradingCalendar:
        return self.exchange.calendar

    @property
    def now_ms(self) -> int:
        return self.exchange.now_ms

    # --- for the intake and the queries ---------------------------------------------------------------------------

    def next_order_id(self) -> str:
        self._last_order_id += 1
        return str(self._last_order_id)

    def open_orders(self, account: str) -> list[ClientOrder]:
        return [order for order in self.orders.values() if order.account == account and order.is_open]

    def account_of(self, customer: Customer, number: str) -> Account | None:
        return self.accounts.get(number) if number in customer.account_numbers else None

    def accepted(self, order: ClientOrder) -> None:
        """A request concerning this order was taken: remember it, tell the customer, carry it on with `route`."""
        self.orders[order.order_id] = order
        self._to_route[order.order_id] = order
        self._changed(order)

    def refuse_request(self, customer_id: str, *, request_id: str, refusal: checks.Refusal, ip_address: str) -> None:
        """Tell the customer that a request which names no live order came to nothing."""
        notify_id = self._next_notify_id(customer_id)
        text = notices.request_error(
            notify_id, request_id=request_id, code=refusal.code, message=refusal.message, ip_address=ip_address
        )
        self._notify(customer_id, notify_id, text)

    def commit(self) -> list[Notice]:
        """Make everything so far durable; the notices that may now be sent."""
        if self._is_dirty:
            self.journal.commit()
            self._is_dirty = False
        committed, self._uncommitted = self._uncommitted, []
        return committed

    # --- to the exchange ------------------------------------------------------------------------------------------

    def route(self) -> None:
        """Carry accepted requests to the exchange, in the order of their arrival."""
        while self._to_route:
            order = self._to_route.pop(next(iter(self._to_route)))
            match order.status:
                case OrderStatus.READY:
                    self._enter(order)
                case OrderStatus.WAITING_CANCEL:
                    self._cancel(order)
                case OrderStatus.WAITING_MODIFY:
                    self._amend(order)

    def _enter(self, order: ClientOrder) -> None:
        security = self.exchange.securities.get(order.symbol)
        refusal = (
            checks.Refusal("ORD001", f"Unknown security {order.symbol}")
            if security is None
            else self._new_order_refusal(order, security)
        )
        if security is None or refusal is not None:
            self._reject(order, refusal or checks.Refusal("ORD006", "Invalid parameters"))
            return
        order.status = OrderStatus.QUEUED
        self._changed(order)
        self._send(order, security, order.order_type, order.price_vnd)

    def _new_order_refusal(self, order: ClientOrder, security: Security) -> checks.Refusal | None:
        others = [other for other in self.open_orders(order.account) if other is not order]
        return (
            checks.exchange_refusal(order, security)
            or ledger.funding_refusal(order, self.accounts[order.account], others, self.exchange.securities)
            or checks.own_orders_refusal(order, others, security)
        )

    def _send(self, order: ClientOrder, security: Security, order_type: OrderType, price_vnd: int) -> None:
        book_id = self.exchange.new_order_id()
        self._in_book[book_id] = order
        self._book_ids[order.order_id] = book_id
        incoming = BookOrder(book_id, order.side, order_type, price_vnd, order.open_quantity)
        execution = self.exchange.submit(security, incoming)
        if execution.rests:
            order.resting_vnd = incoming.price_vnd
            self._journal(order)
        else:
            self._forget(order)
            if execution.remaining:
                self._end(order, OrderStatus.CANCELLED)

    def _cancel(self, order: ClientOrder) -> None:
        security = self.exchange.securities[order.symbol]
        self.exchange.cancel(security, self._book_ids.get(order.order_id, 0))
        self._forget(order)
        self._end(order, OrderStatus.CANCELLED)

    def _amend(self, order: ClientOrder) -> None:
        """Price or quantity; where the book or the account refuses it, the order stays as it was."""
        security, change = self.exchange.securities[order.symbol], order.amendment
        order.amendment = None
        order.status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.QUEUED
        book_id = self._book_ids.get(order.order_id, 0)
        if change is None or security.book_holding(book_id) is None:
            self._refuse_change(order, checks.Refusal("ORD012", "Order cannot be modified"))
            return
        before = (order.price_vnd, order.quantity)
        others = [other for other in self.open_orders(order.account) if other is not order]
        order.price_vnd, order.quantity = change.price_vnd, change.quantity
        refusal = ledger.funding_refusal(order, self.accounts[order.account], others, self.exchange.securities)
        if refusal is not None:
            order.price_vnd, order.quantity = before
            self._refuse_change(order, refusal)
            return
        order.resting_vnd = order.price_vnd
        self._changed(order)
        changes = (
            {"price_vnd": change.price_vnd} if change.price_vnd != before[0] else {"remaining": order.open_quantity}
        )
        self.exchange.amend(security, book_id, **changes)

    def _refuse_change(self, order: ClientOrder, refusal: checks.Refusal) -> None:
        notify_id = self._next_notify_id(order.customer_id)
        text = notices.order_error(order, notify_id, code=refusal.code, message=refusal.message)
        self._notify(order.customer_id, notify_id, text)
        self._journal(order)

    def _reject(self, order: ClientOrder, refusal: checks.Refusal) -> None:
        order.status = OrderStatus.REJECTED
        order.error_code, order.error_text = refusal
        order.modified_ms = self.now_ms
        self._refuse_change(order, refusal)

    # --- from the exchange ----------------------------------------------------------------------------------------

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        for book_id in (fill.buy_order_id, fill.sell_order_id):
            order = self._in_book.get(book_id)
            if order is not None:
                self._book_fill(order, fill, at_ms)

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self.traded(security, fill, at_ms)

    def _book_fill(self, order: ClientOrder, fill: Fill, at_ms: int) -> None:
        order.filled_quantity += fill.quantity
        order.filled_value_vnd += fill.quantity * fill.price_vnd
        account = self.accounts[order.account]
        account.book_fill(order, fill.quantity, fill.price_vnd, self.calendar)
        self.journal.put_account(account)
        self.journal.add_fill(order, quantity=fill.quantity, price_vnd=fill.price_vnd, at_ms=at_ms)
        notify_id = self._next_notify_id(order.customer_id)
        text = notices.match_event(order, notify_id, quantity=fill.quantity, price_vnd=fill.price_vnd, at_ms=at_ms)
        self._notify(order.customer_id, notify_id, text)
        if order.filled_quantity == order.quantity:
            self._forget(order)
            order.status = OrderStatus.FILLED
        elif order.status not in (OrderStatus.WAITING_CANCEL, OrderStatus.WAITING_MODIFY):
            order.status = OrderStatus.PARTIALLY_FILLED
        self._changed(order)

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        client_order = self._in_book.get(order.order_id)
        if client_order is not None:
            self._forget(client_order)
            self._end(client_order, OrderStatus.EXPIRED)

    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...

    # --- days -----------------------------------------------------------------------------------------------------

    def day_ended(self, day: date) -> None:
        for order in self.orders.values():
            if order.is_open:
                self._forget(order)
                self._end(order, OrderStatus.EXPIRED)

    def day_began(self, day: date) -> None:
        """Also called when the process starts: in the middle of the day it knew, or on a later one."""
        if self.day == day:
            return
        if self.day is not None:
            self.day_ended(self.day)
        self.day = day
        self.orders, self._to_route, self._notify_ids = {}, {}, {}
        for account in self._accounts_of_all_customers():
            account.begin_day()
            self.journal.put_account(account)
        self.journal.put_fact("trading_day", day)
        self._is_dirty = True

    def resume(self) -> None:
        """After the exchange has reached the present moment: put the day's open orders back to work."""
        for order in [order for order in self.orders.values() if order.is_open]:
            if order.status is OrderStatus.READY:
                self._to_route[order.order_id] = order
                continue
            self._restore(order, self.exchange.securities[order.symbol])
            if order.status in (OrderStatus.WAITING_CANCEL, OrderStatus.WAITING_MODIFY):
                self._to_route[order.order_id] = order

    def settle(self) -> None:
        """Take in shares and cash that have arrived by now."""
        for account in self.accounts.values():
            if account.settle(self.now_ms):
                self.journal.put_account(account)
                self._is_dirty = True

    def _restore(self, order: ClientOrder, security: Security) -> None:
        at_auction = order.order_type in (OrderType.ATO, OrderType.ATC)
        if security.session is Session.CLOSED or (at_auction and security.session.value != order.order_type.value):
            self._end(order, OrderStatus.EXPIRED)
            return
        book_id = self.exchange.new_order_id()
        self._in_book[book_id] = order
        self._book_ids[order.order_id] = book_id
        order_type = order.order_type if at_auction else OrderType.LO
        self.exchange.restore(
            security, BookOrder(book_id, order.side, order_type, order.resting_vnd, order.open_quantity)
        )

    def _load_day(self, day: date) -> None:
        self.orders = {order.order_id: order for order in self.journal.orders(day, day)}
        self._notify_ids = {
            customer_id: self.journal.last_notify_id(customer_id, day) for customer_id in self.customers
        }

    def _accounts_of_all_customers(self) -> Iterable[Account]:
        for customer in self.customers.values():
            for opening in customer.openings:
                if opening.number not in self.accounts:
                    securities = self.exchange.securities
                    holdings = {
                        symbol: Holding(quantity, quantity * securities[symbol].reference_vnd)
                        for symbol, quantity in opening.shares.items()
                        if symbol in securities
                    }
                    account = Account(opening.number, customer.customer_id, opening.cash_vnd, holdings)
                    self.accounts[opening.number] = account
                yield self.accounts[opening.number]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _end(self, order: ClientOrder, status: OrderStatus) -> None:
        """Nothing more of it will trade."""
        order.cancelled_quantity = order.quantity - order.filled_quantity
        if status is OrderStatus.CANCELLED and order.filled_quantity:
            status = OrderStatus.PARTLY_FILLED_REST_CANCELLED
        order.status = status
        self._changed(order)

    def _forget(self, order: ClientOrder) -> None:
        book_id = self._book_ids.pop(order.order_id, None)
        if book_id is not None:
            del self._in_book[book_id]

    def _changed(self, order: ClientOrder) -> None:
        """Journal the order with its event."""
        order.modified_ms = self.now_ms
        notify_id = self._next_notify_id(order.customer_id)
        self._notify(order.customer_id, notify_id, notices.order_event(order, notify_id))
        self._journal(order)

    def _journal(self, order: ClientOrder) -> None:
        self.journal.put_order(order)
        self._is_dirty = True

    def _next_notify_id(self, customer_id: str) -> int:
        self._notify_ids[customer_id] = self._notify_ids.get(customer_id, 0) + 1
        return self._notify_ids[customer_id]

    def _notify(self, customer_id: str, notify_id: int, body: str) -> None:
        if self.day is None:
            raise RuntimeError("the broker has no trading day yet")
        self.journal.add_notice(customer_id, self.day, notify_id, body)
        self._uncommitted.append(Notice(customer_id, notify_id, body))
        self._is_dirty = True


def _stored_day(journal: Journal) -> date | None:
    stored = journal.fact("trading_day")
    return date.fromisoformat(stored) if stored else None
