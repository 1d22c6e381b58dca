"""Messages that a broker should never send, and that clients must survive; some of them have been seen live."""

from typing import Any, Final

import msgspec

from simulator.wire import signalr

Record = dict[str, Any]

_SHORT_ERROR: Final[Record] = {
    "message": "Invalid Order Transition Error!",
    "notifyID": 0,
    "data": None,
    "errorCode": "ERR500",
    "uniqueID": "00000000",
    "ipAddress": "127.0.0.1",
    "prefix": "sim",
}
_ORDER: Final[Record] = {
    "orderID": "0",
    "instrumentID": "SSI",
    "uniqueID": "00000000",
    "buySell": "B",
    "orderType": "LO",
    "ipAddress": "127.0.0.1",
    "price": 19600,
    "prefix": "sim",
    "quantity": 200,
    "marketID": "VN",
    "origOrderId": "",
    "account": "0000001",
    "channel": "TA",
    "inputTime": "1683165600160",
    "modifiedTime": "1683165600161",
    "isForceSell": "F",
    "isShortSell": "F",
    "origRequestID": "00000000",
    "stopOrder": False,
    "stopPrice": 0,
    "stopType": "",
    "stopStep": 0,
    "profitPrice": 0,
}
_COUNTS: Final[Record] = {"cancelQty": 0, "osQty": 200, "filledQty": 0, "avgPrice": 0, "rejectReason": ""}


def _market(hub: str, data_type: str, record: Record) -> str:
    content = msgspec.json.encode(record).decode()
    return _broadcast(hub, msgspec.json.encode({"DataType": data_type, "Content": content}).decode())


def _event(hub: str, kind: str, data: Record) -> str:
    return _broadcast(hub, msgspec.json.encode({"type": kind, "data": data}).decode())


def _broadcast(hub: str, text: str) -> str:
    return signalr.frames(hub, [signalr.json_string(text)], 0)[0]


def market_frames(hub: str, trade: Record) -> dict[str, str]:
    """By the name of the form; `trade` is a right X-TRADE record."""
    nulls = {name: value if name in ("RType", "Symbol") else None for name, value in trade.items()}
    return _frames(hub) | {
        "content": _broadcast(hub, '{"DataType":"X-TRADE","Content":"{\\"RType\\":\\"X-TRADE\\",\\"Symbol"}'),
        "nan": _market(hub, "X-TRADE", {**trade, "AvgPrice": "NaN", "RatioChange": "NaN"}),
        "nulls": _market(hub, "X-TRADE", nulls),
        "unknown_session": _market(hub, "X-TRADE", {**trade, "TradingSession": "ZZZ"}),
        "unknown_type": _market(hub, "ZZ", {**trade, "RType": "ZZ"}),
    }


def order_frames(hub: str) -> dict[str, str]:
    """By the name of the form."""
    return _frames(hub) | {
        "content": _broadcast(hub, '{"type":"orderEvent","data":{'),
        "short_error": _event(hub, "orderError", _SHORT_ERROR),
        "long_error": _event(hub, "orderError", {**_SHORT_ERROR, **_ORDER, "modifiable": False, "note": ""}),
        "unknown_status": _event(hub, "orderEvent", {**_ORDER, **_COUNTS, "notifyID": 0, "orderStatus": "ZZ"}),
        "unknown_type": _event(hub, "someNewEvent", {"notifyID": 0}),
    }


def _frames(hub: str) -> dict[str, str]:
    """`object_argument` holds an object where a string belongs: the official Python client stumbles over it."""
    return {
        "frame": '{"C":"d-0","M":[{"H":',
        "array": "[]",
        "object_argument": f'{{"C":"d-0","M":[{{"H":"{hub}","M":"Broadcast","A":[{{"DataType":"F"}}]}}]}}',
        "error": signalr.error_frame(hub, signalr.connections_text(1, 1)),
    }


def duplicate_log_in(hub: str) -> str:
    """ERR002 of the specification (FC Trading specs v2.4, error codes)."""
    data = {**_SHORT_ERROR, "message": "Session error, duplicate login", "errorCode": "ERR002"}
    return _event(hub, "orderError", data)
