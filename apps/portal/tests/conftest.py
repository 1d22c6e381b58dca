"""A market at 10:00 on a Monday, two accounts, and a client for each role."""

import time
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache

from apps.accounts import services as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.tests.conftest import forget_market
from apps.portal.tests import market as made_market
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from apps.strategies.services import seed_demo_strategies


@pytest.fixture
def market(db, settings):
    """Live and continuous; `market.now()` is 10:00 of 2026-11-23 and a little more."""
    settings.MARKET_CLOCK = f"affine:2026-11-23,10:00:00,15:00:00,{time.time():.3f},1"
    forget_market()
    cache.clear()
    now = marketdata.market_now()
    made_market.list_securities(now)
    made_market.show_market(now)
    seed_limits(now)
    yield SimpleNamespace(now=marketdata.market_now, day=now)
    forget_market()


@pytest.fixture
def accounts_of_demo(market):
    """`mine` with 1 billion VND and 10,000 SSI is trader's, `other` is trader2's."""
    users = SimpleNamespace(
        trader=make_user("trader", Role.TRADER),
        trader2=make_user("trader2", Role.TRADER),
        risk=make_user("risk", Role.RISK_OFFICER),
        risk2=make_user("risk2", Role.RISK_OFFICER),
        operator=make_user("operator", Role.OPERATOR),
        admin=make_user("admin", Role.ADMINISTRATOR),
    )
    mine = accounts.open_account(number="0901351", name="An", connection_id=uuid4())
    other = accounts.open_account(number="1184411", name="Binh", connection_id=uuid4())
    accounts.grant_membership(account_id=mine, username="trader", role="manage")
    accounts.grant_membership(account_id=other, username="trader2", role="manage")
    held = [accounts.OpeningPosition("SSI", 10_000, 240_000_000)]
    accounts.adopt_balances(account_id=mine, cash_vnd=1_000_000_000, positions=held, now=market.now())
    accounts.adopt_balances(account_id=other, cash_vnd=1_000_000_000, positions=[], now=market.now())
    seed_demo_strategies(mine)
    return SimpleNamespace(users=users, mine=mine, other=other)


@pytest.fixture
def desk(accounts_of_demo):
    """Clients by role, in English: sentences are compared."""

    def client(name):
        found = verified_client(getattr(accounts_of_demo.users, name))
        found.cookies["django_language"] = "en"
        return found

    return SimpleNamespace(
        client=client, mine=accounts_of_demo.mine, other=accounts_of_demo.other, users=accounts_of_demo.users
    )


def ticket_of(account_id: UUID, **changes: object) -> dict[str, object]:
    """What a browser posts for BUY 1,000 SSI @ 25.00."""
    typed = {
        "symbol": "SSI",
        "account": str(account_id),
        "side": "BUY",
        "order_type": "LO",
        "quantity": "1,000",
        "price": "25.00",
        "client_order_id": "11111111-2222-4333-8444-555555555555",
    }
    return typed | changes
