"""A strategy that has lost its mind: it wants to buy with every match, several times over if it is told to. Known as
`tests.flooding_strategy:Flood`."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy import Context, Intents, Parameters, PlaceOrder, Strategy, Tick, parameter
from qts.domain.values import OrderType, Side


@dataclass(frozen=True)
class FloodParameters(Parameters):
    only_at_vnd: int = parameter(
        0, minimum=0, maximum=100_000_000, unit="VND", help="Leaves matches at other prices alone; 0: answers each."
    )
    each: int = parameter(1, minimum=1, maximum=1_000, unit="orders", help="For each match.")


class Flood(Strategy[FloodParameters]):
    key: ClassVar[str] = "tests.flooding_strategy:Flood"
    title: ClassVar[str] = "Flood"
    summary: ClassVar[str] = "Buys with every match."
    parameters_class: ClassVar[type[Parameters]] = FloodParameters
    wants_ticks: ClassVar[bool] = True

    def on_tick(self, tick: Tick, context: Context) -> Intents:
        if self.parameters.only_at_vnd not in {0, tick.price_vnd}:
            return None
        return [PlaceOrder(Side.BUY, 100, OrderType.LO, tick.price_vnd, "a match")] * self.parameters.each
