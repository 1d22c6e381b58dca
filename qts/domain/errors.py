"""Refusals are values with stable codes; exceptions are for what nobody could refuse in advance."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from string import Formatter
from typing import Any, Final, Self


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
    SESSION_FORBIDS_AMEND = "SESSION_FORBIDS_AMEND"
    SECURITY_NOT_TRADABLE = "SECURITY_NOT_TRADABLE"
    PRICE_OFF_TICK = "PRICE_OFF_TICK"
    PRICE_ABOVE_CEILING = "PRICE_ABOVE_CEILING"
    PRICE_BELOW_FLOOR = "PRICE_BELOW_FLOOR"
    QUANTITY_OFF_LOT = "QUANTITY_OFF_LOT"
    QUANTITY_EXCEEDS_EXCHANGE_MAX = "QUANTITY_EXCEEDS_EXCHANGE_MAX"
    ODD_LOT_NOT_ADMITTED = "ODD_LOT_NOT_ADMITTED"
    SECURITY_WARNED = "SECURITY_WARNED"
    OPPOSITE_ORDER_IN_AUCTION = "OPPOSITE_ORDER_IN_AUCTION"
    SELF_MATCH = "SELF_MATCH"
    FOREIGN_ROOM_EXCEEDED = "FOREIGN_ROOM_EXCEEDED"
    OWNERSHIP_EXCEEDS_MAX = "OWNERSHIP_EXCEEDS_MAX"
    CONTRACTS_EXCEED_MAX = "CONTRACTS_EXCEED_MAX"
    # what looks like a slip of the hand
    PRICE_UNIT_IMPLAUSIBLE = "PRICE_UNIT_IMPLAUSIBLE"
    QUANTITY_UNIT_IMPLAUSIBLE = "QUANTITY_UNIT_IMPLAUSIBLE"
    PRICE_FAR_FROM_LAST = "PRICE_FAR_FROM_LAST"
    PRICE_FAR_FROM_REFERENCE = "PRICE_FAR_FROM_REFERENCE"
    PRICE_FAR_FROM_AVERAGE = "PRICE_FAR_FROM_AVERAGE"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    # the firm's limits
    KILL_SWITCH_ENGAGED = "KILL_SWITCH_ENGAGED"
    ACCOUNT_NOT_ARMED = "ACCOUNT_NOT_ARMED"
    SYMBOL_NOT_ARMED = "SYMBOL_NOT_ARMED"
    ACTOR_NOT_PERMITTED = "ACTOR_NOT_PERMITTED"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"
    SYMBOL_RESTRICTED = "SYMBOL_RESTRICTED"
    ORDER_QUANTITY_EXCEEDS_MAX = "ORDER_QUANTITY_EXCEEDS_MAX"
    ORDER_VALUE_EXCEEDS_MAX = "ORDER_VALUE_EXCEEDS_MAX"
    DAY_VALUE_EXCEEDS_MAX = "DAY_VALUE_EXCEEDS_MAX"
    OPEN_VALUE_EXCEEDS_MAX = "OPEN_VALUE_EXCEEDS_MAX"
    POSITION_EXCEEDS_MAX = "POSITION_EXCEEDS_MAX"
    SYMBOL_CONCENTRATION_EXCEEDS_MAX = "SYMBOL_CONCENTRATION_EXCEEDS_MAX"
    SECTOR_CONCENTRATION_EXCEEDS_MAX = "SECTOR_CONCENTRATION_EXCEEDS_MAX"
    GROSS_EXPOSURE_EXCEEDS_MAX = "GROSS_EXPOSURE_EXCEEDS_MAX"
    NET_EXPOSURE_EXCEEDS_MAX = "NET_EXPOSURE_EXCEEDS_MAX"
    LEVERAGE_EXCEEDS_MAX = "LEVERAGE_EXCEEDS_MAX"
    MARGIN_RATIO_BELOW_MIN = "MARGIN_RATIO_BELOW_MIN"
    REALISED_LOSS_EXCEEDS_MAX = "REALISED_LOSS_EXCEEDS_MAX"
    DAILY_LOSS_EXCEEDS_MAX = "DAILY_LOSS_EXCEEDS_MAX"
    DRAWDOWN_EXCEEDS_MAX = "DRAWDOWN_EXCEEDS_MAX"
    OPEN_ORDERS_EXCEED_MAX = "OPEN_ORDERS_EXCEED_MAX"
    PARTICIPATION_EXCEEDS_MAX = "PARTICIPATION_EXCEEDS_MAX"
    DAYS_TO_EXIT_EXCEED_MAX = "DAYS_TO_EXIT_EXCEED_MAX"
    USER_RATE_EXCEEDS_MAX = "USER_RATE_EXCEEDS_MAX"
    STRATEGY_RATE_EXCEEDS_MAX = "STRATEGY_RATE_EXCEEDS_MAX"
    ACCOUNT_RATE_EXCEEDS_MAX = "ACCOUNT_RATE_EXCEEDS_MAX"
    BROKER_RATE_EXCEEDS_MAX = "BROKER_RATE_EXCEEDS_MAX"
    ORDERS_PER_TRADE_EXCEED_MAX = "ORDERS_PER_TRADE_EXCEED_MAX"
    REPEATED_EXECUTION_EXCEEDS_MAX = "REPEATED_EXECUTION_EXCEEDS_MAX"
    SIGNAL_TOO_OLD = "SIGNAL_TOO_OLD"
    BUYING_POWER_EXCEEDED = "BUYING_POWER_EXCEEDED"
    SELLABLE_QUANTITY_EXCEEDED = "SELLABLE_QUANTITY_EXCEEDED"
    MARKET_DATA_STALE = "MARKET_DATA_STALE"
    MARKET_DATA_MISSING = "MARKET_DATA_MISSING"
    MARKET_DATA_GAP = "MARKET_DATA_GAP"
    QUOTE_STALE = "QUOTE_STALE"
    MASTER_DATA_STALE = "MASTER_DATA_STALE"
    CHECK_FAILED = "CHECK_FAILED"
    # the life of an order
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_NOT_CANCELLABLE = "ORDER_NOT_CANCELLABLE"
    ORDER_NOT_AMENDABLE = "ORDER_NOT_AMENDABLE"
    AMEND_CHANGES_NOTHING = "AMEND_CHANGES_NOTHING"
    AMEND_CHANGES_BOTH = "AMEND_CHANGES_BOTH"
    QUANTITY_NOT_ABOVE_FILLED = "QUANTITY_NOT_ABOVE_FILLED"
    REQUEST_IN_PROGRESS = "REQUEST_IN_PROGRESS"
    NOT_SENT_IN_TIME = "NOT_SENT_IN_TIME"
    # orders that QTS keeps: conditional, sliced and basket orders
    TERMS_MISSING = "TERMS_MISSING"
    TERMS_NOT_ALLOWED = "TERMS_NOT_ALLOWED"
    LEVELS_OUT_OF_ORDER = "LEVELS_OUT_OF_ORDER"
    TRIGGER_ALREADY_MET = "TRIGGER_ALREADY_MET"
    VALIDITY_OUT_OF_RANGE = "VALIDITY_OUT_OF_RANGE"
    SLICES_OUT_OF_RANGE = "SLICES_OUT_OF_RANGE"
    PLAN_NOT_FOUND = "PLAN_NOT_FOUND"
    PLAN_NOT_ACTIVE = "PLAN_NOT_ACTIVE"


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


KEPT_DEPTH_MAX: Final = 4  # sentences inside of sentences


class Said(str):
    """An English sentence that keeps what it was made of: `text` stands in the catalogue, `values` fill its places.

    Logs and programs read it as it is; whoever shows it to a person says it in their language (`qts.web.said`).
    """

    text: str
    values: Mapping[str, object]

    def __new__(cls, text: str, /, **values: object) -> Self:
        said = super().__new__(cls, text.format(**values))
        said.text, said.values = text, values
        return said

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        return (self.text,), dict(self.values)


def said_by(error: BaseException) -> str:
    """Why it was raised, with what a `Said` keeps, which `str(error)` loses."""
    return error.args[0] if error.args and isinstance(error.args[0], Said) else str(error)


def kept_of(sentence: str) -> dict[str, Any]:
    """What a sentence was made of, for JSON; nothing of one that nobody made for people. See `said_again`."""
    if not isinstance(sentence, Said):
        return {}
    return {"text": sentence.text, "values": {name: _kept(value) for name, value in sentence.values.items()}}


def said_again(kept: object, otherwise: str = "", *, depth: int = KEPT_DEPTH_MAX) -> str:
    """The sentence that `kept_of` kept, or the other one. What was kept may come from a stranger: only plain places are
    filled, with plain values and sentences."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("text"), str) or not kept["text"] or not depth:
        return otherwise
    given = kept.get("values")
    if not isinstance(given, Mapping):
        return otherwise
    values = {
        name: said_again(value, depth=depth - 1) if isinstance(value, Mapping) else value
        for name, value in given.items()
    }
    return Said(kept["text"], **values) if _has_plain_places(kept["text"], values) else otherwise


def _kept(value: object) -> object:
    if isinstance(value, BaseException):
        value = said_by(value)
    if isinstance(value, Said):
        return kept_of(value)
    return value if isinstance(value, int | float | str) and not isinstance(value, Enum) else str(value)


def _has_plain_places(text: str, values: Mapping[str, Any]) -> bool:
    """Nothing but names of these values: a place may ask for an attribute, or for a width that fills the memory."""
    if not all(isinstance(value, int | float | str) for value in values.values()):
        return False
    try:
        places = [(name, form) for _, name, form, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return all(
        name in values and (not form or (form == "," and isinstance(values[name], int))) for name, form in places
    )


def noop(text: str) -> str:
    """Marks a text of a table, which is said in a person's language when it is shown."""
    return text
