"""What other parts of QTS see of the books: frozen values. Money is VND, quantity shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from apps.marketdata.selectors import LiveQuote
from qts.domain.portfolio import Arrival, ContractHolding
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class AccountView:
    """One brokerage account."""

    id: UUID
    number: str
    name: str
    connection_id: UUID
    is_active: bool
    kind: str = "CASH"  # CASH, MARGIN, DERIVATIVES
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class ContractState:
    """Futures of one month; short is below zero. `bids` and `offers` are contracts of working orders."""

    symbol: str
    holding: ContractHolding = field(default_factory=ContractHolding)
    realised_pnl_vnd: int = 0
    bids: int = 0
    offers: int = 0


@dataclass(frozen=True, slots=True)
class MemberView:
    """Who may see (`view`), trade (`trade`) or say who else may (`manage`) an account."""

    user_id: int
    username: str
    is_active: bool
    role: str


@dataclass(frozen=True, slots=True)
class PositionState:
    """Shares of one symbol. `sellable_quantity` has arrived (T+2) and is not promised to a working sale;
    `unlisted_quantity` came by a corporate action and is not listed yet."""

    symbol: str
    quantity: int = 0
    sellable_quantity: int = 0
    reserved_sell_quantity: int = 0
    pending_buy_quantity: int = 0
    cost_total_vnd: int = 0
    realised_pnl_vnd: int = 0
    unlisted_quantity: int = 0


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account at one moment; what fell due by then counts as settled, posted or not.

    `cash_pending_vnd` is the net cash of sales on its way. `reserved_vnd` is held back for working purchases
    (`reserved_orders_vnd`, the largest of them `largest_order_vnd`) or owed for purchases that have not settled
    (`payable_vnd`). `opening_…` is the account as the trading day began, with the day's deposits and withdrawals and
    what came off shares inside: a deposit is no profit.
    """

    account_id: UUID
    is_active: bool
    cash_settled_vnd: int
    cash_pending_vnd: int
    payable_vnd: int
    reserved_orders_vnd: int
    open_order_count: int
    largest_order_vnd: int
    realised_pnl_vnd: int
    realised_today_vnd: int
    opening_cash_vnd: int
    opening_quantities: Mapping[str, int]
    positions: dict[str, PositionState]
    dividends_due_vnd: int = 0
    advanced_vnd: int = 0
    kind: str = "CASH"
    is_foreign: bool = False
    loan_vnd: int = 0
    interest_due_vnd: int = 0
    margin_vnd: int = 0
    variation_due_vnd: int = 0
    contracts: Mapping[str, ContractState] = field(default_factory=dict)

    @property
    def reserved_vnd(self) -> int:
        return self.reserved_orders_vnd + self.payable_vnd

    @property
    def at_broker_vnd(self) -> int:
        """Cash as the broker shows it: a purchase has left it at the match, margin has not."""
        return self.cash_settled_vnd - self.payable_vnd + self.margin_vnd

    @property
    def buying_power_vnd(self) -> int:
        return self.cash_settled_vnd - self.reserved_vnd

    @property
    def cash_vnd(self) -> int:
        """All cash that belongs to the account: settled, coming in, less what is owed."""
        coming = self.cash_pending_vnd + self.dividends_due_vnd + self.margin_vnd + self.variation_due_vnd
        owed = self.payable_vnd + self.advanced_vnd + self.loan_vnd + self.interest_due_vnd
        return self.cash_settled_vnd + coming - owed

    def position(self, symbol: str) -> PositionState:
        """An empty one for a symbol that is not held."""
        return self.positions.get(symbol) or PositionState(symbol)


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position with its mark (last price, or the reference before the first match); None = no price known."""

    symbol: str
    quantity: int
    sellable_quantity: int
    reserved_sell_quantity: int
    pending_buy_quantity: int
    cost_total_vnd: int
    average_cost_vnd: int
    realised_pnl_vnd: int
    mark_vnd: int | None
    reference_vnd: int | None
    market_value_vnd: int | None
    unrealised_pnl_vnd: int | None


@dataclass(frozen=True, slots=True)
class ContractView:
    """Futures of one month with their mark; short is below zero. `floating_vnd` is what the open ones gained since the
    last mark to market, None without a price; `due_vnd` what closed ones did, paid this evening."""

    symbol: str
    net: int
    cost_vnd: int
    due_vnd: int
    realised_pnl_vnd: int
    bids: int
    offers: int
    mark_vnd: int | None
    floating_vnd: int | None

    @property
    def carried_price_vnd(self) -> int | None:
        """Of one contract, rounded down; for display only."""
        return self.cost_vnd // self.net if self.net else None


@dataclass(frozen=True, slots=True)
class Valuation:
    """What an account is worth, and the quotes that say so. A value is None when a held symbol has no price."""

    equity_vnd: int | None
    day_pnl_vnd: int | None
    quotes: Mapping[str, LiveQuote]


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """An account with its value. A total is None when a held symbol has no price: unknown is not zero.

    `day_pnl_vnd` is the change of equity since yesterday's close, net of fees and tax. Futures are worth what they have
    gained: it is in equity and in the open profit, and nothing of them in the market value.
    """

    account: AccountView
    state: AccountState
    positions: tuple[PositionView, ...]
    market_value_vnd: int | None
    unrealised_pnl_vnd: int | None
    equity_vnd: int | None
    day_pnl_vnd: int | None
    contracts: tuple[ContractView, ...] = ()


@dataclass(frozen=True, slots=True)
class TradeView:
    """What one fill did to the books; a purchase realises nothing. `realised_pnl_vnd` is net of fee and tax."""

    fill_id: str
    order_id: UUID
    symbol: str
    side: Side
    quantity: int
    price_vnd: int
    fee_vnd: int
    tax_vnd: int
    cost_vnd: int
    realised_pnl_vnd: int
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that two books hold differently: what, the two values, and where it most likely comes from."""

    what: str
    ours: int
    theirs: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """One comparison with the broker's books, at a market moment; no differences = equal to the dong."""

    compared_at: datetime
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class LedgerEntryView:
    """One leg of a posting: debits positive, credits negative, in VND."""

    id: int
    posting_id: UUID
    kind: str
    ledger: str
    symbol: str
    quantity: int
    amount_vnd: int
    reference: str
    trading_day: date
    occurred_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerCheckView:
    """A nightly check that found something; `ours` is the running total, `theirs` what the entries add up to."""

    account_number: str
    checked_at: datetime
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Arriving:
    """Cash (VND; owed when negative) or shares of a symbol that are on their way."""

    due_at: datetime
    amount: int
    reference: str
    source: str  # TRADE or DIVIDEND for cash, the symbol for shares


@dataclass(frozen=True, slots=True)
class CashBuckets:
    """Where an account's cash is. What is owed for purchases counts in `payable`, by when it is due."""

    settled_vnd: int
    free_vnd: int
    reserved_vnd: int
    advanced_vnd: int
    dividends_due_vnd: int
    coming: Mapping[Arrival, int]
    payable: Mapping[Arrival, int]


@dataclass(frozen=True, slots=True)
class ShareBuckets:
    """Where the shares of one symbol are; `arriving`: T2 were bought today, T1 yesterday, TODAY come at 13:00."""

    symbol: str
    quantity: int
    sellable: int
    reserved: int
    arriving: Mapping[Arrival, int]
    rights: int
