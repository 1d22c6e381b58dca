"""Taking signed order requests: what is refused at once, and what is handed to the broker.

Returns texts for immediate refusals (status 400). An accepted request has its requestID taken for the day, in the same
transaction as the order.
"""

from qts.domain.values import InstrumentKind, OrderType, Side
from simulator.broker import checks
from simulator.broker.broker import Broker
from simulator.broker.customers import Customer
from simulator.broker.orders import AT_BROKER, Amendment, ClientOrder, OrderStatus, Stop, StopKind
from simulator.wire.trading_requests import CancelOrder, ModifyOrder, NewOrder, SignedRequest

_ACCOUNT_UNKNOWN = "Account is not exist."  # sic


class Intake:
    """Checks what can be checked from the request alone; the broker checks the rest against the market."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.takes_repeats = False  # a requestID that was used that day is refused, unless a test wants it otherwise

    def new_order(self, customer: Customer, request: NewOrder, ip_address: str) -> ClientOrder | str:
        """The accepted order, or why not."""
        refusal = self._common_refusal(customer, request) or checks.form_refusal(request)
        if refusal is not None:
            return refusal
        security = self._broker.exchange.find(request.instrument_id)
        kind = security.listing.instrument.kind if security else InstrumentKind.STOCK
        price_vnd = checks.price_vnd_of(request.price, kind)
        if price_vnd is None:
            return "Price is not a whole number of dong"
        stop = _stop_of(request, kind)
        if request.stop_order and stop is None:
            return "Stop price is invalid"
        day, order_type = self._broker.day, checks.order_type_of(request.order_type)
        if day is None or order_type is None:
            return "Order type is invalid"
        if not self._take_request_id(customer, request):
            return f"Duplicate requestID {request.request_id}"
        now_ms = self._broker.now_ms
        order = ClientOrder(
            order_id=self._broker.next_order_id(),
            day=day,
            customer_id=customer.customer_id,
            account=request.account,
            request_id=request.request_id,
            unique_id=request.request_id,
            symbol=security.symbol if security else request.instrument_id,
            market=request.market.upper(),
            side=Side.BUY if request.buy_sell == "B" else Side.SELL,
            order_type=order_type,
            price_vnd=price_vnd if order_type is OrderType.LO else 0,
            quantity=int(request.quantity),
            channel=request.channel_id,
            ip_address=ip_address,
            input_ms=now_ms,
            modified_ms=now_ms,
            stop=stop,
        )
        self._broker.accept_new(order)
        return order

    def cancel_order(self, customer: Customer, request: CancelOrder, ip_address: str) -> str | None:
        """None when accepted; a refusal that comes later goes to the order stream."""
        refusal = self._change_refusal_text(customer, request, request.order_id)
        if refusal is not None:
            return refusal
        order = self._changeable(customer, request, request.order_id, ip_address)
        if order is not None:
            order.unique_id = request.request_id
            order.status = OrderStatus.WAITING_CANCEL
            self._broker.accept_change(order)
        return None

    def modify_order(self, customer: Customer, request: ModifyOrder, ip_address: str) -> str | None:
        """Price or quantity, never both (rules of the exchanges' system of 2025-05-05). None when accepted."""
        refusal = self._change_refusal_text(customer, request, request.order_id)
        refusal = refusal or checks.amounts_refusal(request, needs_price=True)
        if refusal is not None:
            return refusal
        order = self._changeable(customer, request, request.order_id, ip_address)
        if order is None:
            return None
        security = self._broker.exchange.securities[order.symbol]
        price_vnd = checks.price_vnd_of(request.price, security.listing.instrument.kind)
        if price_vnd is None:
            self._refuse_later(customer, request, order, checks.Refusal("ORD004", "Invalid price"), ip_address)
            return None
        wanted = Amendment(price_vnd=price_vnd, quantity=int(request.quantity))
        resting = self._broker.resting(order)
        later = checks.amendment_refusal(order, resting, wanted, security, self._broker.now_ms)
        if later is not None:
            self._refuse_later(customer, request, order, later, ip_address)
            return None
        order.unique_id = request.request_id
        order.amendment = wanted
        order.status = OrderStatus.WAITING_MODIFY
        self._broker.accept_change(order)
        return None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _common_refusal(self, customer: Customer, request: SignedRequest) -> str | None:
        if self._broker.account_of(customer, request.account) is None:
            return _ACCOUNT_UNKNOWN
        if not checks.is_request_id(request.request_id):
            return "RequestID must be 1 to 8 digits"
        if not checks.is_device_id(request.device_id):
            return "DeviceId is invalid"
        return None

    def _change_refusal_text(self, customer: Customer, request: SignedRequest, order_id: str) -> str | None:
        refusal = self._common_refusal(customer, request)
        if refusal is None and not order_id:
            refusal = "'Order ID' must not be empty."
        if refusal is None and not self._take_request_id(customer, request):
            refusal = f"Duplicate requestID {request.request_id}"
        return refusal

    def _changeable(
        self, customer: Customer, request: SignedRequest, order_id: str, ip_address: str
    ) -> ClientOrder | None:
        """The live order that the request names, or None after the customer has been told why there is none."""
        order = self._broker.orders.get(order_id)
        refusal = self._order_refusal(order, request)
        if refusal is None:
            return order
        is_known = order is not None and order.account == request.account
        self._refuse_later(customer, request, order if is_known else None, refusal, ip_address)
        return None

    def _order_refusal(self, order: ClientOrder | None, request: SignedRequest) -> checks.Refusal | None:
        if order is None or order.account != request.account:
            return checks.Refusal("ORD013", "Order does not exist")
        security = self._broker.exchange.find(request.instrument_id)
        if security is None or security.symbol != order.symbol or request.buy_sell != order.side.value[0]:
            return checks.Refusal("ORD006", "Instrument or side is not that of the order")
        if not order.is_open or order.status in (OrderStatus.WAITING_CANCEL, OrderStatus.WAITING_MODIFY):
            return checks.Refusal("ORD012", "Order cannot be modified")
        if order.status in AT_BROKER:
            return None if isinstance(request, CancelOrder) else checks.Refusal("ORD012", "Order cannot be modified")
        return checks.change_refusal(security, self._broker.now_ms)

    def _refuse_later(
        self,
        customer: Customer,
        request: SignedRequest,
        order: ClientOrder | None,
        refusal: checks.Refusal,
        ip_address: str,
    ) -> None:
        """On the order stream: by the order where it is the customer's, else by the request alone."""
        if order is not None:
            self._broker.refuse_change(order, request_id=request.request_id, refusal=refusal)
            return
        self._broker.refuse_request(
            customer.customer_id, request_id=request.request_id, refusal=refusal, ip_address=ip_address
        )

    def _take_request_id(self, customer: Customer, request: SignedRequest) -> bool:
        day = self._broker.day
        if day is None:
            return False
        is_new = self._broker.journal.take_request_id(customer.customer_id, day, request.request_id)
        return is_new or self.takes_repeats


def _stop_of(request: NewOrder, kind: InstrumentKind) -> Stop | None:
    """None without a stop, or for one whose prices are no whole number of dong."""
    price_vnd = checks.price_vnd_of(request.stop_price, kind)
    step_vnd = checks.price_vnd_of(request.stop_step, kind)
    if not request.stop_order or price_vnd is None or step_vnd is None:
        return None
    return Stop(StopKind(request.stop_type), price_vnd, step_vnd)
