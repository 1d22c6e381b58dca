"""Rows of the order tables, the same on every page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from apps.accounts.selectors import AccountView
from apps.marketdata.selectors import market_today
from apps.orders.selectors import OrderView
from apps.portal.views.access import TRADERS
from apps.portal.views.refusals import Refusal, refusals
from apps.sso.selectors import has_role

# How QTS names the orders that it sends for what it keeps; other names are of people and strategies.
PLANS: Final = {"cond-": "conditional", "slice-": "sliced", "basket-": "basket"}


@dataclass(frozen=True, slots=True)
class OrderRow:
    order: OrderView
    account_number: str
    refusals: list[Refusal]
    may_cancel: bool
    may_amend: bool
    is_of_today: bool

    @property
    def plan(self) -> str:
        """What sent it: "conditional", "sliced", "basket", or empty."""
        return next((plan for start, plan in PLANS.items() if self.order.client_order_id.startswith(start)), "")

    @property
    def filled_percent(self) -> int:
        return 100 * self.order.filled_quantity // self.order.quantity if self.order.quantity > 0 else 0


def order_rows(found: Iterable[OrderView], mine: Iterable[AccountView], user: Any) -> list[OrderRow]:
    """The buttons are a convenience: the services ask again who may do what."""
    numbers = {account.id: account.number for account in mine}
    is_trader = has_role(user, *TRADERS)
    today = market_today()
    return [
        OrderRow(
            order=order,
            account_number=numbers.get(order.account_id, ""),
            refusals=refusals(order.breaches),
            may_cancel=is_trader and order.may_be_cancelled,
            may_amend=is_trader and order.may_be_amended,
            is_of_today=order.trading_day == today,
        )
        for order in found
    ]
