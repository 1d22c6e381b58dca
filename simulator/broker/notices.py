"""Messages of the order stream (FC Trading Specs v2.4, streaming): orders, matches, errors and positions."""

from typing import Any, Final

import msgspec

from qts.domain.market import FUTURE_MULTIPLIER_VND
from simulator.broker.orders import ClientOrder

_PREFIX: Final = "sim"

Fields = dict[str, Any]


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
            "rejectReason": order.reject_code,
        },
    )


def order_error(order: ClientOrder, notify_id: int, *, code: str, message: str) -> str:
    """An action refused after its acceptance, in the long form."""
    return _text("orderError", error_fields(order, notify_id, code=code, message=message))


def error_fields(order: ClientOrder, notify_id: int, *, code: str, message: str) -> Fields:
    """Also what auditOrderBook shows as the last error of an order."""
    fields = _order_fields(order, notify_id)
    return {"message": message, "errorCode": code, **fields, "modifiable": False, "note": ""}


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


def portfolio_event(account: str, notify_id: int, row: Fields, *, is_open: bool) -> str:
    """A position in contracts. `martketID` is how the service spells it."""
    fields = {"martketID" if name == "marketID" else name: value for name, value in row.items()}
    return _text(
        "clientPortfolioEvent",
        {
            "account": account,
            "notifyID": notify_id,
            "data": None,
            "clientPortfoliosOpen": [fields] if is_open else None,
            "uniqueID": None,
            "clientPortfoliosClose": None if is_open else [fields],
            "connectionID": "",
            "ipAddress": None,
            "prefix": None,
        },
    )


def _order_fields(order: ClientOrder, notify_id: int) -> Fields:
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
        **stop_fields(order),
        "profitPrice": 0,
    }


def stop_fields(order: ClientOrder) -> Fields:
    stop = order.stop
    if stop is None:
        return {"stopOrder": False, "stopPrice": 0, "stopType": "", "stopStep": 0}
    return {
        "stopOrder": True,
        "stopPrice": wire_price(order, stop.price_vnd),
        "stopType": stop.kind.value,
        "stopStep": wire_price(order, stop.step_vnd),
    }


def _text(kind: str, fields: Fields) -> str:
    return msgspec.json.encode({"type": kind, "data": fields}).decode()
