"""An account with 100 million VND and 1,000 SSI, on a Monday morning, at prices that the test sets."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from apps.accounts import services
from apps.accounts.services import OpeningPosition
from apps.accounts.tests.live_market import LiveMarket, clock_at
from qts.domain.market import VIETNAM
from qts.domain.values import Side

MONDAY = datetime(2026, 11, 9, 9, 30, tzinfo=VIETNAM)  # the week of 9 to 13 November 2026 has no holiday


def day(number: int, hour: int = 9, minute: int = 30, second: int = 0) -> datetime:
    """A moment `number` calendar days after that Monday."""
    return MONDAY.replace(hour=hour, minute=minute, second=second) + timedelta(days=number)


@pytest.fixture
def account_id(db) -> UUID:
    found = services.open_account(number="0901351", name="Test", connection_id=uuid4())
    services.adopt_balances(
        account_id=found,
        cash_vnd=100_000_000,
        positions=[OpeningPosition("SSI", 1_000, 24_000_000)],
        now=MONDAY.replace(hour=8),
    )
    return found


class Desk:
    """Orders and fills of one account, each in a transaction of its own."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        self.fills = 0

    def reserve(self, side: Side, quantity: int, amount_vnd: int = 0, symbol: str = "SSI", now=MONDAY) -> UUID:
        order_id = uuid4()
        with transaction.atomic():
            services.reserve(
                account_id=self.account_id,
                order_id=order_id,
                symbol=symbol,
                side=side,
                quantity=quantity,
                amount_vnd=amount_vnd,
                now=now,
            )
        return order_id

    def fill(self, side: Side, quantity: int, price_vnd: int, symbol: str = "SSI", now=MONDAY, **names) -> None:
        self.fills += 1
        with transaction.atomic():
            services.book_fill(
                account_id=self.account_id,
                order_id=names.get("order_id") or uuid4(),
                fill_id=names.get("fill_id") or f"fill-{self.fills}",
                symbol=symbol,
                side=side,
                quantity=quantity,
                price_vnd=price_vnd,
                now=now,
                strategy_id=names.get("strategy_id", ""),
            )

    def release(self, order_id: UUID, now=MONDAY) -> None:
        with transaction.atomic():
            services.release_reservation(order_id=order_id, now=now)

    def shrink(self, order_id: UUID, quantity: int, now=MONDAY) -> None:
        with transaction.atomic():
            services.shrink_reservation(order_id=order_id, quantity=quantity, now=now)


@pytest.fixture
def desk_of() -> type[Desk]:
    return Desk


@pytest.fixture
def desk(account_id) -> Desk:
    return Desk(account_id)


@pytest.fixture
def market(db, settings):
    settings.MARKET_CLOCK = clock_at(MONDAY)
    live = LiveMarket(MONDAY, "SSI", "HPG")
    yield live
    live.forget()
