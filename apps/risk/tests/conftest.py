"""An account with 100 million VND and 1,000 SSI on a Monday morning, SSI at 25,000 on a live stream, first limits."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from apps.accounts import services as accounts
from apps.accounts.locks import lock_account
from apps.accounts.services import OpeningPosition
from apps.accounts.tests.live_market import LiveMarket, clock_at
from apps.marketdata.selectors import security
from apps.risk import services
from qts.domain.errors import Breach
from qts.domain.market import VIETNAM
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side

MONDAY = datetime(2026, 11, 9, 9, 30, tzinfo=VIETNAM)
OFFICER = Actor(ActorKind.USER, "7")
TRADER = Actor(ActorKind.USER, "8")


@pytest.fixture
def market(db, settings):
    settings.MARKET_CLOCK = clock_at(MONDAY)
    live = LiveMarket(MONDAY, "SSI", "HPG")
    live.quote("SSI", 25_000)
    yield live
    live.forget()


@pytest.fixture
def account_id(market) -> UUID:
    services.seed_limits(MONDAY)
    found = accounts.open_account(number="0901351", name="Test", connection_id=uuid4())
    accounts.adopt_balances(
        account_id=found,
        cash_vnd=100_000_000,
        positions=[OpeningPosition("SSI", 1_000, 24_000_000)],
        now=MONDAY.replace(hour=8),
    )
    return found


def check(account_id: UUID, text: str, *, strategy_id: str = "", now: datetime = MONDAY) -> tuple[Breach, ...]:
    """The gate as `orders` asks it: "BUY 300 SSI @ 25050" under the account's lock."""
    side, quantity, symbol, _, price = text.split()
    request = OrderRequest(symbol, Side(side), OrderType.LO, int(quantity), int(price), client_order_id="test")
    with transaction.atomic():
        lock_account(account_id)
        known = security(symbol)
        return services.pre_trade_check(
            account_id=account_id,
            intent=OrderIntent(request, known.instrument if known else None, strategy_id),
            now=now,
            actor=TRADER,
        )


def codes(breaches: tuple[Breach, ...]) -> list[str]:
    return [str(breach.code) for breach in breaches]
