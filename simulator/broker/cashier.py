"""What a customer asks of the broker besides orders: advances on sales, subscriptions; and the customer's bank.

Each answers why not, or None when it was done.
"""

from datetime import UTC, date, datetime

from qts.domain.market import to_vietnam
from qts.domain.values import Side
from simulator.broker import funding
from simulator.broker.accounts import Account, AccountKind, Advance
from simulator.broker.broker import Broker


class Cashier:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def transfer(self, number: str, amount_vnd: int) -> str | None:
        """Between the customer's bank and the account: in when positive. Raises KeyError for an unknown number."""
        account = self._broker.accounts[number]
        if not amount_vnd:
            return "Amount must not be zero"
        if -amount_vnd > self._free_vnd(account):
            return "Amount exceeds the withdrawable balance"
        self._broker.books.transfer(account, amount_vnd, self._day, self._broker.now_ms)
        return None

    def advanceable_vnd(self, account: Account) -> int:
        return account.receivable_vnd() - account.advanced_vnd

    def advance_fee_vnd(self, account: Account, amount_vnd: int) -> int:
        """For an advance on the proceeds that arrive first and are not advanced yet."""
        skipped_vnd, left_vnd, vnd_days = account.advanced_vnd, amount_vnd, 0
        for lot in sorted(account.cash_lots, key=lambda one: one.arrives_ms):
            free_vnd = max(0, lot.amount_vnd - skipped_vnd)
            skipped_vnd = max(0, skipped_vnd - lot.amount_vnd)
            taken_vnd = min(left_vnd, free_vnd)
            left_vnd -= taken_vnd
            vnd_days += taken_vnd * (_day_of(lot.arrives_ms) - self._day).days
        return self._broker.terms.advance_fee_vnd(vnd_days)

    def advance(self, account: Account, amount_vnd: int, transaction_id: str) -> str | None:
        if amount_vnd <= 0 or account.kind is AccountKind.DERIVATIVES:
            return "Amount must be greater than zero"
        if amount_vnd > self.advanceable_vnd(account):
            return "Amount exceeds the cash that can be advanced"
        advance = Advance(transaction_id, self._broker.now_ms, amount_vnd, self.advance_fee_vnd(account, amount_vnd))
        self._broker.books.advance(account, advance, self._day)
        return None

    def subscribe(self, account: Account, entitlement_id: str, quantity: int) -> str | None:
        right = next((one for one in account.rights if one.entitlement_id == entitlement_id), None)
        if right is None:
            return "Entitlement is not exist."  # sic
        if not 0 < quantity <= right.left:
            return f"Quantity exceeds the exercisable quantity {right.left}"
        if quantity * right.price_vnd > self._free_vnd(account):
            return "Not enough balance"
        self._broker.books.subscribe(account, right, quantity, self._day, self._broker.now_ms)
        return None

    def _free_vnd(self, account: Account) -> int:
        """Cash that no purchase may need; of a derivatives account, what its margin leaves."""
        orders = self._broker.open_orders(account.number)
        securities, terms = self._broker.exchange.securities, self._broker.terms
        if account.kind is AccountKind.CASH:
            return funding.purchasing_power_vnd(account, orders, securities, terms)
        if account.kind is AccountKind.DERIVATIVES:
            return min(account.cash_vnd, funding.purchasing_power_vnd(account, orders, securities, terms))
        purchases = [order for order in orders if order.side is Side.BUY]
        return account.cash_vnd - funding.held_cash_vnd(account, purchases, securities, terms)

    @property
    def _day(self) -> date:
        if self._broker.day is None:
            raise RuntimeError("the market has no day yet")
        return self._broker.day


def _day_of(at_ms: int) -> date:
    return to_vietnam(datetime.fromtimestamp(at_ms / 1000, UTC)).date()
