"""What trades cost, and how much cash an order must hold back."""

from django.conf import settings

from qts.domain.orders import OrderRequest
from qts.domain.portfolio import FeeSchedule, bounding_price_vnd, cash_needed_vnd
from qts.domain.values import Side


def fee_schedule() -> FeeSchedule:
    return FeeSchedule(
        fee_rate_bps=settings.BROKER_FEE_RATE_BPS,
        sale_tax_rate_bps=settings.SALE_TAX_RATE_BPS,
    )


def cash_to_reserve_vnd(request: OrderRequest, ceiling_vnd: int) -> int:
    """Value and fee of a purchase at the dearest price it can trade at: its limit, else the ceiling; 0 for a sale."""
    if request.side is Side.SELL:
        return 0
    price = bounding_price_vnd(order_type=request.order_type, price_vnd=request.price_vnd, ceiling_vnd=ceiling_vnd)
    return cash_needed_vnd(quantity=request.quantity, price_vnd=price, fees=fee_schedule())
