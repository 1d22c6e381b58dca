"""Orders that QTS keeps: what became of a conditional, a sliced or a basket order. The orders they make have events of
their own."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvent(Event):
    """What all of them carry: the plan as it is after the change, and the order that it is about, if there is one."""

    key_field: ClassVar[str] = "account_id"
    plan_id: str
    account_id: str
    kind: str
    symbol: str  # empty for a basket
    side: str
    quantity: int
    status: str
    released_order_id: str = ""  # not `order_id`: this is no step of that order's life
    price_vnd: int = 0  # the last price that triggered, or the level that is watched from now on
    reason: str = ""
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalPlaced(PlanEvent):
    topic: ClassVar[str] = "order.conditional.placed"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalArmed(PlanEvent):
    """Its entry order filled something: from now on that is watched."""

    topic: ClassVar[str] = "order.conditional.armed"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalTriggered(PlanEvent):
    topic: ClassVar[str] = "order.conditional.triggered"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalRefused(PlanEvent):
    """It triggered and the gate refused its order; `reason` holds the codes, comma separated."""

    topic: ClassVar[str] = "order.conditional.refused"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEnded(PlanEvent):
    """Cancelled or expired without an order."""

    topic: ClassVar[str] = "order.conditional.ended"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedStarted(PlanEvent):
    topic: ClassVar[str] = "order.sliced.started"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedReleased(PlanEvent):
    """One part of it became an order."""

    topic: ClassVar[str] = "order.sliced.released"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedEnded(PlanEvent):
    """Done, stopped, cancelled or out of time: nothing more of it goes out."""

    topic: ClassVar[str] = "order.sliced.ended"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BasketSubmitted(PlanEvent):
    """A table of orders was confirmed; `quantity` is the number of its rows."""

    topic: ClassVar[str] = "order.basket.submitted"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSubmitted(PlanEvent):
    """A block for several accounts was confirmed; each of them hears of its own part."""

    topic: ClassVar[str] = "order.block.submitted"
