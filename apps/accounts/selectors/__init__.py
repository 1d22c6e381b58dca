"""Reading the books. Everything here takes and gives plain values; see `types` for their units."""

from apps.accounts.selectors.access import (
    account,
    account_id_of,
    accounts_of,
    accounts_of_connection,
    accounts_to_trade,
    active_accounts,
    broker_log_in,
    broker_log_ins,
    may_trade,
    may_view,
)
from apps.accounts.selectors.books import last_reconciliation, ledger_differences, ledger_totals, trade_bookings
from apps.accounts.selectors.fees import cash_to_reserve_vnd, fee_schedule
from apps.accounts.selectors.portfolio import day_pnl, portfolio, valuation_at, valued_symbols
from apps.accounts.selectors.state import account_state, without_order
from apps.accounts.selectors.types import (
    AccountState,
    AccountView,
    Difference,
    PortfolioView,
    PositionState,
    PositionView,
    ReconciliationView,
    TradeView,
    Valuation,
)

__all__ = [
    "AccountState",
    "AccountView",
    "Difference",
    "PortfolioView",
    "PositionState",
    "PositionView",
    "ReconciliationView",
    "TradeView",
    "Valuation",
    "account",
    "account_id_of",
    "account_state",
    "accounts_of",
    "accounts_of_connection",
    "accounts_to_trade",
    "active_accounts",
    "broker_log_in",
    "broker_log_ins",
    "cash_to_reserve_vnd",
    "day_pnl",
    "fee_schedule",
    "last_reconciliation",
    "ledger_differences",
    "ledger_totals",
    "may_trade",
    "may_view",
    "portfolio",
    "trade_bookings",
    "valuation_at",
    "valued_symbols",
    "without_order",
]
