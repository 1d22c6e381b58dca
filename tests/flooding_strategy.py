"""A strategy that has lost its mind: it wants to buy with every match. Known as `tests.flooding_strategy:Flood`."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy import Context, Intent, Parameters, PlaceOrder, Strategy, Tick, parameter
from qts.domain.values import OrderType, Side


@dataclass(frozen=True)
class FloodParameters(Parameters):
    only_at_vnd: int = parameter(
        0, minimum=0, maximum=100_000_000, unit="VND", help="Leaves matches at other prices alone; 0: answers each."
    )


class Flood(Strategy[FloodParameters]):
    key: ClassVar[str] = "tests.flooding_strategy:Flood"
    title: ClassVar[str] = "Flood"
    summary: ClassVar[str] = "Buys with every match."
    parameters_class: ClassVar[type[Parameters]] = FloodParameters
    wants_ticks: ClassVar[bool] = True

    def on_tick(self, tick: Tick, context: Context) -> Intent | None:
        if self.parameters.only_at_vnd not in {0, tick.price_vnd}:
            return None
        return PlaceOrder(Side.BUY, 100, OrderType.LO, tick.price_vnd, "a match")
