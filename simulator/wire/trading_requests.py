"""Bodies of the signed trading calls. A price is in VND for shares and in points for futures, as it came."""

from typing import Any, Final

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
    "user_agent": "userAgent",
    "stop_order": "stopOrder",
    "stop_price": "stopPrice",
    "stop_type": "stopType",
    "stop_step": "stopStep",
    "loss_step": "lossStep",
    "profit_step": "profitStep",
    "beneficiary_account": "beneficiaryAccount",
    "cia_amount": "ciaAmount",
    "receive_amount": "receiveAmount",
    "entitlement_id": "entitlementID",
    "exchange_id": "exchangeID",
}


class SignedBody(msgspec.Struct, rename=_NAMES, kw_only=True):
    """What every signed call holds. `code` is the PIN or OTP where the token was not saved with one."""

    account: str
    code: str = ""

    def without_code(self) -> dict[str, Any]:
        """As it came, but for the second factor: for the journal."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        del fields["code"]
        return fields


class SignedRequest(SignedBody, rename=_NAMES, kw_only=True):
    """What every order call holds."""

    request_id: str
    instrument_id: str
    buy_sell: str
    device_id: str = ""
    user_agent: str = ""


class NewOrder(SignedRequest, rename=_NAMES, kw_only=True):
    market: str
    order_type: str
    price: float
    quantity: float
    channel_id: str = "TA"
    stop_order: bool = False
    stop_price: float = 0.0
    stop_type: str = ""
    stop_step: float = 0.0
    loss_step: float = 0.0
    profit_step: float = 0.0
    modifiable: bool = False


class CancelOrder(SignedRequest, rename=_NAMES, kw_only=True):
    order_id: str
    market_id: str


class ModifyOrder(SignedRequest, rename=_NAMES, kw_only=True):
    order_id: str
    market_id: str
    order_type: str
    price: float
    quantity: float


class CashToDepository(SignedBody, rename=_NAMES, kw_only=True):
    """vsdCashDW: between a derivatives account and the clearing house."""

    amount: float
    type: str
    remark: str = ""


class CashTransfer(SignedBody, rename=_NAMES, kw_only=True):
    """transferInternal."""

    beneficiary_account: str
    amount: float
    remark: str = ""


class CashInAdvance(SignedBody, rename=_NAMES, kw_only=True):
    """createCashInAdvance: on the proceeds of a sale that have not arrived."""

    cia_amount: float = 0.0
    receive_amount: float = 0.0


class RightsSubscription(SignedBody, rename=_NAMES, kw_only=True):
    """ors/create."""

    instrument_id: str
    entitlement_id: str
    quantity: float
    amount: float


class StockTransfer(SignedBody, rename=_NAMES, kw_only=True):
    """stock/transfer."""

    beneficiary_account: str
    exchange_id: str
    instrument_id: str
    quantity: float
