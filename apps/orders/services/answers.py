"""What the services of this app answer: a refusal is a value with its reasons."""

from dataclasses import dataclass
from uuid import UUID

from apps.risk.services import GateAnswer
from qts.domain.errors import Breach
from qts.domain.orders import Status
from qts.domain.risk.figures import TABLE


@dataclass(frozen=True, slots=True)
class Submission:
    """`accepted` means recorded and reserved here; what the exchange says comes later, as the order's status.

    `order_id` is None only when there was nothing to record an order on: no such account, or a client order id that
    already names another order.
    """

    order_id: UUID | None
    status: Status
    breaches: tuple[Breach, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.breaches


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """`accepted` means the cancel will be sent, or the order was taken back before it was sent.

    `waits` is true when it cannot be sent yet: the broker's order id is not known. The order may still be filled.
    """

    order_id: UUID
    status: Status | None
    breaches: tuple[Breach, ...] = ()
    waits: bool = False

    @property
    def accepted(self) -> bool:
        return not self.breaches


@dataclass(frozen=True, slots=True)
class AmendAnswer:
    """`accepted` means it will be sent, or was done at once because the order had not left yet.

    `waits` is true when it cannot be sent yet: the exchange has not confirmed the order, or its session takes no
    changes. It is judged by the gate again when it goes out. Until the exchange confirms it the old terms hold.
    """

    order_id: UUID
    status: Status | None
    breaches: tuple[Breach, ...] = ()
    waits: bool = False

    @property
    def accepted(self) -> bool:
        return not self.breaches


def stored(breach: Breach) -> dict[str, object]:
    """As a row keeps it; `apps.orders.selectors.breach_from` reads it."""
    return {"code": breach.code, "limit": breach.limit, "actual": breach.actual, "detail": breach.detail}


def gate_record(answer: GateAnswer) -> dict[str, object]:
    """As an order keeps it; `apps.orders.selectors.evidence` reads it. `table` names the controls that there were,
    `rules` the exchanges' of the day."""
    return {
        "table": TABLE,
        "rules": answer.rules_version,
        "figures": {code: [figure.limit, figure.actual] for code, figure in answer.figures.items()},
        "began_ns": answer.began_ns,
        "ended_ns": answer.ended_ns,
    }


def codes(breaches: tuple[Breach, ...]) -> str:
    """Each once, in the order of the rules."""
    return ",".join(dict.fromkeys(str(breach.code) for breach in breaches))
