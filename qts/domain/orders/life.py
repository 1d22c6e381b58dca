"""The states of an order and the table of steps between them; a step that is not in the table is refused."""

from enum import StrEnum
from typing import Final

from qts.domain.errors import IllegalTransition


class Status(StrEnum):
    PENDING = "PENDING"  # recorded and reserved; not a byte has left
    SENT = "SENT"  # marked before the network call; the broker's own 200 changes nothing
    UNKNOWN = "UNKNOWN"  # it may have reached the broker
    QUEUED = "QUEUED"  # the broker holds it, the exchange has not confirmed it
    OPEN = "OPEN"  # in the exchange's book
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCEL_PENDING = "CANCEL_PENDING"
    AMEND_PENDING = "AMEND_PENDING"  # a new price or quantity was asked for; the old ones hold until it is confirmed
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"  # by the broker or the exchange
    EXPIRED = "EXPIRED"
    DENIED = "DENIED"  # by our own gate; never sent, nothing reserved


class OrderTrigger(StrEnum):
    SEND = "SEND"
    NOT_TRANSMITTED = "NOT_TRANSMITTED"  # proof that nothing was accepted: may be sent again
    ANSWER_LOST = "ANSWER_LOST"
    NOT_RECEIVED = "NOT_RECEIVED"  # asked for long enough: the broker does not have it
    SURFACED = "SURFACED"  # the broker has it after all
    WITHDRAWN = "WITHDRAWN"  # taken back before it was sent
    BROKER_HELD = "BROKER_HELD"
    ACCEPTED = "ACCEPTED"
    PARTIAL_FILL = "PARTIAL_FILL"
    FULL_FILL = "FULL_FILL"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    CANCEL_REFUSED_QUEUED = "CANCEL_REFUSED_QUEUED"
    CANCEL_REFUSED_OPEN = "CANCEL_REFUSED_OPEN"
    CANCEL_REFUSED_PARTLY_FILLED = "CANCEL_REFUSED_PARTLY_FILLED"
    AMEND_REQUESTED = "AMEND_REQUESTED"
    AMEND_OVER_QUEUED = "AMEND_OVER_QUEUED"  # amended or refused: it works on
    AMEND_OVER_OPEN = "AMEND_OVER_OPEN"
    AMEND_OVER_PARTLY_FILLED = "AMEND_OVER_PARTLY_FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


WORKING: Final = frozenset(
    {
        Status.PENDING,
        Status.SENT,
        Status.UNKNOWN,
        Status.QUEUED,
        Status.OPEN,
        Status.PARTIALLY_FILLED,
        Status.CANCEL_PENDING,
        Status.AMEND_PENDING,
    }
)
TERMINAL: Final = frozenset(Status) - WORKING

_S, _T = Status, OrderTrigger

_FROM_PENDING: Final = {
    _T.SEND: _S.SENT,  # written before the network call, so that a crash is visible
    _T.WITHDRAWN: _S.CANCELLED,
    _T.EXPIRED: _S.EXPIRED,  # the gateway was down for the rest of the day
}
# What the broker may say first about an order that was sent: any of it can overtake the answer to the call.
_FIRST_NEWS: Final = {
    _T.BROKER_HELD: _S.QUEUED,
    _T.ACCEPTED: _S.OPEN,
    _T.PARTIAL_FILL: _S.PARTIALLY_FILLED,  # a fill can overtake the acceptance
    _T.FULL_FILL: _S.FILLED,
    _T.CANCELLED: _S.CANCELLED,  # MOK, MAK and MTL orders are cancelled by the exchange unasked
    _T.REJECTED: _S.REJECTED,
    _T.EXPIRED: _S.EXPIRED,
}
_FROM_SENT: Final = {**_FIRST_NEWS, _T.NOT_TRANSMITTED: _S.PENDING, _T.ANSWER_LOST: _S.UNKNOWN}
_FROM_UNKNOWN: Final = {**_FIRST_NEWS, _T.NOT_RECEIVED: _S.REJECTED}
_CHANGE_REQUESTED: Final = {_T.CANCEL_REQUESTED: _S.CANCEL_PENDING, _T.AMEND_REQUESTED: _S.AMEND_PENDING}
_FROM_QUEUED: Final = {**_FIRST_NEWS, **_CHANGE_REQUESTED}
_FROM_OPEN: Final = {
    **_FROM_QUEUED,
    _T.BROKER_HELD: _S.OPEN,  # late news of an earlier step changes nothing
}
_FROM_PARTIALLY_FILLED: Final = {
    _T.BROKER_HELD: _S.PARTIALLY_FILLED,
    _T.ACCEPTED: _S.PARTIALLY_FILLED,
    _T.PARTIAL_FILL: _S.PARTIALLY_FILLED,
    _T.FULL_FILL: _S.FILLED,
    **_CHANGE_REQUESTED,
    _T.CANCELLED: _S.CANCELLED,
    _T.EXPIRED: _S.EXPIRED,
}
_FROM_CANCEL_PENDING: Final = {
    _T.BROKER_HELD: _S.CANCEL_PENDING,
    _T.ACCEPTED: _S.CANCEL_PENDING,
    _T.PARTIAL_FILL: _S.CANCEL_PENDING,
    _T.CANCEL_REQUESTED: _S.CANCEL_PENDING,
    _T.FULL_FILL: _S.FILLED,  # the cancel lost the race
    _T.CANCEL_REFUSED_QUEUED: _S.QUEUED,
    _T.CANCEL_REFUSED_OPEN: _S.OPEN,
    _T.CANCEL_REFUSED_PARTLY_FILLED: _S.PARTIALLY_FILLED,
    _T.CANCELLED: _S.CANCELLED,
    _T.REJECTED: _S.REJECTED,
    _T.EXPIRED: _S.EXPIRED,
}
_FROM_AMEND_PENDING: Final = {
    _T.BROKER_HELD: _S.AMEND_PENDING,
    _T.ACCEPTED: _S.AMEND_PENDING,
    _T.PARTIAL_FILL: _S.AMEND_PENDING,
    _T.FULL_FILL: _S.FILLED,  # the amendment lost the race
    _T.CANCEL_REQUESTED: _S.CANCEL_PENDING,
    _T.AMEND_OVER_QUEUED: _S.QUEUED,
    _T.AMEND_OVER_OPEN: _S.OPEN,
    _T.AMEND_OVER_PARTLY_FILLED: _S.PARTIALLY_FILLED,
    _T.CANCELLED: _S.CANCELLED,
    _T.REJECTED: _S.REJECTED,
    _T.EXPIRED: _S.EXPIRED,
}
_LATE_NEWS: Final = (
    _T.BROKER_HELD,
    _T.ACCEPTED,
    _T.CANCEL_REQUESTED,
    _T.CANCEL_REFUSED_QUEUED,
    _T.CANCEL_REFUSED_OPEN,
    _T.CANCEL_REFUSED_PARTLY_FILLED,
)
_FROM_FILLED: Final = dict.fromkeys(_LATE_NEWS, _S.FILLED)
_FROM_CANCELLED: Final = {
    **dict.fromkeys((*_LATE_NEWS, _T.CANCELLED, _T.EXPIRED), _S.CANCELLED),
    _T.PARTIAL_FILL: _S.CANCELLED,  # the match happened before the cancel and was reported after it
    _T.FULL_FILL: _S.FILLED,
}
_FROM_EXPIRED: Final = {
    **dict.fromkeys((*_LATE_NEWS, _T.CANCELLED, _T.EXPIRED), _S.EXPIRED),
    _T.PARTIAL_FILL: _S.EXPIRED,
    _T.FULL_FILL: _S.FILLED,
}
_FROM_REJECTED: Final = {
    **dict.fromkeys((*_LATE_NEWS, _T.REJECTED), _S.REJECTED),
    _T.SURFACED: _S.QUEUED,  # taken for lost, yet the broker has it: it lives, whatever we said
}

TRANSITIONS: Final[dict[tuple[Status, OrderTrigger], Status]] = {
    (status, trigger): after
    for status, steps in {
        _S.PENDING: _FROM_PENDING,
        _S.SENT: _FROM_SENT,
        _S.UNKNOWN: _FROM_UNKNOWN,
        _S.QUEUED: _FROM_QUEUED,
        _S.OPEN: _FROM_OPEN,
        _S.PARTIALLY_FILLED: _FROM_PARTIALLY_FILLED,
        _S.CANCEL_PENDING: _FROM_CANCEL_PENDING,
        _S.AMEND_PENDING: _FROM_AMEND_PENDING,
        _S.FILLED: _FROM_FILLED,
        _S.CANCELLED: _FROM_CANCELLED,
        _S.EXPIRED: _FROM_EXPIRED,
        _S.REJECTED: _FROM_REJECTED,
    }.items()
    for trigger, after in steps.items()
}


def next_status(status: Status, trigger: OrderTrigger) -> Status:
    """The status after `trigger`; raises IllegalTransition when the table holds no such step."""
    after = TRANSITIONS.get((status, trigger))
    if after is None:
        raise IllegalTransition(f"an order that is {status} cannot take {trigger}")
    return after


def fill_trigger(*, quantity: int, filled_quantity: int, fill_quantity: int) -> OrderTrigger:
    """Raises IllegalTransition when more would be filled than was ordered."""
    total = filled_quantity + fill_quantity
    if fill_quantity <= 0 or total > quantity:
        raise IllegalTransition(f"{fill_quantity} on top of {filled_quantity} does not fit an order of {quantity}")
    return OrderTrigger.FULL_FILL if total == quantity else OrderTrigger.PARTIAL_FILL


def cancel_refused_trigger(*, filled_quantity: int, accepted: bool) -> OrderTrigger:
    """Where an order returns to when its cancel was refused."""
    if filled_quantity > 0:
        return OrderTrigger.CANCEL_REFUSED_PARTLY_FILLED
    return OrderTrigger.CANCEL_REFUSED_OPEN if accepted else OrderTrigger.CANCEL_REFUSED_QUEUED


def amend_over_trigger(*, filled_quantity: int, accepted: bool) -> OrderTrigger:
    """Where an order returns to when its amendment was done or refused."""
    if filled_quantity > 0:
        return OrderTrigger.AMEND_OVER_PARTLY_FILLED
    return OrderTrigger.AMEND_OVER_OPEN if accepted else OrderTrigger.AMEND_OVER_QUEUED
