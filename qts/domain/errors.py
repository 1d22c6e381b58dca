"""Refusals are values with stable codes; exceptions are for what nobody could refuse in advance."""

from dataclasses import dataclass
from enum import StrEnum


class RuleCode(StrEnum):
    """Why an order or a request was refused. The names are a public contract: clients store and compare them."""

    # the request itself
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    ACCOUNT_NOT_TRADABLE = "ACCOUNT_NOT_TRADABLE"
    QUANTITY_NOT_POSITIVE = "QUANTITY_NOT_POSITIVE"
    PRICE_REQUIRED = "PRICE_REQUIRED"
    PRICE_NOT_ALLOWED = "PRICE_NOT_ALLOWED"
    # the exchange's rules
    SESSION_FORBIDS_ORDER_TYPE = "SESSION_FORBIDS_ORDER_TYPE"
    SESSION_FORBIDS_CANCEL = "SESSION_FORBIDS_CANCEL"
    SECURITY_NOT_TRADABLE = "SECURITY_NOT_TRADABLE"
    PRICE_OFF_TICK = "PRICE_OFF_TICK"
    PRICE_ABOVE_CEILING = "PRICE_ABOVE_CEILING"
    PRICE_BELOW_FLOOR = "PRICE_BELOW_FLOOR"
    QUANTITY_OFF_LOT = "QUANTITY_OFF_LOT"
    QUANTITY_EXCEEDS_EXCHANGE_MAX = "QUANTITY_EXCEEDS_EXCHANGE_MAX"
    # the firm's limits
    KILL_SWITCH_ENGAGED = "KILL_SWITCH_ENGAGED"
    ORDER_VALUE_EXCEEDS_MAX = "ORDER_VALUE_EXCEEDS_MAX"
    POSITION_EXCEEDS_MAX = "POSITION_EXCEEDS_MAX"
    DAILY_LOSS_EXCEEDS_MAX = "DAILY_LOSS_EXCEEDS_MAX"
    OPEN_ORDERS_EXCEED_MAX = "OPEN_ORDERS_EXCEED_MAX"
    BUYING_POWER_EXCEEDED = "BUYING_POWER_EXCEEDED"
    SELLABLE_QUANTITY_EXCEEDED = "SELLABLE_QUANTITY_EXCEEDED"
    MARKET_DATA_STALE = "MARKET_DATA_STALE"
    MARKET_DATA_MISSING = "MARKET_DATA_MISSING"
    CHECK_FAILED = "CHECK_FAILED"
    # the life of an order
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_NOT_CANCELLABLE = "ORDER_NOT_CANCELLABLE"
    NOT_SENT_IN_TIME = "NOT_SENT_IN_TIME"


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken rule: what was allowed and what was asked, both in the unit that the code stands for."""

    code: RuleCode
    limit: int | None = None
    actual: int | None = None
    detail: str = ""


class TransientError(Exception):
    """It may work when tried again: time-out before sending, refused connection, rate limit."""


class TerminalError(Exception):
    """Trying again the same way cannot work: bad credentials, refused request, malformed answer."""


class IllegalTransition(Exception):
    """A state machine was asked for a step that its table does not hold."""
