"""The accounts that customers have from the first day on."""

from collections.abc import Iterable
from datetime import date

from qts.domain.portfolio import Holding
from simulator.broker.accounts import Account
from simulator.broker.bookkeeping import Bookkeeper
from simulator.broker.customers import Customer
from simulator.exchange.security import Security


def open_accounts(
    customers: Iterable[Customer],
    accounts: dict[str, Account],
    books: Bookkeeper,
    securities: dict[str, Security],
    *,
    day: date,
    now_ms: int,
) -> None:
    """Add those that are missing to `accounts`; shares are sellable at once, at the cost of the reference price."""
    for customer in customers:
        for opening in customer.openings:
            if opening.number in accounts:
                continue
            holdings = {
                symbol: Holding(quantity, quantity * securities[symbol].reference_vnd)
                for symbol, quantity in opening.shares.items()
                if symbol in securities
            }
            account = Account(
                opening.number,
                customer.customer_id,
                opening.cash_vnd,
                holdings,
                kind=opening.kind,
                owner=customer.owner,
            )
            books.open_account(account, day, now_ms)
            accounts[opening.number] = account
