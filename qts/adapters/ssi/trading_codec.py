"""FC Trading: order bodies to bytes, order-stream messages and order-book rows to values. Pure.

Prices are VND here; on the wire a future's price is in index points. Status and error codes are SSI's own (the order
life cycle maps them). A message that cannot be read is a Failure, never an exception.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from qts.adapters.ssi.codec import RAW_CHARACTERS_MAX
from qts.adapters.ssi.frames import FRAME
from qts.adapters.ssi.numbers import Number, points_to_vnd, points_to_vnd_rounded, rounded, whole, within
from qts.adapters.ssi.symbols import kind_by_form
from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import InstrumentKind, OrderType, Side

Market = Literal["VN", "VNFE"]  # shares and warrants; derivatives
USER_AGENT: Final = "QTS"

_SIDES: Final = {"B": Side.BUY, "S": Side.SELL}
_LETTERS: Final = {Side.BUY: "B", Side.SELL: "S"}
_NOTIFY_ID_MAX: Final = 2**62
_MS_MAX: Final = 10**13  # the year 2286


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker shows it, in the book or in an event. `unique_id` is the requestID of the last action on
    it, `status` one of SSI's codes (WA RS SD QU PF FF FFPC WM WC CL RJ EX SOR SOS IAV SOI)."""

    order_id: str
    unique_id: str
    account: str
    symbol: str
    market: str
    side: Side
    order_type: str
    price_vnd: int  # 0 for orders without a limit price
    quantity: int
    filled_quantity: int
    cancelled_quantity: int
    average_price_vnd: int  # rounded
    status: str
    reject_reason: str  # "" when there is none
    input_ms: int
    modified_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrderEvent:
    """A change of an order's state. `orig_request_id` is the requestID of its NewOrder."""

    notify_id: int
    orig_request_id: str
    open_quantity: int
    order: BrokerOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerMatch:
    """One fill. It has no number of its own but `notify_id`."""

    notify_id: int
    order_id: str
    unique_id: str
    account: str
    symbol: str
    side: Side
    price_vnd: int
    quantity: int
    matched_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerError:
    """A request refused after its acceptance. The short form names it by `unique_id` only; the rest is "" then."""

    notify_id: int
    unique_id: str
    orig_request_id: str
    order_id: str
    account: str
    symbol: str
    code: str
    message: str


BrokerMessage = BrokerOrderEvent | BrokerMatch | BrokerError


@dataclass(frozen=True, slots=True)
class Failure:
    raw: str
    reason: str


@dataclass(slots=True)
class DecodedOrders:
    """`notify_id_last` is the highest number seen in the frame, 0 without one; `ignored` counts the other types."""

    messages: list[BrokerMessage] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    notify_id_last: int = 0
    ignored: int = 0


class _Envelope(msgspec.Struct):
    kind: str = msgspec.field(name="type")
    content: msgspec.Raw = msgspec.field(name="data")


class WireOrder(msgspec.Struct, rename="camel"):
    """One form for orderEvent, orderError (long and short), orderMatchEvent and the rows of the order book."""

    notify_id: Number = msgspec.field(name="notifyID", default=None)
    order_id: str | int | None = msgspec.field(name="orderID", default=None)
    unique_id: str | int | None = msgspec.field(name="uniqueID", default=None)
    orig_request_id: str | int | None = msgspec.field(name="origRequestID", default=None)
    instrument_id: str | None = msgspec.field(name="instrumentID", default=None)
    market_id: str | None = msgspec.field(name="marketID", default=None)
    account: str | None = None
    buy_sell: str | None = None
    order_type: str | None = None
    price: Number = None
    quantity: Number = None
    filled_qty: Number = None
    cancel_qty: Number = None
    os_qty: Number = None
    avg_price: Number = None
    order_status: str | None = None
    reject_reason: str | int | None = None
    input_time: Number = None
    modified_time: Number = None
    match_price: Number = None
    match_qty: Number = None
    match_time: Number = None
    error_code: str | int | None = None
    message: str | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ORDER: Final = msgspec.json.Decoder(WireOrder)
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, TypeError)


def decode_order_frame(raw: bytes | str) -> DecodedOrders:
    """All messages of one frame of the order stream."""
    decoded = DecodedOrders()
    try:
        frame = FRAME.decode(raw)
    except _UNREADABLE as error:
        decoded.failures.append(_failure(raw, f"frame: {error}"))
        return decoded
    if frame.error:
        decoded.notices.append(frame.error)
    for invocation in frame.invocations or ():
        for argument in invocation.arguments:
            if invocation.method == "Broadcast":
                _decode_broadcast(argument, decoded)
            elif invocation.method == "Error":
                decoded.notices.append(str(argument))
            else:
                decoded.ignored += 1
    return decoded


def broker_order(row: object, account: str = "") -> BrokerOrder:
    """A row of orderBook or orderHistory. `account` stands beside the rows there. ValueError for a malformed one."""
    try:
        return _order(msgspec.convert(row, WireOrder), account)
    except msgspec.ValidationError as error:
        raise ValueError(f"order row: {error}") from error


def new_order_body(
    *,
    account: str,
    request_id: str,
    symbol: str,
    market: Market,
    side: Side,
    order_type: OrderType,
    price_vnd: int | None,
    quantity: int,
    device_id: str,
    code: str = "",
) -> bytes:
    """`price_vnd` None for every type but LO. `code` is the PIN where the token was issued without it."""
    return msgspec.json.encode(
        {
            "account": account,
            "requestID": request_id,
            "instrumentID": symbol,
            "market": market,
            "buySell": _LETTERS[side],
            "orderType": str(order_type),
            "price": _wire_price(price_vnd, market),
            "quantity": quantity,
            "stopOrder": False,
            "stopPrice": 0,
            "stopType": "",
            "stopStep": 0,
            "lossStep": 0,
            "profitStep": 0,
            "channelID": "TA",
            "code": code,
            "deviceId": device_id,
            "userAgent": USER_AGENT,
        }
    )


def modify_order_body(
    *,
    account: str,
    request_id: str,
    order_id: str,
    symbol: str,
    market: Market,
    side: Side,
    order_type: OrderType,
    price_vnd: int | None,
    quantity: int,
    device_id: str,
    code: str = "",
) -> bytes:
    return msgspec.json.encode(
        {
            "account": account,
            "requestID": request_id,
            "orderID": order_id,
            "marketID": market,
            "instrumentID": symbol,
            "price": _wire_price(price_vnd, market),
            "quantity": quantity,
            "buySell": _LETTERS[side],
            "orderType": str(order_type),
            "code": code,
            "deviceId": device_id,
            "userAgent": USER_AGENT,
        }
    )


def cancel_order_body(
    *,
    account: str,
    request_id: str,
    order_id: str,
    symbol: str,
    market: Market,
    side: Side,
    device_id: str,
    code: str = "",
) -> bytes:
    return msgspec.json.encode(
        {
            "account": account,
            "requestID": request_id,
            "orderID": order_id,
            "marketID": market,
            "instrumentID": symbol,
            "buySell": _LETTERS[side],
            "code": code,
            "deviceId": device_id,
            "userAgent": USER_AGENT,
        }
    )


def _decode_broadcast(argument: Any, into: DecodedOrders) -> None:
    try:
        if not isinstance(argument, str):
            raise TypeError("the broadcast is no string")
        envelope = _ENVELOPE.decode(argument)
        wire = _ORDER.decode(envelope.content)
        notify_id = within(whole(wire.notify_id), _NOTIFY_ID_MAX, "notifyID")
        message = _message(envelope.kind, wire, notify_id)
    except _UNREADABLE as error:
        into.failures.append(_failure(argument, str(error)))
        return
    into.notify_id_last = max(into.notify_id_last, notify_id)
    if message is None:
        into.ignored += 1
    else:
        into.messages.append(message)


def _message(kind: str, wire: WireOrder, notify_id: int) -> BrokerMessage | None:
    if kind == "orderEvent":
        return BrokerOrderEvent(
            notify_id=notify_id,
            orig_request_id=_id(wire.orig_request_id),
            open_quantity=whole(wire.os_qty),
            order=_order(wire),
        )
    if kind == "orderMatchEvent":
        return _match(wire, notify_id)
    if kind == "orderError":
        return _error(wire, notify_id)
    return None


def _order(wire: WireOrder, account: str = "") -> BrokerOrder:
    future = _is_future(wire)
    reason = _id(wire.reject_reason)
    return BrokerOrder(
        order_id=_needed(_id(wire.order_id), "orderID"),
        unique_id=_id(wire.unique_id),
        account=_needed(wire.account or account, "account"),
        symbol=_needed(wire.instrument_id, "instrumentID"),
        market=wire.market_id or "",
        side=_side(wire),
        order_type=wire.order_type or "",
        price_vnd=points_to_vnd(wire.price) if future else whole(wire.price),
        quantity=whole(wire.quantity),
        filled_quantity=whole(wire.filled_qty),
        cancelled_quantity=whole(wire.cancel_qty),
        average_price_vnd=points_to_vnd_rounded(wire.avg_price) if future else rounded(wire.avg_price),
        status=_needed(wire.order_status, "orderStatus").upper(),
        reject_reason="" if reason == "0" else reason,
        input_ms=within(whole(wire.input_time), _MS_MAX, "inputTime"),
        modified_ms=within(whole(wire.modified_time), _MS_MAX, "modifiedTime"),
    )


def _match(wire: WireOrder, notify_id: int) -> BrokerMatch:
    quantity = whole(wire.match_qty)
    price_vnd = points_to_vnd(wire.match_price) if _is_future(wire) else whole(wire.match_price)
    if quantity <= 0 or price_vnd <= 0:
        raise ValueError(f"a match of {quantity} at {price_vnd} VND")
    return BrokerMatch(
        notify_id=notify_id,
        order_id=_needed(_id(wire.order_id), "orderID"),
        unique_id=_id(wire.unique_id),
        account=_needed(wire.account, "account"),
        symbol=_needed(wire.instrument_id, "instrumentID"),
        side=_side(wire),
        price_vnd=price_vnd,
        quantity=quantity,
        matched_ms=within(whole(wire.match_time), _MS_MAX, "matchTime"),
    )


def _error(wire: WireOrder, notify_id: int) -> BrokerError:
    return BrokerError(
        notify_id=notify_id,
        unique_id=_needed(_id(wire.unique_id), "uniqueID"),
        orig_request_id=_id(wire.orig_request_id),
        order_id=_id(wire.order_id),
        account=wire.account or "",
        symbol=wire.instrument_id or "",
        code=_id(wire.error_code),
        message=wire.message or "",
    )


def _side(wire: WireOrder) -> Side:
    try:
        return _SIDES[_needed(wire.buy_sell, "buySell")]
    except KeyError:
        raise ValueError(f"buySell is {wire.buy_sell!r}") from None


def _is_future(wire: WireOrder) -> bool:
    """orderMatchEvent names no market; there the form of the symbol decides."""
    if wire.market_id:
        return wire.market_id.upper() == "VNFE"
    return kind_by_form(wire.instrument_id or "") is InstrumentKind.FUTURE


def _wire_price(price_vnd: int | None, market: Market) -> int | float:
    """Without a fraction where there is none; a tenth of a point is the float that prints as just that."""
    if price_vnd is None or market == "VN":
        return price_vnd or 0
    points, rest = divmod(price_vnd, FUTURE_MULTIPLIER_VND)
    return price_vnd / FUTURE_MULTIPLIER_VND if rest else points


def _id(value: str | int | None) -> str:
    return "" if value is None else str(value).strip()


def _needed(text: str | None, name: str) -> str:
    if not text:
        raise ValueError(f"{name} is missing")
    return text


def _failure(raw: object, reason: str) -> Failure:
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    return Failure(text[:RAW_CHARACTERS_MAX], reason[:RAW_CHARACTERS_MAX])
