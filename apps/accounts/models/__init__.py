"""The tables of the books. Money is whole VND, quantity whole shares; a trading day is a date in Ho Chi Minh City."""

from apps.accounts.models.books import (
    SYMBOL_LENGTH,
    CashBalance,
    CashSettlement,
    DailySnapshot,
    LedgerEntry,
    Position,
    Reservation,
    ShareLot,
    TradeBooking,
)
from apps.accounts.models.cash_events import CashEvent, CashRequest, LedgerCheck, Reconciliation
from apps.accounts.models.contracts import FuturePosition, FutureSettlement
from apps.accounts.models.corporate_actions import CorporateAction, CorporateActionBooking, RightsHolding
from apps.accounts.models.lending import LoanRatio, MarginTerms
from apps.accounts.models.owners import AccountMembership, BrokerageAccount
from apps.accounts.models.records import Portfolio, TradeNote, ValueSnapshot
from apps.accounts.models.screens import ScreenLayout, Watchlist

__all__ = [
    "SYMBOL_LENGTH",
    "AccountMembership",
    "BrokerageAccount",
    "CashBalance",
    "CashEvent",
    "CashRequest",
    "CashSettlement",
    "CorporateAction",
    "CorporateActionBooking",
    "DailySnapshot",
    "FuturePosition",
    "FutureSettlement",
    "LedgerCheck",
    "LedgerEntry",
    "LoanRatio",
    "MarginTerms",
    "Portfolio",
    "Position",
    "Reconciliation",
    "Reservation",
    "RightsHolding",
    "ScreenLayout",
    "ShareLot",
    "TradeBooking",
    "TradeNote",
    "ValueSnapshot",
    "Watchlist",
]
