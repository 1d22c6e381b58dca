"""What other parts of QTS see of the books: frozen values. Money is VND, quantity shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.marketdata.selectors import LiveQuote
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class AccountView:
    """One brokerage account."""

    id: UUID
    number: str
    name: str
    connection_id: UUID
    is_active: bool


@dataclass(frozen=True, slots=True)
class PositionState:
    """Shares of one symbol. `sellable_quantity` has arrived (T+2) and is not promised to a working sale."""

    symbol: str
    quantity: int = 0
    sellable_quantity: int = 0
    reserved_sell_quantity: int = 0
    pending_buy_quantity: int = 0
    cost_total_vnd: int = 0
    realised_pnl_vnd: int = 0


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account at one moment; what fell due by then counts as settled, posted or not.

    `cash_pending_vnd` is the net cash of sales on its way. `reserved_vnd` is held back for working purchases
    (`reserved_orders_vnd`, the largest of them `largest_order_vnd`) or owed for purchases that have not settled
    (`payable_vnd`). `opening_…` is the account as the trading day began.
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

    @property
    def reserved_vnd(self) -> int:
        return self.reserved_orders_vnd + self.payable_vnd

    @property
    def buying_power_vnd(self) -> int:
        return self.cash_settled_vnd - self.reserved_vnd

    @property
    def cash_vnd(self) -> int:
        """All cash that belongs to the account: settled, coming in, less what is owed."""
        return self.cash_settled_vnd + self.cash_pending_vnd - self.payable_vnd

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
class Valuation:
    """What an account is worth, and the quotes that say so. A value is None when a held symbol has no price."""

    equity_vnd: int | None
    day_pnl_vnd: int | None
    quotes: Mapping[str, LiveQuote]


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """An account with its value. A total is None when a held symbol has no price: unknown is not zero.

    `day_pnl_vnd` is the change of equity since yesterday's close, net of fees and tax.
    """

    account: AccountView
    state: AccountState
    positions: tuple[PositionView, ...]
    market_value_vnd: int | None
    unrealised_pnl_vnd: int | None
    equity_vnd: int | None
    day_pnl_vnd: int | None


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
    """One number that two books hold differently: what, and the two values."""

    what: str
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """One comparison with the broker's books, at a market moment; no differences = equal to the dong."""

    compared_at: datetime
    differences: tuple[Difference, ...]
