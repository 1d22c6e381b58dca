"""A strategy that has lost its mind: it wants to buy with every match. Known as `tests.flooding_strategy:Flood`."""

from typing import ClassVar

from qts.domain.strategy import Context, Intent, Parameters, PlaceOrder, Strategy, Tick
from qts.domain.values import OrderType, Side


class Flood(Strategy[Parameters]):
    key: ClassVar[str] = "tests.flooding_strategy:Flood"
    title: ClassVar[str] = "Flood"
    summary: ClassVar[str] = "Buys with every match."
    wants_ticks: ClassVar[bool] = True

    def on_tick(self, tick: Tick, context: Context) -> Intent | None:
        return PlaceOrder(Side.BUY, 100, OrderType.LO, tick.price_vnd, "a match")
