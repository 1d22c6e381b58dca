"""What was calculated and decided."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorCalculated(Event):
    """Indicator values of one symbol after one closed bar; numbers as text, floats never cross the bus as money."""

    topic: ClassVar[str] = "technicalAnalysis.indicator.calculated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    ts_start_ms: int  # of the bar they were computed from
    values: dict[str, str]  # e.g. {"rsi_14": "61.53"}; a value that is not there yet is left out
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class PatternDetected(Event):
    """A candlestick or chart pattern of one symbol, told at the end of the bar that confirms it. It may come twice."""

    topic: ClassVar[str] = "technicalAnalysis.pattern.detected"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    timeframe: str  # the length of its bars: 1m, 5m, 15m, 60m or 1d
    pattern: str  # e.g. double_bottom, cdl_hammer
    direction: int  # 1 speaks for higher prices, -1 for lower ones
    ts_confirmed_ms: int
    level_vnd: int
    target_vnd: int  # 0 where the pattern has no measure
    strength_percent: int
    points: tuple[tuple[int, int], ...]  # (start of the bar in ms, price_vnd) of what makes it, in order
    wal_position: str  # the last market message inside


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalGenerated(Event):
    """What a model or a reader of news has found about one symbol. `signal_id` is its publisher's own name for it."""

    key_field: ClassVar[str] = "symbol"
    signal_id: str
    symbol: str
    name: str  # the model or the score, e.g. up; a rule reads it as prediction_up
    direction: int  # 1 speaks for higher prices, -1 for lower ones, 0 for neither
    strength_percent: int  # how sure it is, 0 to 100
    value: str  # its number as decimal text, e.g. a probability
    reason: str
    publisher: str
    valid_s: int  # it holds for so long after it was made
    ts_made_ms: int  # market time, as its publisher says
    ts_known_ms: int  # market time at which QTS had it: nobody acts upon it before


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionGenerated(SignalGenerated):
    """A model's prediction of where a price goes."""

    topic: ClassVar[str] = "prediction.signal.generated"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentGenerated(SignalGenerated):
    """What the news say of a symbol."""

    topic: ClassVar[str] = "sentiment.signal.generated"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProposed(Event):
    """A strategy's decision, with what it was made from."""

    topic: ClassVar[str] = "decision.order.proposed"
    key_field: ClassVar[str] = "account_id"
    decision_id: str
    strategy_id: str
    strategy_name: str
    account_id: str
    symbol: str
    side: str
    quantity: int
    order_type: str
    price_vnd: int
    signal: str
    ts_decided_ms: int
    wal_position: str
