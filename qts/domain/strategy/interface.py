"""What a strategy sees and what it may answer. It is deterministic: the same events give the same intents.

A strategy holds no credentials, reads no clock, opens no connection. It is called with closed minute bars and a
read-only context, and answers with intents; QTS turns an intent into a decision, and the decision into an order that
passes the same risk gate as everybody's. Whoever also overrides `on_fill`, `on_timer`, `on_session` or asks for ticks
or the order book is called with these too, by the backtest and the live desk alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from qts.domain.strategy.parameters import Parameters
from qts.domain.strategy.published import NO_SIGNALS, Standing
from qts.domain.values import OrderType, Session, Side

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


class Book(NamedTuple):
    """The best levels of one symbol, best first, as (price_vnd, quantity); a price of 0 is the volume at the auction.

    Who is slower than the market is told the latest one, not each.
    """

    symbol: str
    ts_exchange_ms: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Fill(NamedTuple):
    """One match of the strategy's own order."""

    symbol: str
    ts_exchange_ms: int
    side: Side
    quantity: int
    price_vnd: int


class Timer(NamedTuple):
    """A time of day that the strategy asked for; every bar that was over by then has been told before."""

    ts_ms: int
    minute: int  # since midnight in Vietnam


class SessionChange(NamedTuple):
    """An exchange where it trades has gone over to this session."""

    exchange: str
    ts_ms: int
    session: Session


class SymbolState(NamedTuple):
    """One symbol of the strategy as it stands: its last closed bar and what the strategy holds of it."""

    bar: Bar
    quantity: int = 0
    working_quantity: int = 0


NO_UNIVERSE: Final[Mapping[str, SymbolState]] = MappingProxyType({})


class Context(NamedTuple):
    """Read-only facts about the symbol of the event.

    `quantity` is what this strategy itself holds (its own fills, shares or contracts), `working_quantity` the signed
    open remainder of its orders. `indicators` are those of the last closed bar, `previous` those of the bar before;
    a value that is not there yet (too few bars) is missing from the mapping. `universe` holds every symbol of the
    strategy that has had a bar since it was started, for those with `wants_universe`. A timer and a session are of no
    symbol: their context has the universe and `equity_vnd`, what the whole account is worth. `predictions` and
    `sentiments` are what others have published about the symbol and still holds, by name; empty where nobody has.
    `is_after_gap` says that market messages of the symbol may be missing in the minute before the event; in a backtest
    none are.
    """

    indicators: Mapping[str, float]
    previous: Mapping[str, float]
    quantity: int = 0
    working_quantity: int = 0
    universe: Mapping[str, SymbolState] = NO_UNIVERSE
    equity_vnd: int = 0
    predictions: Standing = NO_SIGNALS
    sentiments: Standing = NO_SIGNALS
    is_after_gap: bool = False


@dataclass(frozen=True, slots=True)
class TargetPosition:
    """'I want to hold this many': QTS orders the difference to what is held and working.

    Without a symbol it is of the event's.
    """

    quantity: int
    signal: str
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """One order, as given; `price_vnd` is None for types without a limit price. Without a symbol it is the event's."""

    side: Side
    quantity: int
    order_type: OrderType
    price_vnd: int | None
    signal: str
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """What the strategy thinks, not what it wants to hold: 1 speaks for holding, -1 against it, 0 for neither.

    The decision engine weighs it with what models and the news say, by the policy of the strategy's instance, and
    names the quantity. A strategy with several rules names them: what one of them said stands until it says more.
    """

    direction: int
    strength_percent: int
    signal: str
    symbol: str = ""
    rule: str = ""


Act = TargetPosition | PlaceOrder
Intent = Act | Signal
Intents = Intent | Sequence[Intent] | None
INTENTS_MAX: Final = 100  # of one answer; what wants more at once has lost its mind
QUANTITY_MAX: Final = 10**9
SIGNAL_LENGTH_MAX: Final = 200
RULE_LENGTH_MAX: Final = 40
SYMBOL_LENGTH_MAX: Final = 20
_KINDS: Final = (TargetPosition, PlaceOrder, Signal)


def intents_of(answer: Intents) -> tuple[Intent, ...]:
    """What a handler answered, in its order. Raises TypeError for what is no intent, ValueError for too many of them
    and for numbers that are none."""
    if answer is None:
        return ()
    given = (answer,) if isinstance(answer, _KINDS) else tuple(answer)
    if len(given) > INTENTS_MAX:
        raise ValueError(f"a handler answers with {INTENTS_MAX} intents at most, not with {len(given)}")
    for one in given:
        if not isinstance(one, _KINDS):
            raise TypeError(f"a handler answers with intents, not with {one!r}")
        _refuse_nonsense(one)
    return given


def _refuse_nonsense(intent: Intent) -> None:
    if not isinstance(intent.signal, str) or not isinstance(intent.symbol, str):
        raise TypeError("an intent's signal and symbol are texts")
    if len(intent.symbol) > SYMBOL_LENGTH_MAX:
        raise ValueError(f"an intent's symbol has {SYMBOL_LENGTH_MAX} characters at most")
    if len(intent.signal) > SIGNAL_LENGTH_MAX:
        raise ValueError(f"an intent's signal has {SIGNAL_LENGTH_MAX} characters at most")
    if isinstance(intent, Signal):
        _refuse_unbounded("direction", intent.direction, -1, 1)
        _refuse_unbounded("strength_percent", intent.strength_percent, 0, 100)
        if not isinstance(intent.rule, str) or len(intent.rule) > RULE_LENGTH_MAX:
            raise ValueError(f"a signal's rule is a text of {RULE_LENGTH_MAX} characters at most")
        return
    _refuse_unbounded("quantity", intent.quantity, 1 if isinstance(intent, PlaceOrder) else 0, QUANTITY_MAX)
    if isinstance(intent, PlaceOrder):
        if not isinstance(intent.side, Side) or not isinstance(intent.order_type, OrderType):
            raise TypeError("an order's side is a Side and its type an OrderType")
        if intent.price_vnd is not None:
            _refuse_unbounded("price_vnd", intent.price_vnd, 1, QUANTITY_MAX)


def _refuse_unbounded(name: str, number: Any, least: int, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"an intent's {name} is a whole number, not {number!r}")
    if not least <= number <= most:
        raise ValueError(f"an intent's {name} is between {least} and {most}, not {number}")


class Strategy(Generic[P]):
    """Subclass it, name it, give it parameters and `on_bar`. Unit-testable with nothing but this module.

    A handler that is not overridden is not called. Several intents are acted upon in their order.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    parameters_class: ClassVar[type[Parameters]] = Parameters
    wants_ticks: ClassVar[bool] = False
    wants_book: ClassVar[bool] = False
    wants_universe: ClassVar[bool] = False
    wants_equity: ClassVar[bool] = False

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    def indicator_names(self) -> tuple[str, ...]:
        """The indicators it reads, e.g. ("sma_7", "macd_5_9_4_signal"); docs/reference/indicators.md."""
        return ()

    def timers(self) -> tuple[time, ...]:
        """Times of the trading day in Vietnam, of whole minutes, at which `on_timer` is called."""
        return ()

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        """Called once for each closed minute of a subscribed symbol."""
        return None

    def on_tick(self, tick: Tick, context: Context) -> Intents:
        """Called for each match of a subscribed symbol, if `wants_ticks`."""
        return None

    def on_book(self, book: Book, context: Context) -> Intents:
        """Called when the best levels of a subscribed symbol have changed, if `wants_book`."""
        return None

    def on_fill(self, fill: Fill, context: Context) -> Intents:
        """Called for each match of its own orders; the context holds it already."""
        return None

    def on_timer(self, timer: Timer, context: Context) -> Intents:
        """Called at each of `timers` on a trading day; what it wants names its symbol."""
        return None

    def on_session(self, change: SessionChange, context: Context) -> Intents:
        """Called when an exchange where it trades goes over to another session; what it wants names its symbol."""
        return None

    def state(self) -> dict[str, Any]:
        """What its next version is to go on from, as JSON takes it; empty where each bar tells enough."""
        return {}

    def take_over(self, state: Mapping[str, Any]) -> None:
        """What the version before handed over, before the first event. Raise ValueError for what cannot be used."""


class Wants(NamedTuple):
    """What one strategy is called with."""

    ticks: bool
    fills: bool
    timers: tuple[int, ...]  # minutes since midnight, in order
    sessions: bool
    universe: bool
    equity: bool
    book: bool = False


def wants_of(strategy: Strategy[Any]) -> Wants:
    """Raises ValueError for a timer that is no time of whole minutes."""
    cls = type(strategy)
    timers = []
    for at in strategy.timers():
        if not isinstance(at, time) or at.second or at.microsecond or at.tzinfo is not None:
            raise ValueError(f"a timer is a time of whole minutes in Vietnam, not {at!r}")
        timers.append(at.hour * 60 + at.minute)
    return Wants(
        ticks=bool(cls.wants_ticks),
        fills=cls.on_fill is not Strategy.on_fill,
        timers=tuple(sorted(set(timers))),
        sessions=cls.on_session is not Strategy.on_session,
        universe=bool(cls.wants_universe),
        equity=bool(cls.wants_equity),
        book=bool(cls.wants_book),
    )
