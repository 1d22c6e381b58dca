"""An order rebuilt from its recorded steps alone, and what in them cannot have been."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from qts.domain.orders.life import TRANSITIONS, Status


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """The order as a record says that it was after the step; `fill_quantity` is 0 for all but matches."""

    status: Status
    quantity: int
    price_vnd: int
    filled_quantity: int
    fill_quantity: int = 0
    fill_price_vnd: int = 0


@dataclass(slots=True)
class Rebuilt:
    status: Status
    quantity: int
    price_vnd: int
    filled_quantity: int = 0
    filled_value_vnd: int = 0
    troubles: list[str] = field(default_factory=list)


def rebuild(steps: Iterable[RecordedStep]) -> Rebuilt | None:
    """None without a step. Totals are added up from the matches, not read from the records."""
    order: Rebuilt | None = None
    for number, step in enumerate(steps, start=1):
        if order is None:
            order = _first(step)
        else:
            _take(order, step, number)
    return order


def _first(step: RecordedStep) -> Rebuilt:
    order = Rebuilt(step.status, step.quantity, step.price_vnd)
    if step.status not in (Status.PENDING, Status.DENIED) or step.filled_quantity:
        order.troubles.append(f"it begins as {step.status} with {step.filled_quantity} filled")
    return order


def _take(order: Rebuilt, step: RecordedStep, number: int) -> None:
    if step.status not in reachable(order.status):
        order.troubles.append(f"step {number} leads from {order.status} to {step.status}")
    order.filled_quantity += step.fill_quantity
    order.filled_value_vnd += step.fill_quantity * step.fill_price_vnd
    if step.filled_quantity != order.filled_quantity:
        order.troubles.append(f"step {number} says {step.filled_quantity} filled, its matches {order.filled_quantity}")
    if step.filled_quantity > step.quantity:
        order.troubles.append(f"step {number} fills {step.filled_quantity} of {step.quantity}")
    order.status, order.quantity, order.price_vnd = step.status, step.quantity, step.price_vnd


@cache
def reachable(status: Status) -> frozenset[Status]:
    """Where an order may be at its next record: every step of the table is recorded, and news that move nothing are."""
    return frozenset({status} | {after for (before, _), after in TRANSITIONS.items() if before is status})
