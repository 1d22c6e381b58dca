"""Buy when the fast average crosses above the slow one, leave when it crosses back below."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy.interface import Bar, Context, Intent, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters, parameter


@dataclass(frozen=True)
class MovingAverageCrossParameters(Parameters):
    fast: int = parameter(5, minimum=2, maximum=100, unit="bars", help="Length of the fast simple moving average.")
    slow: int = parameter(20, minimum=3, maximum=250, unit="bars", help="Length of the slow simple moving average.")
    quantity: int = parameter(500, minimum=100, maximum=100_000, unit="shares", help="Shares to hold while long.")


class MovingAverageCross(Strategy[MovingAverageCrossParameters]):
    key: ClassVar[str] = "moving_average_cross"
    title: ClassVar[str] = "Moving-average cross"
    summary: ClassVar[str] = "Long while the fast simple moving average is above the slow one."
    parameters_class: ClassVar[type[Parameters]] = MovingAverageCrossParameters

    def __init__(self, parameters: MovingAverageCrossParameters) -> None:
        super().__init__(parameters)
        self._names = (f"sma_{parameters.fast}", f"sma_{parameters.slow}")

    def indicator_names(self) -> tuple[str, ...]:
        return self._names

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        fast_name, slow_name = self._names
        try:
            fast, slow = context.indicators[fast_name], context.indicators[slow_name]
            fast_before, slow_before = context.previous[fast_name], context.previous[slow_name]
        except KeyError:
            return None  # not enough bars yet
        if fast_before <= slow_before and fast > slow:
            return TargetPosition(self.parameters.quantity, f"{fast_name} crossed above {slow_name}")
        if fast_before >= slow_before and fast < slow:
            return TargetPosition(0, f"{fast_name} crossed below {slow_name}")
        return None
