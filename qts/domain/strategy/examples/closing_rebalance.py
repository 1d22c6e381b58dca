"""In the closing auction bring a portfolio back to equal weights: everybody trades at one price there."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.strategy.interface import Context, PlaceOrder, SessionChange, Strategy, SymbolState
from qts.domain.strategy.parameters import Parameters, parameter
from qts.domain.values import OrderType, Session, Side

_LOT = 100


@dataclass(frozen=True)
class ClosingRebalanceParameters(Parameters):
    money_million_vnd: int = parameter(
        100, minimum=10, maximum=100_000, unit="million VND", help="Money to spread over the symbols."
    )
    invested_percent: int = parameter(90, minimum=10, maximum=100, unit="%", help="How much of it is to be in shares.")
    drift_percent: int = parameter(
        5, minimum=0, maximum=50, unit="%", help="Leave a holding alone that is this near to its weight."
    )


class ClosingRebalance(Strategy[ClosingRebalanceParameters]):
    key: ClassVar[str] = "closing_rebalance"
    title: ClassVar[str] = "Closing-auction rebalancing"
    summary: ClassVar[str] = "Equal weights of its symbols, restored once a day with orders in the closing auction."
    parameters_class: ClassVar[type[Parameters]] = ClosingRebalanceParameters
    wants_universe: ClassVar[bool] = True

    def on_session(self, change: SessionChange, context: Context) -> list[PlaceOrder]:
        """Sales first: what they bring is not there today, but what they free in the limits is."""
        if change.session is not Session.ATC or not context.universe:
            return []
        p = self.parameters
        weight_vnd = p.money_million_vnd * 1_000_000 * p.invested_percent // 100 // len(context.universe)
        wanted = [self._order(symbol, state, weight_vnd) for symbol, state in sorted(context.universe.items())]
        orders = [order for order in wanted if order is not None]
        return sorted(orders, key=lambda order: order.side is Side.BUY)

    def _order(self, symbol: str, state: SymbolState, weight_vnd: int) -> PlaceOrder | None:
        price_vnd, held = state.bar.close_vnd, state.quantity + state.working_quantity
        off_vnd = weight_vnd - held * price_vnd
        quantity = abs(off_vnd) // price_vnd // _LOT * _LOT
        if quantity == 0 or abs(off_vnd) * 100 < weight_vnd * self.parameters.drift_percent:
            return None
        side = Side.BUY if off_vnd > 0 else Side.SELL
        said = f"weight of {weight_vnd // 1_000_000} million VND"
        return PlaceOrder(side, quantity, OrderType.ATC, None, said, symbol)
