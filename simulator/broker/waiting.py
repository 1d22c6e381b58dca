"""Orders that the broker keeps for a while before the exchange sees them: early ones, stops, those to be approved."""

from qts.domain.market import admits, session_schedule
from qts.domain.values import Session
from simulator.broker.orders import ClientOrder, OrderStatus
from simulator.broker.terms import Terms
from simulator.exchange.security import Security

_BEFORE_TRADING = (Session.PRE_OPEN, Session.BREAK)


def first_stop(order: ClientOrder, security: Security | None, terms: Terms) -> OrderStatus | None:
    """Where a fresh order waits first; None when it goes on at once."""
    if order.stop is not None:
        is_early = security is not None and security.session is Session.PRE_OPEN
        return OrderStatus.STOP_EARLY if is_early else OrderStatus.STOP_WAITING
    if terms.approval_from_vnd and security is not None:
        price_vnd = order.price_vnd or security.last_or_reference_vnd
        if order.quantity * price_vnd >= terms.approval_from_vnd:
            return OrderStatus.WAITING_APPROVAL
    return OrderStatus.EARLY if is_early_order(order, security, terms) else None


def is_early_order(order: ClientOrder, security: Security | None, terms: Terms) -> bool:
    """Whether a session that takes the order is still to come today, and the broker waits for it."""
    if not terms.holds_early_orders or security is None or security.session not in _BEFORE_TRADING:
        return False
    market = security.market
    spans = session_schedule(security.rules, market)
    if security.session is Session.BREAK:
        after = next(number for number, span in enumerate(spans) if span.session is Session.BREAK)
        spans = spans[after + 1 :]
    return any(admits(security.rules, market, span.session, order.order_type) for span in spans)


class WaitingRoom:
    """Says which of the waiting orders may go on; the broker moves them."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._orders: dict[str, ClientOrder] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def take_in(self, order: ClientOrder) -> None:
        self._orders[order.order_id] = order

    def let_go(self, order: ClientOrder) -> None:
        self._orders.pop(order.order_id, None)

    def clear(self) -> None:
        self._orders.clear()

    def of_new_session(self, security: Security) -> list[tuple[ClientOrder, OrderStatus]]:
        """What the session moves on, and to which status."""
        moves = []
        rules, market, session = security.rules, security.market, security.session
        for order in self.of(security):
            if order.status is OrderStatus.EARLY and admits(rules, market, session, order.order_type):
                moves.append((order, OrderStatus.READY))
            elif order.status is OrderStatus.STOP_EARLY and security.session in (Session.ATO, Session.CONTINUOUS):
                moves.append((order, OrderStatus.STOP_WAITING))
        return moves

    def of_match(self, security: Security, last_vnd: int) -> tuple[list[ClientOrder], list[ClientOrder]]:
        """Stop orders that this match triggers, and those that it only moves."""
        triggered, moved = [], []
        for order in self.of(security):
            if order.status is not OrderStatus.STOP_WAITING or order.stop is None:
                continue
            before_vnd = order.stop.extreme_vnd
            if order.stop.is_triggered(last_vnd):
                triggered.append(order)
            elif order.stop.extreme_vnd != before_vnd:
                moved.append(order)
        return triggered, moved

    def approved(self, now_ms: int) -> list[ClientOrder]:
        waiting = [order for order in self._orders.values() if order.status is OrderStatus.WAITING_APPROVAL]
        return [order for order in waiting if order.input_ms + self._terms.approval_ms <= now_ms]

    def of(self, security: Security) -> list[ClientOrder]:
        return [order for order in self._orders.values() if order.symbol == security.symbol]
