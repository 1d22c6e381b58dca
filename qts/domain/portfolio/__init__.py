"""Pure arithmetic of the accounts: fees, loans, futures, reservations, positions at average cost, T+2, value."""

from qts.domain.portfolio.allocation import fair_values_vnd, pro_rata, share_out
from qts.domain.portfolio.buckets import Arrival, OnItsWay, arrival, by_arrival
from qts.domain.portfolio.buying import Means, max_purchase_quantity
from qts.domain.portfolio.contracts import (
    ContractHolding,
    ContractTrade,
    Deposit,
    FutureTerms,
    OpenContracts,
)
from qts.domain.portfolio.corporate_actions import (
    ActionKind,
    ActionTerms,
    Entitlement,
    bonus_sale_tax_vnd,
    entitlement,
)
from qts.domain.portfolio.differences import Compared, Item, Likely, average_as_written_vnd, likely_causes
from qts.domain.portfolio.exits import ExitLevels, ExitReason, exit_reason, trailing_stop_vnd
from qts.domain.portfolio.fees import FeeSchedule, floor_share
from qts.domain.portfolio.fifo import FifoBook, Lot, LotChange, ShareMove, fifo
from qts.domain.portfolio.holding import Holding, Sale
from qts.domain.portfolio.lending import (
    AdvanceTerms,
    LoanTerms,
    MarginBooks,
    Pledged,
    Proceeds,
    advanced_vnd_days,
    own_need_vnd,
    own_part_vnd,
)
from qts.domain.portfolio.live_values import LiveTotals, LiveValues, ValuedBooks
from qts.domain.portfolio.profit import ProfitTotals, TradeResult, totals_by
from qts.domain.portfolio.rebuilding import Line, RebuiltBooks, rebuild
from qts.domain.portfolio.reserving import bounding_price_vnd, cash_needed_vnd, reservation_left_vnd
from qts.domain.portfolio.settling import paid_at, sellable_quantity, settles_at
from qts.domain.portfolio.statement_matching import Cause, MatchedLine, StatementTrade, match_statement
from qts.domain.portfolio.sub_books import BY_HAND, OwnedChange, OwnedMove, sub_books
from qts.domain.portfolio.valuation import Valued, day_pnl_vnd, market_value_vnd, unrealised_pnl_vnd

__all__ = [
    "BY_HAND",
    "ActionKind",
    "ActionTerms",
    "AdvanceTerms",
    "Arrival",
    "Cause",
    "Compared",
    "ContractHolding",
    "ContractTrade",
    "Deposit",
    "Entitlement",
    "ExitLevels",
    "ExitReason",
    "FeeSchedule",
    "FifoBook",
    "FutureTerms",
    "Holding",
    "Item",
    "Likely",
    "Line",
    "LiveTotals",
    "LiveValues",
    "LoanTerms",
    "Lot",
    "LotChange",
    "MarginBooks",
    "MatchedLine",
    "Means",
    "OnItsWay",
    "OpenContracts",
    "OwnedChange",
    "OwnedMove",
    "Pledged",
    "Proceeds",
    "ProfitTotals",
    "RebuiltBooks",
    "Sale",
    "ShareMove",
    "StatementTrade",
    "TradeResult",
    "Valued",
    "ValuedBooks",
    "advanced_vnd_days",
    "arrival",
    "average_as_written_vnd",
    "bonus_sale_tax_vnd",
    "bounding_price_vnd",
    "by_arrival",
    "cash_needed_vnd",
    "day_pnl_vnd",
    "entitlement",
    "exit_reason",
    "fair_values_vnd",
    "fifo",
    "floor_share",
    "likely_causes",
    "market_value_vnd",
    "match_statement",
    "max_purchase_quantity",
    "own_need_vnd",
    "own_part_vnd",
    "paid_at",
    "pro_rata",
    "rebuild",
    "reservation_left_vnd",
    "sellable_quantity",
    "settles_at",
    "share_out",
    "sub_books",
    "totals_by",
    "trailing_stop_vnd",
    "unrealised_pnl_vnd",
]
