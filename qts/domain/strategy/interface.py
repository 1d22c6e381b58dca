"""What a strategy sees and what it may answer. It is deterministic: the same events give the same intents.

A strategy holds no credentials, reads no clock, opens no connection. It is called with closed minute bars (and ticks,
if it asks for them) and a read-only context, and answers with intents; QTS turns an intent into a decision, and the
decision into an order that passes the same risk gate as everybody's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, NamedTuple, TypeVar

from qts.domain.strategy.parameters import Parameters
from qts.domain.values import OrderType, Side

P = TypeVar("P", bound=Parameters)


# What a strategy sees are named tuples: a backtest makes millions, and a frozen dataclass takes four times as long.


class Bar(NamedTuple):
    """One closed minute of one symbol; `ts_start_ms` is the market time at which it began (Unix ms)."""

    symbol: str
    ts_start_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int


class Tick(NamedTuple):
    """One match."""

    symbol: str
    ts_exchange_ms: int
    price_vnd: int
    quantity: int


class Context(NamedTuple):
    """Read-only facts about the symbol of the event.

    `quantity` is what this strategy itself holds (its own fills, shares or contracts), `working_quantity` the signed
    open remainder of its orders. `indicators` are those of the last closed bar, `previous` those of the bar before;
    a value that is not there yet (too few bars) is missing from the mapping.
    """

    indicators: Mapping[str, float]
    previous: Mapping[str, float]
    quantity: int = 0
    working_quantity: int = 0
    equity_vnd: int = 0


@dataclass(frozen=True, slots=True)
class TargetPosition:
    """'I want to hold this many': QTS orders the difference to what is held and working."""

    quantity: int
    signal: str


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """One order, as given; `price_vnd` is None for types without a limit price."""

    side: Side
    quantity: int
    order_type: OrderType
    price_vnd: int | None
    signal: str


Intent = TargetPosition | PlaceOrder
Intents = Intent | Sequence[Intent] | None
INTENTS_MAX: Final = 100  # of one answer; what wants more at once has lost its mind


def intents_of(answer: Intents) -> tuple[Intent, ...]:
    """What a handler answered, in its order. Raises TypeError for what is no intent, ValueError for too many."""
    if answer is None:
        return ()
    given = (answer,) if isinstance(answer, TargetPosition | PlaceOrder) else tuple(answer)
    if len(given) > INTENTS_MAX:
        raise ValueError(f"a handler answers with {INTENTS_MAX} intents at most, not with {len(given)}")
    for one in given:
        if not isinstance(one, TargetPosition | PlaceOrder):
            raise TypeError(f"a handler answers with intents, not with {one!r}")
    return given


class Strategy(Generic[P]):
    """Subclass it, name it, give it parameters and `on_bar`. Unit-testable with nothing but this module."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    parameters_class: ClassVar[type[Parameters]] = Parameters
    wants_ticks: ClassVar[bool] = False

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    def indicator_names(self) -> tuple[str, ...]:
        """The indicators it reads, e.g. ("sma_7", "macd_5_9_4_signal"); docs/reference/indicators.md."""
        return ()

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        """Called once for each closed minute of a subscribed symbol. Several intents are acted upon in their order."""
        return None

    def on_tick(self, tick: Tick, context: Context) -> Intents:
        """Called for each match of a subscribed symbol, if `wants_ticks`."""
        return None
