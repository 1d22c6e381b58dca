"""What the gate has let pass, in a form that whoever signs can check: a code over the terms of one request.

Made where an order is recorded, in its transaction; the signer works the same terms out of the body that it is to sign.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from qts.adapters.ssi.numbers import points_to_vnd, whole
from qts.domain.values import Side

# The only bodies that are ever signed, by their exact fields: the signature does not cover the address, so a transfer
# that calls itself an order would be a signed transfer.
_COMMON: Final = frozenset({"account", "requestID", "instrumentID", "buySell", "code", "deviceId", "userAgent"})
BODIES: Final[Mapping[str, frozenset[str]]] = {
    "NewOrder": _COMMON
    | {"market", "orderType", "price", "quantity", "stopOrder", "stopPrice", "stopType", "stopStep"}
    | {"lossStep", "profitStep", "channelID"},
    "ModifyOrder": _COMMON | {"orderID", "marketID", "price", "quantity", "orderType"},
    "CancelOrder": _COMMON | {"orderID", "marketID"},
}


class NotAnOrder(ValueError):
    """A body that is not to be signed."""


@dataclass(frozen=True, slots=True)
class RequestTerms:
    """`order_type`, `price_vnd` and `quantity` are empty in a cancel; the price is 0 without a limit."""

    call: str  # NewOrder, ModifyOrder, CancelOrder
    account: str
    request_id: str
    symbol: str
    side: Side
    order_type: str = ""
    price_vnd: int = 0
    quantity: int = 0

    def token(self, key: bytes) -> str:
        given = [self.call, self.account, self.request_id, self.symbol, str(self.side), self.order_type]
        message = msgspec.json.encode([*given, self.price_vnd, self.quantity])
        return hmac.new(key, message, sha256).hexdigest()


def terms_of(call: str, body: bytes) -> RequestTerms:
    """Raises NotAnOrder for everything but the body of an order, an amendment or a cancel, in the only form that we
    write: a field that is there twice would be read by one as this, by the other as that."""
    fields = BODIES.get(call)
    try:
        given = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotAnOrder("the body is no JSON") from None
    if fields is None or not isinstance(given, dict) or set(given) != fields or msgspec.json.encode(given) != body:
        raise NotAnOrder(f"not the body of {call if fields else 'a call that is signed'}")
    try:
        return _terms(call, given)
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnOrder(f"{call}: {type(error).__name__}") from None


def is_allowed(terms: RequestTerms, token: str, keys: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(terms.token(key), token) for key in keys)


def _terms(call: str, given: Mapping[str, Any]) -> RequestTerms:
    sides = {"B": Side.BUY, "S": Side.SELL}
    if given.get("stopOrder"):
        raise ValueError("a stop order")
    terms = RequestTerms(call, given["account"], given["requestID"], given["instrumentID"], sides[given["buySell"]])
    if call == "CancelOrder":
        return terms
    is_future = (given.get("market") or given.get("marketID")) == "VNFE"
    return RequestTerms(
        call, terms.account, terms.request_id, terms.symbol, terms.side, given["orderType"],
        points_to_vnd(given["price"]) if is_future else whole(given["price"]), whole(given["quantity"]),
    )  # fmt: skip
