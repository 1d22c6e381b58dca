"""Buy what has fallen too fast, leave when it has risen too fast."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy.interface import Bar, Context, Intent, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters, parameter


@dataclass(frozen=True)
class RsiMeanReversionParameters(Parameters):
    period: int = parameter(14, minimum=2, maximum=100, unit="bars", help="Length of the relative strength index.")
    oversold: int = parameter(30, minimum=1, maximum=50, unit="points", help="Buy when the index falls below this.")
    overbought: int = parameter(70, minimum=50, maximum=99, unit="points", help="Leave when it rises above this.")
    quantity: int = parameter(300, minimum=100, maximum=100_000, unit="shares", help="Shares to hold while long.")


class RsiMeanReversion(Strategy[RsiMeanReversionParameters]):
    key: ClassVar[str] = "rsi_mean_reversion"
    title: ClassVar[str] = "RSI mean reversion"
    summary: ClassVar[str] = "Long after the relative strength index falls below a bound until it rises above another."
    parameters_class: ClassVar[type[Parameters]] = RsiMeanReversionParameters

    def __init__(self, parameters: RsiMeanReversionParameters) -> None:
        super().__init__(parameters)
        self._name = f"rsi_{parameters.period}"

    def indicator_names(self) -> tuple[str, ...]:
        return (self._name,)

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        name = self._name
        value, before = context.indicators.get(name), context.previous.get(name)
        if value is None or before is None:
            return None
        p = self.parameters
        if value < p.oversold <= before:
            return TargetPosition(p.quantity, f"{name} fell below {p.oversold}")
        if value > p.overbought >= before:
            return TargetPosition(0, f"{name} rose above {p.overbought}")
        return None
