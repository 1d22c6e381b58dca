"""A document as a strategy: the same host, backtest, gate and explanation as one that is written in Python."""

from collections.abc import Mapping
from typing import ClassVar, Final

from qts.domain.strategy.interface import Bar, Context, Intent, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters
from qts.domain.strategy.rules.conditions import Moment
from qts.domain.strategy.rules.document import RuleSet
from qts.domain.strategy.rules.sizing import facts_of, quantity_of

SIGNAL_CHARACTERS_MAX: Final = 200
SUMMARY_CHARACTERS_MAX: Final = 300


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
        held = self._held.setdefault(bar.symbol, _Held())
        before = held.follow(bar, context)
        moment = Moment(bar, held.values(bar, context), before)
        if context.quantity > 0:
            if self.rules.leave.holds(moment):
                return TargetPosition(0, _signal("leaves", self.rules.leave.told(moment)))
            return None
        if context.working_quantity or held.bars_out <= self.rules.wait_bars or not self.rules.enter.holds(moment):
            return None
        facts = facts_of(bar.close_vnd, context.equity_vnd, context.indicators)
        quantity = quantity_of(self.rules.size, facts)
        return TargetPosition(quantity, _signal("enters", self.rules.enter.told(moment))) if quantity else None


def rule_class(rules: RuleSet) -> type[RuleStrategy]:
    """The strategy that a document describes. It has no parameters: its numbers stand in the document."""
    summary = f"Enters on {rules.enter.text}; leaves on {rules.leave.text}."[:SUMMARY_CHARACTERS_MAX]
    told = {"title": rules.title, "summary": summary, "wants_equity": rules.size.method != "fixed"}
    return type("Rules", (RuleStrategy,), {"rules": rules, **told})


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
