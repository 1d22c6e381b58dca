"""Buy a close above the upper band on more volume than usual, leave when the close falls back to the middle."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy.interface import Bar, Context, Intent, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters, parameter


@dataclass(frozen=True)
class BollingerBreakoutParameters(Parameters):
    period: int = parameter(
        20, minimum=5, maximum=200, unit="bars", help="Length of the bands and of the usual volume."
    )
    width: int = parameter(2, minimum=1, maximum=5, unit="deviations", help="Distance of the bands from the middle.")
    volume_percent: int = parameter(
        150, minimum=100, maximum=1_000, unit="%", help="A breakout needs this much of the usual volume."
    )
    quantity: int = parameter(500, minimum=100, maximum=100_000, unit="shares", help="Shares to hold while long.")


class BollingerBreakout(Strategy[BollingerBreakoutParameters]):
    key: ClassVar[str] = "bollinger_breakout"
    title: ClassVar[str] = "Bollinger breakout with volume"
    summary: ClassVar[str] = "Long from a close above the upper band on high volume until one below the middle."
    parameters_class: ClassVar[type[Parameters]] = BollingerBreakoutParameters

    def __init__(self, parameters: BollingerBreakoutParameters) -> None:
        super().__init__(parameters)
        bands = f"bbands_{parameters.period}_{parameters.width}_{parameters.width}"
        self._names = (f"{bands}_upperband", f"{bands}_middleband", f"sma_{parameters.period}_of_volume")

    def indicator_names(self) -> tuple[str, ...]:
        return self._names

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        try:
            upper, middle, usual_volume = (context.indicators[name] for name in self._names)
        except KeyError:
            return None  # not enough bars yet
        has_position = context.quantity + context.working_quantity > 0
        p = self.parameters
        if has_position:
            return TargetPosition(0, "close below the middle band") if bar.close_vnd < middle else None
        if bar.close_vnd > upper and bar.volume * 100 >= usual_volume * p.volume_percent:
            return TargetPosition(p.quantity, f"close above the upper band on {p.volume_percent} % of the usual volume")
        return None
