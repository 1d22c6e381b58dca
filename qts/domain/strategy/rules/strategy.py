"""A document as a strategy: the same host, backtest, gate and explanation as one that is written in Python."""

from collections.abc import Mapping
from typing import ClassVar, Final

from qts.domain.strategy.interface import Bar, Context, Intent, Signal, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters
from qts.domain.strategy.position_size import facts_of, quantity_of
from qts.domain.strategy.published import Source
from qts.domain.strategy.rules.conditions import Moment
from qts.domain.strategy.rules.document import RuleSet

SIGNAL_CHARACTERS_MAX: Final = 200
SUMMARY_CHARACTERS_MAX: Final = 300
SURE_PERCENT: Final = 100


class RuleStrategy(Strategy[Parameters]):
    """In or out, long only: it enters where it holds nothing and `enter` holds, and leaves where `leave` does.

    Bars and prices since its entry are counted by what it is told of its holding, so it needs no memory of orders."""

    key: ClassVar[str] = "rules"
    rules: ClassVar[RuleSet]

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._held: dict[str, _Held] = {}

    def indicator_names(self) -> tuple[str, ...]:
        return self.rules.indicator_names

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        moment = self.moment(bar, context)
        held = self._held[bar.symbol]
        if context.quantity > 0:
            if self.rules.leave.holds(moment):
                return self._leave(_signal("leaves", self.rules.leave.told(moment)))
            return None
        if context.working_quantity or held.bars_out <= self.rules.wait_bars or not self.rules.enter.holds(moment):
            return None
        return self._enter(bar, context, _signal("enters", self.rules.enter.told(moment)))

    def _leave(self, why: str) -> Intent:
        return TargetPosition(0, why) if self.rules.size is not None else Signal(-1, SURE_PERCENT, why)

    def _enter(self, bar: Bar, context: Context, why: str) -> Intent | None:
        """A condition holds or it does not: what it says, it says surely."""
        if self.rules.size is None:
            return Signal(1, SURE_PERCENT, why)
        facts = facts_of(bar.close_vnd, context.equity_vnd, context.indicators)
        quantity = quantity_of(self.rules.size, facts)
        return TargetPosition(quantity, why) if quantity else None

    def moment(self, bar: Bar, context: Context) -> Moment:
        """What the conditions are asked about after this bar, which is counted with it."""
        held = self._held.setdefault(bar.symbol, _Held())
        before = held.follow(bar, context)
        return Moment(bar, held.values(bar, context), before)


def rule_class(rules: RuleSet) -> type[RuleStrategy]:
    """The strategy that a document describes. It has no parameters: its numbers stand in the document."""
    summary = f"Enters on {rules.enter.text}; leaves on {rules.leave.text}."[:SUMMARY_CHARACTERS_MAX]
    told = {"title": rules.title, "summary": summary, "wants_equity": _needs_equity(rules)}
    return type("Rules", (RuleStrategy,), {"rules": rules, **told})


def _needs_equity(rules: RuleSet) -> bool:
    return rules.size is not None and rules.size.method != "fixed"


def _beside_the_chart(context: Context) -> dict[str, float]:
    """As conditions name it: `prediction_up`, `sentiment_news`."""
    told = ((Source.PREDICTION, context.predictions), (Source.SENTIMENT, context.sentiments))
    return {f"{source}_{name}": one.value for source, standing in told for name, one in standing.items()}


class _Held:
    """What a symbol's bars were since it was entered or left."""

    def __init__(self) -> None:
        self.bars_in = 0
        self.bars_out = 10**9  # it has never been in
        self._entered_vnd = 0
        self._close_vnd = 0
        self._values: Mapping[str, float] = {}

    def follow(self, bar: Bar, context: Context) -> Mapping[str, float]:
        """Count the bar; the values after the bar before."""
        if context.quantity > 0:
            if self.bars_in == 0:
                self._entered_vnd = self._close_vnd or bar.open_vnd  # its order went out at the close of that bar
            self.bars_in, self.bars_out = self.bars_in + 1, 0
        else:
            self.bars_in, self.bars_out = 0, self.bars_out + 1
        before = {**self._values, **context.previous}
        self._close_vnd = bar.close_vnd
        return before

    def values(self, bar: Bar, context: Context) -> Mapping[str, float]:
        found: dict[str, float] = {
            **context.indicators,
            **_beside_the_chart(context),
            "open": bar.open_vnd,
            "high": bar.high_vnd,
            "low": bar.low_vnd,
            "close": bar.close_vnd,
            "volume": bar.volume,
            "position": context.quantity,
            "bars_held": self.bars_in,
        }
        if self.bars_in and self._entered_vnd:
            found["profit_percent"] = 100 * (bar.close_vnd - self._entered_vnd) / self._entered_vnd
        self._values = found
        return found


def _signal(what: str, why: str) -> str:
    return f"{what}: {why}"[:SIGNAL_CHARACTERS_MAX]
