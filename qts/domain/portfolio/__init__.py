"""Pure arithmetic of a cash account: fees, reservations, positions at average cost, T+2, value and profit."""

from qts.domain.portfolio.exits import ExitLevels, ExitReason, exit_reason, trailing_stop_vnd
from qts.domain.portfolio.fees import FeeSchedule, floor_share
from qts.domain.portfolio.holding import Holding, Sale
from qts.domain.portfolio.reserving import bounding_price_vnd, cash_needed_vnd, reservation_left_vnd
from qts.domain.portfolio.settling import sellable_quantity, settles_at
from qts.domain.portfolio.valuation import Valued, day_pnl_vnd, market_value_vnd, unrealised_pnl_vnd

__all__ = [
    "ExitLevels",
    "ExitReason",
    "FeeSchedule",
    "Holding",
    "Sale",
    "Valued",
    "bounding_price_vnd",
    "cash_needed_vnd",
    "day_pnl_vnd",
    "exit_reason",
    "floor_share",
    "market_value_vnd",
    "reservation_left_vnd",
    "sellable_quantity",
    "settles_at",
    "trailing_stop_vnd",
    "unrealised_pnl_vnd",
]
