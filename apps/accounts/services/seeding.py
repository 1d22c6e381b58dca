"""The demo's accounts: who trades them, and the balances that the broker shows for them."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts import selectors
from apps.accounts.models import AccountMembership
from apps.accounts.services.accounts import grant_membership, open_account
from apps.accounts.services.broker import open_client, take_over
from qts.adapters.ssi.trading import TradingClient

DEMO_OWNERS: Final = {"0901351": "trader", "1184411": "trader2"}


def seed_demo_accounts(
    *, connection_of: Mapping[str, UUID], now: datetime, connect: Callable[[UUID], TradingClient] = open_client
) -> dict[str, UUID]:
    """Make the demo's accounts and take their balances over from the broker, once; account ids by number.

    `connection_of` is what `configuration.services.seed_demo_connections` answers. Raises TransientError while the
    broker cannot be asked: an account is not made up.
    """
    account_ids = {}
    for number, username in DEMO_OWNERS.items():
        account_id = open_account(number=number, name=f"Demo {number}", connection_id=connection_of[number])
        grant_membership(account_id=account_id, username=username, role=AccountMembership.Role.MANAGE)
        if not selectors.ledger_totals(account_id):
            with closing(connect(connection_of[number])) as broker:
                take_over(account_id, broker=broker, now=now)
        account_ids[number] = account_id
    return account_ids
