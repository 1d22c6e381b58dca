"""A trader and a stranger with accounts of their own, on a morning of continuous trading."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.accounts import services as ledger
from apps.accounts.models import AccountMembership
from apps.orders.tests.conftest import Desk, at, market, valkey
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client

__all__ = ["market", "valkey"]


@dataclass
class Floor:
    """`desk` is the trader's account: 100 million VND and 1,000 SSI."""

    desk: Desk
    trader: Any
    trader_client: Any
    officer_client: Any
    foreign_account_id: UUID

    def body(self, **changes: object) -> dict[str, object]:
        order = {
            "account_id": str(self.desk.account_id),
            "symbol": "SSI",
            "side": "BUY",
            "order_type": "LO",
            "quantity": 300,
            "price_vnd": 25_050,
        }
        return {key: value for key, value in (order | changes).items() if value is not ...}

    def place(self, key: str = "k-1", client: Any = None, **changes: object) -> Any:
        return (client or self.trader_client).post(
            "/api/v1/orders/",
            self.body(**changes),
            content_type="application/json",
            headers={"Idempotency-Key": key} if key else {},
        )


@pytest.fixture
def floor(market):
    seed_limits(at("08:00:00"))
    desk = Desk()
    trader = make_user("trader", Role.TRADER)
    ledger.grant_membership(account_id=desk.account_id, username="trader", role=AccountMembership.Role.TRADE)
    stranger = make_user("stranger", Role.TRADER)
    foreign = ledger.open_account(number="1184411", name="Stranger", connection_id=uuid4())
    ledger.grant_membership(account_id=foreign, username="stranger", role=AccountMembership.Role.TRADE)
    officer = make_user("officer", Role.RISK_OFFICER)
    assert stranger.pk != trader.pk
    return Floor(desk, trader, verified_client(trader), verified_client(officer), foreign)
