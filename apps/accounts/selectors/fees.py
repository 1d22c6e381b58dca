"""How much cash an order must hold back."""

from typing import Final

from apps.accounts.selectors.terms import fee_schedule
from qts.domain.orders import OrderRequest
from qts.domain.portfolio import bounding_price_vnd, cash_needed_vnd
from qts.domain.values import Side

ROUND_LOT: Final = 100


def cash_to_reserve_vnd(request: OrderRequest, ceiling_vnd: int) -> int:
    """Value and fee of a purchase at the dearest price it can trade at: its limit, else the ceiling; 0 for a sale."""
    if request.side is Side.SELL:
        return 0
    return cash_needed_vnd(
        quantity=request.quantity, price_vnd=dearest_price_vnd(request, ceiling_vnd), fees=fee_schedule()
    )


def dearest_price_vnd(request: OrderRequest, ceiling_vnd: int) -> int:
    """Of a purchase; 0 for a sale, which no price bounds from above."""
    if request.side is Side.SELL:
        return 0
    return bounding_price_vnd(order_type=request.order_type, price_vnd=request.price_vnd, ceiling_vnd=ceiling_vnd)
