"""Why the broker or the exchange refuses an order.

Some refusals are answered at once with a text (FC Trading Specs v2.4, known error texts); the others come on the order
stream with a code, after the gateway has accepted the request.
"""

import re
from datetime import datetime
from typing import Final, NamedTuple

from qts.domain.errors import RuleCode
from qts.domain.market import (
    FUTURE_MULTIPLIER_VND,
    VIETNAM,
    admits,
    admits_odd_lot,
    is_odd_lot,
    is_on_tick,
    may_amend,
    may_cancel,
    quantity_refusal,
    session_schedule,
)
from qts.domain.matching import BookOrder
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session, Side
from simulator.broker.accounts import Account, AccountKind
from simulator.broker.orders import Amendment, ClientOrder, StopKind
from simulator.exchange.security import Security, SecurityState
from simulator.wire.trading_requests import ModifyOrder, NewOrder

_REQUEST_ID: Final = re.compile(r"[0-9]{1,8}")
_DEVICE_ID: Final = re.compile(
    r"([0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{12})"
)
_LARGEST: Final = 1e12  # of a price or a quantity: no market has such
MP: Final = "MP"  # the old name of MTL, still taken
SHARES: Final = "VN"
DERIVATIVES: Final = "VNFE"
_OPEN_CHANNELS: Final = frozenset({"TA", "WT", "MA", "IW", "IM", "VT"})  # BR is the broker's own desk


class Refusal(NamedTuple):
    """A code of the wire's error table and the sentence that goes with it."""

    code: str
    message: str


def is_request_id(text: str) -> bool:
    return _REQUEST_ID.fullmatch(text) is not None


def is_device_id(text: str) -> bool:
    return _DEVICE_ID.fullmatch(text) is not None


def order_type_of(code: str) -> OrderType | None:
    """None for one that does not exist."""
    code = code.upper()
    if code == MP:
        return OrderType.MTL
    return OrderType(code) if code in OrderType.__members__ else None


def form_refusal(request: NewOrder) -> str | None:
    """What is wrong with the form of a new order, as the text of an immediate answer."""
    if request.buy_sell not in ("B", "S"):
        return "BuySell must be B or S"
    order_type = order_type_of(request.order_type)
    if order_type is None:
        return "Order type is invalid"
    if order_type is not OrderType.LO and request.price:
        return "Price is null or equal zero when order is market order"
    return stop_refusal(request) or amounts_refusal(request, needs_price=order_type is OrderType.LO)


def stop_refusal(request: NewOrder) -> str | None:
    """A stop order's own fields (FC Trading Specs v2.4, new order). OCO and bull-bear are pairs of orders: not here."""
    if not request.stop_order:
        return None
    if request.market.upper() != "VNFE":
        return "Stop order is for derivatives only"
    if request.stop_type not in frozenset(StopKind):
        is_pair = request.stop_type in ("O", "B")
        return f"Stop type {request.stop_type} is not supported" if is_pair else "Stop type is invalid"
    is_trailing = request.stop_type in (StopKind.TRAILING_UP, StopKind.TRAILING_DOWN)
    if not 0 <= request.stop_step <= _LARGEST or (is_trailing and not request.stop_step):
        return "Stop step must be greater than zero"
    return None if 0 < request.stop_price <= _LARGEST else "Stop price must be greater than zero"


def amounts_refusal(request: NewOrder | ModifyOrder, *, needs_price: bool) -> str | None:
    """Negative, fractional and missing numbers."""
    if needs_price and request.price <= 0:
        return "Price must be greater than zero when order is limit order"
    if not 0 < request.quantity <= _LARGEST or not float(request.quantity).is_integer():
        return "Quantity must be a whole number greater than zero"
    if not 0 <= request.price <= _LARGEST:
        return "Price is invalid"
    return None


def price_vnd_of(price: float, instrument_kind: InstrumentKind) -> int | None:
    """None for a price that is no whole number of dong, of a future for one contract, to the last decimal."""
    unit_vnd = FUTURE_MULTIPLIER_VND if instrument_kind is InstrumentKind.FUTURE else 1
    whole = round(price * unit_vnd)
    return whole if whole / unit_vnd == price else None


def market_of(security: Security) -> str:
    return DERIVATIVES if security.market is Exchange.VNFE else SHARES


def account_refusal(order: ClientOrder, account: Account) -> Refusal | None:
    """What the account may trade at all, and from where."""
    if order.channel not in _OPEN_CHANNELS:
        return Refusal("ORD015", "This channel has been block; disallow to place order")  # sic
    if account.is_locked:
        return Refusal("ORD026", "Client status does not allow trading")
    if (order.market == DERIVATIVES) is not (account.kind is AccountKind.DERIVATIVES):
        return Refusal("ORD025", f"Account {account.number} is not opened for market {order.market}")
    return None


def exchange_refusal(order: ClientOrder, security: Security) -> Refusal | None:
    """The exchange's own rules: state, session, lot, tick, band."""
    if order.market != market_of(security):
        return Refusal("ORD006", f"{order.symbol} is not traded on market {order.market}")
    refusal = (
        state_refusal(security)
        or session_refusal(order.order_type, security)
        or lot_refusal(order.quantity, order.order_type, security)
    )
    if refusal is None and order.order_type is OrderType.LO:
        refusal = price_refusal(order.price_vnd, security)
    return refusal


def state_refusal(security: Security) -> Refusal | None:
    if security.session is Session.HALT or security.state in (SecurityState.SUSPENDED, SecurityState.HALTED):
        return Refusal("ORD017", f"{security.symbol} is suspended")
    return None


def session_refusal(order_type: OrderType, security: Security) -> Refusal | None:
    """ORD010 for a type that the market never takes, ORD016 for one that this session does not."""
    if admits(security.rules, security.market, security.session, order_type):
        if order_type is OrderType.PLO and not security.closing_vnd:
            return Refusal("ORD016", "There is no closing price to trade at")
        return None
    spans = session_schedule(security.rules, security.market)
    if not any(admits(security.rules, security.market, span.session, order_type) for span in spans):
        return Refusal("ORD010", f"Order type {order_type} is not traded on {security.market}")
    return Refusal("ORD016", f"Order type {order_type} is not allowed in session {security.session}")


def lot_refusal(quantity: int, order_type: OrderType, security: Security) -> Refusal | None:
    """An odd lot is a limit order, in a book of its own."""
    instrument, rules, is_first_day = security.listing.instrument, security.rules, security.is_first_day
    if is_odd_lot(rules, instrument.exchange, instrument.kind, quantity):
        if admits_odd_lot(rules, security.market, security.session, order_type, first_day=is_first_day):
            return None
        return Refusal("ORD018", "Odd lot is not allowed")
    match quantity_refusal(rules, instrument.exchange, instrument.kind, quantity, order_type):
        case None:
            return None
        case RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX:
            return Refusal("ORD008", f"Quantity {quantity} exceeds the maximum of an order")
        case _:
            return Refusal("ORD005", f"Quantity {quantity} is not a multiple of the lot")


def price_refusal(price_vnd: int, security: Security) -> Refusal | None:
    instrument, band = security.listing.instrument, security.band
    if price_vnd > band.ceiling_vnd:
        return Refusal("ORD003", f"Price {price_vnd:,} exceeds ceiling price {band.ceiling_vnd:,}!")
    if price_vnd < band.floor_vnd:
        return Refusal("ORD002", f"Price {price_vnd:,} is under floor price {band.floor_vnd:,}!")
    if not is_on_tick(security.rules, instrument.exchange, instrument.kind, price_vnd):
        return Refusal("ORD004", f"Price {price_vnd:,} does not fit the price step")
    return None


def own_orders_refusal(order: ClientOrder, others: list[ClientOrder], security: Security) -> Refusal | None:
    """`others` are the owner's in the same book.

    One owner may not stand on both sides of an auction, nor trade with itself (trading rules of HOSE and HNX).
    """
    for other in others:
        if other.side is order.side or not other.open_quantity:
            continue
        if security.in_auction or _could_meet(order, other):
            return Refusal("ORD009", "Opposite order on the same stock exists")
    return None


def _could_meet(order: ClientOrder, other: ClientOrder) -> bool:
    """Without a limit it could reach every level of the book. Orders at the closing price meet only each other."""
    if OrderType.PLO in (order.order_type, other.order_type):
        return order.order_type is other.order_type
    if not order.price_vnd:
        return True
    return order.price_vnd >= other.resting_vnd if order.side is Side.BUY else order.price_vnd <= other.resting_vnd


def change_refusal(security: Security, now_ms: int) -> Refusal | None:
    """Why an order at the exchange may not be cancelled or amended now."""
    if not may_cancel(security.rules, security.market, security.session, _local(now_ms)):
        return Refusal("ORD011", f"Order cannot be changed in session {security.session}")
    return None


def amendment_refusal(
    order: ClientOrder, resting: BookOrder | None, wanted: Amendment, security: Security, now_ms: int
) -> Refusal | None:
    """Price or quantity of a limit order that stands in the book, never both (rules of the system of 2025-05-05).

    The rest of an MTL order is a limit order.
    """
    if resting is None:
        return Refusal("ORD012", "Order cannot be modified")
    if not may_amend(security.rules, security.market, security.session, resting.order_type, _local(now_ms)):
        return change_refusal(security, now_ms) or Refusal("ORD012", "Order cannot be modified")
    if wanted.quantity <= order.filled_quantity:
        return Refusal("ORD031", "Quantity reduces more than the open quantity")
    changes = (wanted.price_vnd != order.price_vnd) + (wanted.quantity != order.quantity)
    if changes == 0:
        return Refusal("ORD014", "Price and quantity are unchanged")
    if changes == 2:
        return Refusal("ORD012", "Price and quantity cannot be changed together")
    refusal = price_refusal(wanted.price_vnd, security) or lot_refusal(wanted.quantity, OrderType.LO, security)
    if refusal is None and security.book_for(wanted.quantity - order.filled_quantity) is not security.book_holding(
        resting.order_id
    ):
        refusal = Refusal("ORD005", "An amendment cannot turn a round lot into an odd lot, nor the other way round")
    return refusal


def _local(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, VIETNAM)
