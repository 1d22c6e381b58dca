"""Bodies of the signed trading calls. A price is in VND for shares and in points for futures, as it came."""

from typing import Final

import msgspec

_NAMES: Final = {
    "request_id": "requestID",
    "order_id": "orderID",
    "instrument_id": "instrumentID",
    "market_id": "marketID",
    "buy_sell": "buySell",
    "order_type": "orderType",
    "channel_id": "channelID",
    "device_id": "deviceId",
    "stop_order": "stopOrder",
}


class SignedRequest(msgspec.Struct, rename=_NAMES, kw_only=True):
    """What every order call holds. `code` is the PIN or OTP where the token was not saved with one."""

    account: str
    request_id: str
    instrument_id: str
    buy_sell: str
    code: str = ""
    device_id: str = ""


class NewOrder(SignedRequest, rename=_NAMES, kw_only=True):
    market: str
    order_type: str
    price: float
    quantity: float
    channel_id: str = "TA"
    stop_order: bool = False


class CancelOrder(SignedRequest, rename=_NAMES, kw_only=True):
    order_id: str
    market_id: str


class ModifyOrder(SignedRequest, rename=_NAMES, kw_only=True):
    order_id: str
    market_id: str
    order_type: str
    price: float
    quantity: float
