"""Messages of the order stream: orderEvent, orderMatchEvent, orderError (FC Trading Specs v2.4, streaming)."""

from typing import Any, Final

import msgspec

from qts.domain.market import FUTURE_MULTIPLIER_VND
from simulator.broker.orders import ClientOrder

_PREFIX: Final = "sim"

Notice = dict[str, Any]


def wire_price(order: ClientOrder, price_vnd: float) -> float:
    """Dong for shares, points for futures."""
    return price_vnd / FUTURE_MULTIPLIER_VND if order.market == "VNFE" else price_vnd


def order_event(order: ClientOrder, notify_id: int) -> str:
    """One change of state. `uniqueID` is the requestID of the action behind it."""
    return _text(
        "orderEvent",
        {
            **_order_fields(order, notify_id),
            "cancelQty": order.cancelled_quantity,
            "osQty": order.open_quantity,
            "filledQty": order.filled_quantity,
            "avgPrice": wire_price(order, order.average_vnd),
            "orderStatus": order.status.value,
            "rejectReason": order.error_code,
        },
    )


def order_error(order: ClientOrder, notify_id: int, *, code: str, message: str) -> str:
    """An action refused after its acceptance, in the long form."""
    fields = _order_fields(order, notify_id)
    return _text("orderError", {"message": message, "errorCode": code, **fields, "modifiable": False, "note": ""})


def request_error(notify_id: int, *, request_id: str, code: str, message: str, ip_address: str) -> str:
    """The short form: only `uniqueID` ties it to the request."""
    return _text(
        "orderError",
        {
            "message": message,
            "notifyID": notify_id,
            "data": None,
            "errorCode": code,
            "uniqueID": request_id,
            "connectionID": "",
            "ipAddress": ip_address,
            "prefix": _PREFIX,
        },
    )


def match_event(order: ClientOrder, notify_id: int, *, quantity: int, price_vnd: int, at_ms: int) -> str:
    """One fill."""
    return _text(
        "orderMatchEvent",
        {
            "orderID": order.order_id,
            "notifyID": notify_id,
            "instrumentID": order.symbol,
            "uniqueID": order.request_id,
            "buySell": order.side.value[0],
            "matchPrice": wire_price(order, price_vnd),
            "ipAddress": order.ip_address,
            "matchQty": quantity,
            "prefix": _PREFIX,
            "account": order.account,
            "matchTime": str(at_ms),
        },
    )


def _order_fields(order: ClientOrder, notify_id: int) -> Notice:
    return {
        "orderID": order.order_id,
        "notifyID": notify_id,
        "instrumentID": order.symbol,
        "uniqueID": order.unique_id,
        "buySell": order.side.value[0],
        "orderType": order.order_type.value,
        "ipAddress": order.ip_address,
        "price": wire_price(order, order.price_vnd),
        "prefix": _PREFIX,
        "quantity": order.quantity,
        "marketID": order.market,
        "origOrderId": "",
        "account": order.account,
        "channel": order.channel,
        "inputTime": str(order.input_ms),
        "modifiedTime": str(order.modified_ms),
        "isForceSell": "F",
        "isShortSell": "F",
        "origRequestID": order.request_id,
        "stopOrder": False,
        "stopPrice": 0,
        "stopType": "",
        "stopStep": 0,
        "profitPrice": 0,
    }


def _text(kind: str, fields: Notice) -> str:
    return msgspec.json.encode({"type": kind, "data": fields}).decode()
