"""What happens in one instant may be told in any order: cash, shares, fees and taxes come out the same.

The average cost that a sale takes out does depend on whether a purchase of the same instant was booked before it; then
the cost that stays less the profit taken is the same all the same, and so is the profit of both together.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts import selectors, services
from apps.accounts.services import OpeningPosition
from apps.accounts.tests.conftest import MONDAY, Desk, day
from qts.domain.values import Actor, ActorKind, Side

CLERK = Actor(ActorKind.USER, "1")
trades = st.tuples(
    st.sampled_from(Side), st.sampled_from(("SSI", "HPG")), st.integers(1, 90), st.integers(10_000, 30_000)
)
cash_events = st.tuples(st.sampled_from(("DEPOSIT", "INTEREST_EARNED", "INTEREST_CHARGED")), st.integers(1, 10**6))
events = st.lists(st.one_of(trades, cash_events), min_size=2, max_size=8)


def booked(happened: list[tuple[int, Any]]) -> dict[str, Any]:
    account_id = services.open_account(number=uuid4().hex[:20], name="order", connection_id=uuid4())
    held = [OpeningPosition("SSI", 1_000, 24_000_001), OpeningPosition("HPG", 1_000, 20_000_003)]
    services.adopt_balances(account_id=account_id, cash_vnd=500_000_000, positions=held, now=MONDAY.replace(hour=8))
    for number, event in happened:
        book(account_id, number, event)
    services.settle_due(day(7))
    return told(account_id)


def book(account_id: UUID, number: int, event: Any) -> None:
    if isinstance(event[0], Side):
        side, symbol, quantity, price_vnd = event
        fill_id = f"{account_id}:{number}"
        Desk(account_id).fill(side, quantity, price_vnd, symbol, fill_id=fill_id)
        return
    kind, amount_vnd = event
    services.record_cash_event(
        account_id=account_id, kind=kind, amount_vnd=amount_vnd, reference=str(number), actor=CLERK, now=MONDAY
    )


def told(account_id: UUID) -> dict[str, Any]:
    state, totals = selectors.account_state(account_id, day(7)), selectors.ledger_totals(account_id)
    assert selectors.ledger_differences(account_id, now=day(7)) == []
    return {
        "cash": state.cash_settled_vnd,
        "shares": {symbol: position.quantity for symbol, position in state.positions.items()},
        "fees and taxes": (totals.get("FEES", 0), totals.get("TAXES", 0)),
        "cost less profit": {
            symbol: position.cost_total_vnd - position.realised_pnl_vnd for symbol, position in state.positions.items()
        },
    }


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(happened=events, data=st.data())
def test_the_order_of_one_instant_does_not_matter(happened, data):
    numbered = list(enumerate(happened))
    assert booked(numbered) == booked(data.draw(st.permutations(numbered)))
