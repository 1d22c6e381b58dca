"""Named places at which a trial lets its process die as by `kill -9`, or sleep, to see what the next one makes of it.

Only the settings of the tests arm one (`QTS_CRASH_AT`); everywhere else passing such a place is one comparison.
"""

import signal
import threading
from typing import Final

VARIABLE: Final = "QTS_CRASH_AT"  # a name; `name:3` for the third time that it is passed; `name:1:sleep`

CRASH_POINTS: Final[dict[str, str]] = {
    "submit.judged": "the gate has let the order pass, nothing is written",
    "submit.reserved": "money or shares are reserved",
    "submit.recorded": "the order and its event are written, its intent is not",
    "submit.queued": "everything is written and not committed",
    "submit.committed": "the order is durable, nobody was told",
    "cancel.stepped": "the order is CANCEL_PENDING, its intent is not written",
    "cancel.queued": "the cancel is written and not committed",
    "cancel.committed": "the cancel is durable, nobody was told",
    "amend.stepped": "the order is AMEND_PENDING, its intent is not written",
    "amend.queued": "the amendment is written and not committed",
    "amend.committed": "the amendment is durable, nobody was told",
    "claim.fenced": "the gateway's epoch is in the database",
    "claim.locked": "the next intent is locked",
    "claim.stepped": "the order is marked as sent, its intent is not claimed",
    "claim.written": "the claim is written and not committed",
    "claim.committed": "the claim is durable, not a byte has left",
    "call.signed": "the request is signed, its token at hand",
    "call.begun": "the connection stands, the request's headers are about to leave",
    "call.written": "the last byte has left, no answer was read",
    "call.answered": "the answer is read, nothing of it is written down",
    "answer.written": "the broker's 200 is written down",
    "refusal.locked": "the broker has refused, the order is locked",
    "refusal.written": "the refusal is written and not committed",
    "refusal.committed": "the refusal is durable",
    "takeback.written": "what was proved not to be accepted is due again, not committed",
    "doubt.written": "the order is UNKNOWN, not committed",
    "doubt.committed": "the order is durably UNKNOWN",
    "resolve.asked": "the order book of an UNKNOWN order is read",
    "resolve.applied": "what the order book said is applied",
    "absence.written": "given up as not received, not committed",
    "absence.committed": "given up as not received",
    "stream.received": "a message of the order stream was read",
    "state.learned": "the broker's order id is known, the step is not taken",
    "state.stepped": "the step is written and not committed",
    "fill.saved": "the fill is written, the order does not know",
    "fill.moved": "the order has its fill and its event, the ledger has not",
    "fill.booked": "the ledger has the fill, nothing is committed",
    "message.applied": "the message is applied, the place in the stream is not",
    "message.positioned": "the place in the stream is written and not committed",
    "message.committed": "the message and its place are durable",
    "match.read": "matches of the bus are read, none was looked at",
    "match.seen": "the matches were looked at and are not acknowledged",
    "trigger.met": "a condition is met, its account is locked, nothing is written",
    "trigger.submitted": "the order of a met condition is recorded, its leg does not know",
    "trigger.concluded": "the leg has its order and its event, nothing is committed",
    "trigger.committed": "the leg durably has its order, the watcher does not know",
    "entry.followed": "the legs behind an entry order watch, nothing is committed",
    "entry.committed": "the legs behind an entry order watch durably, nobody looks yet",
    "slice.due": "a part is due, its parent is locked, nothing is written",
    "slice.submitted": "the order of a part is recorded, its parent does not know",
    "slice.counted": "the part is counted and not committed",
    "slice.committed": "the part is durable, the watcher does not know",
    "reconcile.read": "the order book is read",
    "reconcile.applied": "the rows with news are applied",
    "reconcile.done": "the comparison is over",
}

_armed: str | None = None
_passes_left = 0
_signal = signal.SIGKILL


def arm(order: str) -> None:
    """Die, or sleep until somebody sends SIGCONT, at a place given as in the environment; "" disarms. Raises KeyError
    for an unknown one."""
    global _armed, _passes_left, _signal  # noqa: PLW0603 (one process, one death)
    name, times, act = (*order.split(":"), "", "")[:3]
    _armed = name if order and CRASH_POINTS[name] else None
    _passes_left = int(times or 1)
    _signal = signal.SIGSTOP if act == "sleep" else signal.SIGKILL


def passing(name: str) -> None:
    """Nothing, unless a test has armed this place: then the process is gone."""
    global _passes_left  # noqa: PLW0603
    if _armed != name:
        return
    _passes_left -= 1
    if _passes_left == 0:
        signal.pthread_kill(threading.get_ident(), _signal)  # to this thread, which must not go on for a moment
