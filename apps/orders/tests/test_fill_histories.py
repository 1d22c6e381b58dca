"""Any history of fills, told in any order, twice or with gaps, and then once more as the broker repeats a day: the
order, the cash and the shares are exactly what happened.

`QTS_FILL_HISTORIES=10000 pytest apps/orders/tests/test_fill_histories.py` tells as many.
"""

import os
from dataclasses import dataclass
from typing import cast

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.accounts import selectors as accounts
from apps.orders.models import Discrepancy, Fill, GatewayState, Order
from apps.orders.services import order_stream, sending
from apps.orders.tests.conftest import MORNING, Broker, Desk, ms, row
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.ssi.trading_codec import BrokerMatch, BrokerMessage, BrokerOrderEvent
from qts.domain.orders import Status
from qts.domain.portfolio import FeeSchedule, cash_needed_vnd
from qts.domain.values import Side

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(7_200)]
HISTORIES = int(os.environ.get("QTS_FILL_HISTORIES", "25"))
FEES = FeeSchedule()
CASH_VND, SHARES, LIMIT_VND = 100_000_000, 1_000, 25_050
ENDS = {"": None, "CL": Status.CANCELLED, "EX": Status.EXPIRED, "FFPC": Status.CANCELLED}


class Turn:
    epoch = 1

    def goes_on(self) -> bool:
        return True


@dataclass(frozen=True)
class History:
    """What happens to one order at the exchange: matches of (lots, price), and how it ends when they are not all."""

    side: Side
    lots: int
    matches: list[tuple[int, int]]
    end: str

    @property
    def filled(self) -> int:
        return 100 * sum(lots for lots, _ in self.matches)

    @property
    def status(self) -> Status:
        if self.filled == 100 * self.lots:
            return Status.FILLED
        return ENDS[self.end] or (Status.PARTIALLY_FILLED if self.filled else Status.OPEN)

    def messages(self, order: Order) -> list[BrokerMessage]:
        """In the order in which the broker numbers them."""
        told: list[BrokerMessage] = []
        filled = 0

        def event(status: str, cancelled: int = 0) -> None:
            shown = row(order, status, filled=filled, cancelled=cancelled)
            told.append(
                BrokerOrderEvent(
                    notify_id=len(told) + 1, orig_request_id=order.request_id, open_quantity=0, order=shown
                )
            )

        event("RS")
        event("QU")
        for lots, price_vnd in self.matches:
            filled += 100 * lots
            told.append(
                BrokerMatch(
                    notify_id=len(told) + 1, order_id=f"B{order.request_id}", unique_id=order.request_id,
                    account="0901351", symbol="SSI", side=self.side, price_vnd=price_vnd, quantity=100 * lots,
                    matched_ms=ms(MORNING),
                )
            )  # fmt: skip
            event("FF" if filled == 100 * self.lots else "PF")
        if self.end and filled < 100 * self.lots:
            event(self.end, cancelled=100 * self.lots - filled)
        return told


@st.composite
def histories(draw: st.DrawFn) -> History:
    lots = draw(st.integers(1, 6))
    matches, left = [], lots
    for _ in range(draw(st.integers(0, 5))):
        if left:
            matches.append((draw(st.integers(1, left)), draw(st.sampled_from([24_950, 25_000, 25_050]))))
            left -= matches[-1][0]
    return History(draw(st.sampled_from(Side)), lots, matches, draw(st.sampled_from(sorted(ENDS))))


def sent_order(desk: Desk, history: History) -> Order:
    done = desk.submit(f"{history.side} {100 * history.lots} SSI @ {LIMIT_VND}")
    assert done.order_id is not None, done.breaches
    GatewayState.objects.create(connection_id=desk.connection_id)
    assert sending.send_next(desk.connection_id, Turn(), cast(TradingClient, Broker()), MORNING)
    return desk.order(done.order_id)


def tell(desk: Desk, messages: list[BrokerMessage]) -> None:
    for message in messages:
        order_stream.take_messages(desk.connection_id, [message], now=MORNING)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a failure is told as it is: to make one smaller takes an hour
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), data=st.data())
def test_any_telling_of_a_history_ends_in_the_same_books(market, history: History, data: st.DataObject):
    with transaction.atomic():
        _tell_and_compare(history, data)
        transaction.set_rollback(True)


def _tell_and_compare(history: History, data: st.DataObject) -> None:
    desk = Desk(cash_vnd=CASH_VND)
    order = sent_order(desk, history)
    messages = history.messages(order)
    heard = data.draw(st.lists(st.sampled_from(messages), max_size=2 * len(messages)), label="first telling")
    tell(desk, heard)
    matches = {one.notify_id: one.quantity for one in heard if isinstance(one, BrokerMatch)}
    assert desk.order(order.id).filled_quantity == sum(matches.values()), "each match counts once, and no other"
    order_stream.rewind(desk.connection_id)
    tell(desk, messages)
    tell(desk, data.draw(st.lists(st.sampled_from(messages), max_size=4), label="afterwards"))
    booked = {one.notify_id: one for one in [*heard, *messages] if isinstance(one, BrokerMatch)}
    _assert_exact(desk, desk.order(order.id), history, list(booked.values()))


def _assert_exact(desk: Desk, order: Order, history: History, booked: list[BrokerMatch]) -> None:
    values = [100 * lots * price_vnd for lots, price_vnd in history.matches]
    assert (order.status, order.filled_quantity, order.filled_value_vnd) == (
        history.status, history.filled, sum(values),
    )  # fmt: skip
    assert Fill.objects.filter(order=order).count() == len(history.matches)
    state = desk.state
    if history.side is Side.BUY:
        paid = sum(value + FEES.fee_vnd(value) for value in values)
        assert (state.cash_settled_vnd - state.payable_vnd, state.cash_pending_vnd) == (CASH_VND - paid, 0)
        assert state.position("SSI").quantity == SHARES + history.filled
    else:
        proceeds = sum(value - FEES.fee_vnd(value) - FEES.sale_tax_vnd(value) for value in values)
        assert (state.cash_settled_vnd - state.payable_vnd, state.cash_pending_vnd) == (CASH_VND, proceeds)
        assert state.position("SSI").quantity == SHARES - history.filled
    is_over = history.status not in {Status.OPEN, Status.PARTIALLY_FILLED}
    open_sale = 0 if is_over or history.side is Side.BUY else 100 * history.lots - history.filled
    sold = history.filled if history.side is Side.SELL else 0
    assert state.position("SSI").sellable_quantity == SHARES - sold - open_sale
    open_buy = 0 if is_over or history.side is Side.SELL else 100 * history.lots - history.filled
    assert state.reserved_orders_vnd == (_reserved_vnd(order.quantity, booked) if open_buy else 0)
    assert not Discrepancy.objects.filter(connection_id=desk.connection_id).exists()
    assert accounts.ledger_differences(desk.account_id) == []


def _reserved_vnd(quantity: int, booked: list[BrokerMatch]) -> int:
    """What the rest needs at its price, but never more than the matches, in the order in which they were booked, have
    left of what the whole order held back: the fees of parts may be a dong more than the fee of the whole."""
    left_vnd = cash_needed_vnd(quantity=quantity, price_vnd=LIMIT_VND, fees=FEES)
    for match in booked:
        quantity -= match.quantity
        value_vnd = match.quantity * match.price_vnd
        needed_vnd = cash_needed_vnd(quantity=quantity, price_vnd=LIMIT_VND, fees=FEES)
        left_vnd = min(needed_vnd, left_vnd - value_vnd - FEES.fee_vnd(value_vnd))
    return left_vnd
