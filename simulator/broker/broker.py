"""The broker: customers' orders and accounts between the trading API and the exchange.

An accepted request is journalled and committed first; `route` then carries it to the exchange. Whatever changes is
journalled in the same transaction as the notices about it, and `commit` hands the notices out only after fsync. So a
broker that was killed knows every order that anybody was told about, and nobody was told of one it does not know.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from qts.domain.matching import BookOrder, Fill
from qts.domain.values import OrderType, Session
from simulator.broker import checks, funding, opening, waiting
from simulator.broker.accounts import Account, AccountKind
from simulator.broker.bookkeeping import Bookkeeper
from simulator.broker.customers import Customer
from simulator.broker.derivatives import position_row
from simulator.broker.foreign_room import ForeignHolds
from simulator.broker.journal import Journal
from simulator.broker.noticeboard import Notice, NoticeBoard
from simulator.broker.orders import AT_BROKER, Amendment, ClientOrder, OrderStatus
from simulator.broker.standing import StandingOrders
from simulator.broker.terms import Terms
from simulator.exchange.exchange import StockExchange
from simulator.exchange.security import Security

__all__ = ["Broker", "Notice"]

_FIRST_ORDER_ID = 10_000_000
_IN_CHANGE = (OrderStatus.WAITING_CANCEL, OrderStatus.WAITING_MODIFY)


class Broker:
    """See the module. `orders` are those of the trading day, by orderID; it is a listener of the exchange."""

    def __init__(
        self, exchange: StockExchange, journal: Journal, customers: Iterable[Customer], terms: Terms | None = None
    ) -> None:
        self.exchange = exchange
        self.journal = journal
        self.terms = terms or Terms()
        self.customers = {customer.customer_id: customer for customer in customers}
        self.accounts = {account.number: account for account in journal.accounts()}
        self.day = journal.trading_day()
        self.orders: dict[str, ClientOrder] = {}
        self._open: dict[str, dict[str, ClientOrder]] = {}
        self.books = Bookkeeper(journal, exchange.calendar, self.terms, exchange.history)
        self._board = NoticeBoard(journal)
        self._waiting = waiting.WaitingRoom(self.terms)
        self._holds = ForeignHolds(exchange, self.accounts)
        self._last_order_id = max(journal.last_order_id(), _FIRST_ORDER_ID)
        self._to_route: dict[str, ClientOrder] = {}
        self._standing = StandingOrders()
        if self.day is not None:
            self._load_day(self.day)

    @property
    def now_ms(self) -> int:
        return self.exchange.now_ms

    # --- for the intake and the queries ---------------------------------------------------------------------------

    def next_order_id(self) -> str:
        self._last_order_id += 1
        return str(self._last_order_id)

    def open_orders(self, account: str) -> list[ClientOrder]:
        """In order of entry."""
        return list(self._open.get(account, {}).values())

    def room_used(self) -> tuple[Counter[str], Counter[str]]:
        """Of the foreign rooms, by today's orders: see `ForeignHolds.used`."""
        return self._holds.used(self.orders.values())

    def account_of(self, customer: Customer, number: str) -> Account | None:
        return self.accounts.get(number) if number in customer.account_numbers else None

    def resting(self, order: ClientOrder) -> BookOrder | None:
        """As it stands in the exchange's book, if it does."""
        return self._standing.resting(order, self.exchange.securities[order.symbol])

    def accept_new(self, order: ClientOrder) -> None:
        """A new order was taken: it waits here, or `route` carries it on."""
        security = self.exchange.securities.get(order.symbol)
        order.status = waiting.first_stop(order, security, self.terms) or OrderStatus.READY
        self.orders[order.order_id] = order
        if order.status in AT_BROKER:
            self._waiting.take_in(order)
        else:
            self._to_route[order.order_id] = order
        self._changed(order)

    def accept_change(self, order: ClientOrder) -> None:
        """A cancel or an amendment of this order was taken: `route` carries it on."""
        self._to_route[order.order_id] = order
        self._changed(order)

    def refuse_request(self, customer_id: str, *, request_id: str, refusal: checks.Refusal, ip_address: str) -> None:
        """Tell the customer that a request which names no live order came to nothing."""
        self._board.request_refused(customer_id, request_id=request_id, refusal=refusal, ip_address=ip_address)

    def refuse_change(self, order: ClientOrder, *, request_id: str, refusal: checks.Refusal) -> None:
        """A cancel or an amendment of this order came to nothing; what it waits for or how it ended stays."""
        before = (order.unique_id, order.error_code, order.error_text)
        order.unique_id = request_id
        self._refuse_change(order, refusal)
        if order.status in _IN_CHANGE or not order.is_open:
            order.unique_id = before[0]
        if order.status is OrderStatus.REJECTED:
            _, order.error_code, order.error_text = before
        self.journal.put_order(order)

    def lock_account(self, number: str, *, is_locked: bool) -> None:
        """A locked account takes no order. Raises KeyError for an unknown number."""
        account = self.accounts[number]
        account.is_locked = is_locked
        self.journal.put_account(account)

    def commit(self) -> list[Notice]:
        """Make everything so far durable; the notices that may now be sent."""
        self.journal.commit()
        return self._board.take()

    # --- to the exchange ------------------------------------------------------------------------------------------

    def route(self) -> None:
        """Carry accepted requests to the exchange, in the order of their arrival."""
        for order in self._waiting.approved(self.now_ms):
            self._go_on(order, OrderStatus.READY)
        while self._to_route:
            order = self._to_route.pop(next(iter(self._to_route)))
            match order.status:
                case OrderStatus.READY | OrderStatus.STOP_TRIGGERED:
                    self._enter(order)
                case OrderStatus.WAITING_CANCEL:
                    self._cancel(order)
                case OrderStatus.WAITING_MODIFY:
                    self._amend(order)

    def _enter(self, order: ClientOrder) -> None:
        security = self.exchange.securities.get(order.symbol)
        if security is None:
            self._reject(order, checks.Refusal("ORD001", f"Unknown security {order.symbol}"))
            return
        refusal = self._new_order_refusal(order, security)
        if refusal is not None:
            self._reject(order, refusal)
            return
        for status in (OrderStatus.SENT, OrderStatus.QUEUED):
            order.status = status
            self._changed(order)
        self._send(order, security)

    def _new_order_refusal(self, order: ClientOrder, security: Security) -> checks.Refusal | None:
        """The foreign room is held here where nothing else stands against the order."""
        return (
            checks.account_refusal(order, self.accounts[order.account])
            or checks.exchange_refusal(order, security)
            or self._means_refusal(order, security)
        )

    def _means_refusal(self, order: ClientOrder, security: Security) -> checks.Refusal | None:
        account, others = self.accounts[order.account], self._others(order)
        return (
            funding.funding_refusal(order, account, others, self.exchange.securities, self.terms)
            or checks.own_orders_refusal(order, self._others_of_owner(order, security), security)
            or self._holds.hold(order, security)
        )

    def _send(self, order: ClientOrder, security: Security) -> None:
        book_id = self.exchange.new_order_id()
        self._standing.add(order, book_id)
        incoming = BookOrder(book_id, order.side, order.order_type, order.price_vnd, order.open_quantity)
        execution = self.exchange.submit(security, incoming)
        if execution.rests:
            order.resting_vnd = incoming.price_vnd
            self.journal.put_order(order)
            if incoming.order_type is not order.order_type:  # the rest of a market order became a limit order
                order.price_vnd = incoming.price_vnd
                self._changed(order)
        else:
            self._standing.remove(order)
            if execution.remaining:
                self._end(order, OrderStatus.CANCELLED)

    def _cancel(self, order: ClientOrder) -> None:
        security = self.exchange.securities[order.symbol]
        self._waiting.let_go(order)
        self.exchange.cancel(security, self._standing.number_of(order))
        self._standing.remove(order)
        self._end(order, OrderStatus.CANCELLED)

    def _amend(self, order: ClientOrder) -> None:
        """Where the exchange or the account refuses it by now, the order stays as it was."""
        security, before = self.exchange.securities[order.symbol], (order.price_vnd, order.quantity)
        change, order.amendment = order.amendment or Amendment(*before), None
        order.status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.QUEUED
        refusal = checks.amendment_refusal(order, self.resting(order), change, security, self.now_ms)
        if refusal is None:
            order.price_vnd, order.quantity = change.price_vnd, change.quantity
            refusal = self._means_refusal(order, security)
        if refusal is not None:
            order.price_vnd, order.quantity = before
            self._refuse_change(order, refusal)
            return
        order.resting_vnd = order.price_vnd
        self._changed(order)
        price_vnd = change.price_vnd if change.price_vnd != before[0] else None
        remaining = order.open_quantity if price_vnd is None else None
        self.exchange.amend(security, self._standing.number_of(order), price_vnd=price_vnd, remaining=remaining)

    def _refuse_change(self, order: ClientOrder, refusal: checks.Refusal) -> None:
        order.error_code, order.error_text = refusal
        self._board.refused(order, refusal)
        self.journal.put_order(order)

    def _reject(self, order: ClientOrder, refusal: checks.Refusal) -> None:
        order.status = OrderStatus.REJECTED
        order.modified_ms = self.now_ms
        self._open.get(order.account, {}).pop(order.order_id, None)
        self._refuse_change(order, refusal)

    def _go_on(self, order: ClientOrder, status: OrderStatus) -> None:
        """From its waiting to the next status; to the exchange where that one leads there."""
        order.status = status
        self._changed(order)
        if status not in AT_BROKER:
            self._waiting.let_go(order)
            self._to_route[order.order_id] = order

    # --- from the exchange ----------------------------------------------------------------------------------------

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self._book_fill(security, fill, at_ms)
        triggered, moved = self._waiting.of_match(security, fill.price_vnd)
        for order in moved:
            self.journal.put_order(order)
        for order in triggered:
            self._go_on(order, OrderStatus.STOP_TRIGGERED)

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self._book_fill(security, fill, at_ms)

    def _book_fill(self, security: Security, fill: Fill, at_ms: int) -> None:
        for book_id in (fill.buy_order_id, fill.sell_order_id):
            if (order := self._standing.find(book_id)) is not None:
                self._book_side(order, security, fill, at_ms)

    def _book_side(self, order: ClientOrder, security: Security, fill: Fill, at_ms: int) -> None:
        order.filled_quantity += fill.quantity
        order.filled_value_vnd += fill.quantity * fill.price_vnd
        account = self.accounts[order.account]
        self.books.book_fill(account, order, fill.quantity, fill.price_vnd, at_ms)
        self._holds.filled(order, security, fill)
        self.journal.add_fill(order, quantity=fill.quantity, price_vnd=fill.price_vnd, at_ms=at_ms)
        self._board.matched(order, quantity=fill.quantity, price_vnd=fill.price_vnd, at_ms=at_ms)
        if order.filled_quantity == order.quantity:
            self._standing.remove(order)
            order.status = OrderStatus.FILLED
        elif order.status not in _IN_CHANGE:
            order.status = OrderStatus.PARTIALLY_FILLED
        self._changed(order)
        if account.kind is AccountKind.DERIVATIVES:
            position = account.contracts[order.symbol]
            row = position_row(order.symbol, position, security)
            self._board.portfolio(account.customer_id, account.number, row, is_open=bool(position.net))

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        client_order = self._standing.find(order.order_id)
        if client_order is not None:
            self._standing.remove(client_order)
            self._end(client_order, OrderStatus.EXPIRED)

    def session_changed(self, security: Security, at_ms: int) -> None:
        for order, status in self._waiting.of_new_session(security):
            self._go_on(order, status)
        if security.session is Session.CLOSED:
            for order in self._waiting.of(security):
                self._waiting.let_go(order)
                self._end(order, OrderStatus.EXPIRED)

    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...

    # --- days -----------------------------------------------------------------------------------------------------

    def day_ended(self, day: date) -> None:
        """No order outlives its day, what came in during it is settled, and futures are marked to market.

        Told twice it changes nothing more: the next day begins at the settlement price.
        """
        self.settle()
        for order in [order for order in self.orders.values() if order.is_open]:
            self._standing.remove(order)
            self._end(order, OrderStatus.EXPIRED)
        self._waiting.clear()
        self.mark_to_market(day)

    def mark_to_market(self, day: date) -> None:
        self.books.mark_all(self.accounts.values(), self.exchange.securities, day, self.now_ms)

    def day_began(self, day: date) -> None:
        """Also called when the process starts: in the middle of the day it knew, or on a later one."""
        if self.day == day:
            return
        previous = self.day
        if previous is not None:
            self.day_ended(previous)
        self.day = day
        self.orders, self._open, self._to_route = {}, {}, {}
        self._board.begin_day(day, self.customers)
        opening.open_accounts(
            self.customers.values(), self.accounts, self.books, self.exchange.securities, day=day, now_ms=self.now_ms
        )
        for account in self.accounts.values():
            self.books.begin_day(account, self.exchange.actions, since=previous or day, until=day)
        self.journal.put_trading_day(day)

    def resume(self) -> None:
        """After the exchange has reached the present moment: put the day's open orders back to work."""
        for order in [order for order in self.orders.values() if order.is_open]:
            if order.status in (OrderStatus.READY, OrderStatus.SENT, OrderStatus.STOP_TRIGGERED):
                order.status = OrderStatus.READY
                self._to_route[order.order_id] = order
            elif order.status in AT_BROKER:
                self._waiting.take_in(order)
            else:
                self._restore(order, self.exchange.securities[order.symbol])
                if order.status in _IN_CHANGE:
                    self._to_route[order.order_id] = order
        for security in self.exchange.securities.values():
            self.session_changed(security, self.now_ms)

    def settle(self) -> None:
        """Take in shares and cash that have arrived by now."""
        if self.day is None:
            return
        for account in self.accounts.values():
            self.books.settle(account, self.day, self.now_ms)

    def _restore(self, order: ClientOrder, security: Security) -> None:
        is_of_session = order.order_type in (OrderType.ATO, OrderType.ATC, OrderType.PLO)
        session = security.scheduled  # a halt keeps what its timetable keeps
        if session is Session.CLOSED or (is_of_session and session.value != order.order_type.value):
            self._end(order, OrderStatus.EXPIRED)
            return
        book_id = self.exchange.new_order_id()
        self._standing.add(order, book_id)
        order_type = order.order_type if is_of_session else OrderType.LO
        self.exchange.restore(
            security, BookOrder(book_id, order.side, order_type, order.resting_vnd, order.open_quantity)
        )

    def _load_day(self, day: date) -> None:
        for order in self.journal.orders(day, day):
            self.orders[order.order_id] = order
            self._keep_open(order)
        self._board.begin_day(day, self.customers)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _others(self, order: ClientOrder) -> list[ClientOrder]:
        return [other for other in self.open_orders(order.account) if other is not order]

    def _others_of_owner(self, order: ClientOrder, security: Security) -> list[ClientOrder]:
        """In the book where the order stands or goes to, from any of the owner's accounts."""
        book = self._standing.book_of(order, security)
        if book is None:
            book = security.book_for(order.open_quantity)
        numbers = self.customers[order.customer_id].account_numbers
        own = (other for number in numbers for other in self._open.get(number, {}).values())
        return [other for other in own if other is not order and self._standing.number_of(other) in book]

    def _end(self, order: ClientOrder, status: OrderStatus) -> None:
        """Nothing more of it will trade."""
        order.cancelled_quantity = order.quantity - order.filled_quantity
        if status is OrderStatus.CANCELLED and order.filled_quantity:
            status = OrderStatus.PARTLY_FILLED_REST_CANCELLED
        order.status = status
        self._holds.free(order)
        self._changed(order)

    def _changed(self, order: ClientOrder) -> None:
        """Journal the order with its event."""
        order.modified_ms = self.now_ms
        self._keep_open(order)
        self._board.changed(order)
        self.journal.put_order(order)

    def _keep_open(self, order: ClientOrder) -> None:
        of_account = self._open.setdefault(order.account, {})
        if order.is_open:
            of_account[order.order_id] = order
        else:
            of_account.pop(order.order_id, None)
