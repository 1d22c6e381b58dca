"""What was kept of one order beside its states: what the gate measured, what was asked of the broker, how long each
hop took. Times are of the wall clock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from apps.orders.models import Fill, Intent, Order
from qts.domain.errors import RuleCode
from qts.domain.risk import Figure
from qts.domain.risk.figures import TABLE

NS_PER_MS: Final = 1_000_000
WITHHELD: Final = "•••"
_SECRET: Final = re.compile(r"token|secret|signature|password|pin\b|otp|private|authori[sz]ation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GateReport:
    """`is_of_this_table`: the gate has the controls now that it had then, so those without a figure can be named."""

    figures: Mapping[RuleCode, Figure]
    is_of_this_table: bool
    began_at_wall: datetime
    ended_at_wall: datetime

    @property
    def took_ms(self) -> float:
        return (self.ended_at_wall - self.began_at_wall).total_seconds() * 1_000


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request to the broker about the order, and what was answered."""

    kind: str
    state: str
    request_id: str
    attempts: int
    recorded_at_wall: datetime
    transmitted_at_wall: datetime | None
    answered_at_wall: datetime | None
    answer: str
    doubt: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Hop:
    """`name` is what was reached: gate_asked, judged, recorded, sent, answered, accepted or filled. `took_ms` since the
    hop before, in the order in which they came: a match can overtake the acceptance."""

    name: str
    at_wall: datetime
    took_ms: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """`received_at_wall`: when the market message behind it came in, None for a person's order."""

    gate: GateReport | None
    requests: tuple[RequestView, ...]
    broker_report: Mapping[str, Any] | None
    received_at_wall: datetime | None
    hops: tuple[Hop, ...]

    @property
    def total_ms(self) -> float:
        return sum(hop.took_ms for hop in self.hops)


def evidence(order_id: UUID, accepted_at_wall: datetime | None) -> Evidence | None:
    """Three queries. When the exchange's acceptance was recorded is in the order's history, which the caller has."""
    row = Order.objects.defer(None).filter(id=order_id).first()
    if row is None:
        return None
    gate = gate_report(row.gate)
    asked = list(Intent.objects.filter(order_id=order_id).order_by("id"))
    placing = next((one for one in asked if one.kind == Intent.Kind.PLACE), None)
    received_ns = placing.caused_by_received_ns if placing else None
    filled = Fill.objects.filter(order_id=order_id).order_by("recorded_at").values_list("recorded_at", flat=True)
    received_at = _moment(received_ns)
    return Evidence(
        gate=gate,
        requests=tuple(_request(one) for one in asked),
        broker_report=withheld(row.broker_report) if row.broker_report else None,
        received_at_wall=received_at,
        hops=_hops(
            {
                "received": received_at,
                "gate_asked": gate.began_at_wall if gate else None,
                "judged": gate.ended_at_wall if gate else None,
                "recorded": row.recorded_at,
                "sent": _moment(placing.transmitted_ns) if placing else None,
                "answered": placing.answered_at if placing else None,
                "accepted": accepted_at_wall,
                "filled": filled.first(),
            }
        ),
    )


def gate_report(stored: Mapping[str, Any] | None) -> GateReport | None:
    """None for an order from before figures were kept. A control that is no more is left out."""
    if not stored:
        return None
    known = set(RuleCode)
    return GateReport(
        figures={RuleCode(code): Figure(*pair) for code, pair in stored["figures"].items() if code in known},
        is_of_this_table=stored["table"] == TABLE,
        began_at_wall=_of_ns(stored["began_ns"]),
        ended_at_wall=_of_ns(stored["ended_ns"]),
    )


def withheld(told: Mapping[str, Any]) -> dict[str, Any]:
    """As it came, but for what a name says is secret."""
    return {name: WITHHELD if _SECRET.search(name) else _inside(value) for name, value in told.items()}


def _inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return withheld(value)
    return [_inside(one) for one in value] if isinstance(value, list) else value


def _hops(reached: Mapping[str, datetime | None]) -> tuple[Hop, ...]:
    """From the market message, or from the gate for a person's order, as far as it came."""
    came = sorted(((name, at) for name, at in reached.items() if at is not None), key=lambda one: one[1])
    return tuple(Hop(name, at, (at - before).total_seconds() * 1_000) for (_, before), (name, at) in pairwise(came))


def _request(row: Intent) -> RequestView:
    return RequestView(
        kind=row.kind,
        state=row.state,
        request_id=row.request_id,
        attempts=row.attempts,
        recorded_at_wall=row.recorded_at,
        transmitted_at_wall=_moment(row.transmitted_ns),
        answered_at_wall=row.answered_at,
        answer=row.answer,
        doubt=row.doubt,
        evidence=row.evidence,
    )


def _moment(ns: int | None) -> datetime | None:
    return None if ns is None else _of_ns(ns)


def _of_ns(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1_000 / NS_PER_MS, UTC)
