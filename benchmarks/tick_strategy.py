"""A strategy that turns every n-th match into an order, so that the way from a tick to an order can be timed."""

from dataclasses import dataclass

from qts.domain.strategy import Context, Parameters, Strategy, TargetPosition, Tick
from qts.domain.strategy.parameters import parameter


@dataclass(frozen=True)
class EveryNthTickParameters(Parameters):
    every: int = parameter(10, minimum=1, maximum=100_000, unit="matches", help="One order after so many matches")
    quantity: int = parameter(100, minimum=1, maximum=1_000_000, unit="shares", help="Shares bought each time")


class EveryNthTick(Strategy[EveryNthTickParameters]):
    key = "every_nth_tick"
    title = "Every n-th match"
    summary = "Buys a lot after every n-th match of its symbols. For measurements only."
    parameters_class = EveryNthTickParameters
    wants_ticks = True

    def __init__(self, parameters: EveryNthTickParameters) -> None:
        super().__init__(parameters)
        self._seen = 0

    def on_tick(self, tick: Tick, context: Context) -> TargetPosition | None:
        self._seen += 1
        if self._seen % self.parameters.every:
            return None
        target = context.quantity + context.working_quantity + self.parameters.quantity
        return TargetPosition(target, f"match {self._seen} since the start")
