"""What the gate asks of the orders. They live above this app, so they say at start-up who answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from qts.domain.errors import RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk import ActivityFacts
from qts.domain.values import Actor, Side

WORKING_VALUE_CODES: Final = frozenset(
    {
        RuleCode.OPEN_VALUE_EXCEEDS_MAX,
        RuleCode.DAY_VALUE_EXCEEDS_MAX,
        RuleCode.GROSS_EXPOSURE_EXCEEDS_MAX,
        RuleCode.NET_EXPOSURE_EXCEEDS_MAX,
        RuleCode.LEVERAGE_EXCEEDS_MAX,
        RuleCode.MARGIN_RATIO_BELOW_MIN,
    }
)
DAY_CODES: Final = frozenset(
    {RuleCode.DAY_VALUE_EXCEEDS_MAX, RuleCode.ORDERS_PER_TRADE_EXCEED_MAX, RuleCode.PARTICIPATION_EXCEEDS_MAX}
)
RATE_CODES: Final = frozenset(
    {
        RuleCode.USER_RATE_EXCEEDS_MAX,
        RuleCode.STRATEGY_RATE_EXCEEDS_MAX,
        RuleCode.ACCOUNT_RATE_EXCEEDS_MAX,
        RuleCode.BROKER_RATE_EXCEEDS_MAX,
    }
)
RECENT_CODES: Final = RATE_CODES | {RuleCode.DUPLICATE_ORDER, RuleCode.REPEATED_EXECUTION_EXCEEDS_MAX}


@dataclass(frozen=True, slots=True)
class WorkingValue:
    """What an account's working orders of one symbol and side still ask for; without a price it is only a quantity."""

    symbol: str
    side: Side
    priced_vnd: int
    unpriced_quantity: int


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """`activity.day_value_vnd` holds what was traded; what works is in `working`. Both only where a limit asks."""

    open_order_count: int
    activity: ActivityFacts = field(default_factory=ActivityFacts)
    working: tuple[WorkingValue, ...] = ()


class OrderFactsReader(Protocol):
    """`limits` are those in force, so that nothing is looked up which no limit asks for. `asks_right`: whether the
    actor may trade the account is to be found out; whoever submits an order has asked that already."""

    def __call__(
        self,
        *,
        account_id: UUID,
        intent: OrderIntent,
        actor: Actor,
        limits: Mapping[RuleCode, int],
        asks_right: bool,
    ) -> OrderFacts: ...


_readers: list[OrderFactsReader] = []


def ask_for_order_facts(reader: OrderFactsReader) -> None:
    """Called once, when the app that owns the orders is ready."""
    _readers[:] = [reader]


def order_facts_reader() -> OrderFactsReader:
    """Raises LookupError when no app has offered itself: then nothing may pass."""
    if not _readers:
        raise LookupError("nobody tells the gate about orders")
    return _readers[0]
