"""Matches as the order stream brings them, to orders that work at the exchange. Inside a process that has Django."""

import json
import time
from uuid import UUID, uuid4

from apps.accounts import services as ledger
from apps.marketdata.selectors import market_now
from apps.orders.models import Order
from apps.orders.services.order_stream import TOGETHER_MAX, position_of, take_together
from qts.adapters.ssi.signalr import ReceivedFrame
from qts.domain.orders import Status

ACCOUNTS = 10
CONNECTION = uuid4()
_numbers = iter(range(1, 10**7))


def matched_orders(count: int) -> list[ReceivedFrame]:
    """One whole match for each of `count` new orders, a frame each."""
    now, accounts = market_now(), [_account(number) for number in range(ACCOUNTS)]
    position_of(CONNECTION, now.date())
    orders = [
        Order(
            account_id=accounts[number % ACCOUNTS], connection_id=CONNECTION, client_order_id=uuid4().hex,
            body_hash="0" * 64, trading_day=now.date(), request_id=f"{next(_numbers):08}",
            broker_order_id=uuid4().hex, symbol=f"S{number % 50:02}", exchange="HOSE", side="BUY", order_type="LO",
            quantity=100, price_vnd=20_000, status=Status.OPEN, actor_kind="SYSTEM", actor_id="benchmark",
            submitted_at=now, sent_at=now, accepted_at=now, updated_at=now,
        )
        for number in range(count)
    ]  # fmt: skip
    Order.objects.bulk_create(orders)
    return [_frame(order, round(now.timestamp() * 1_000)) for order in orders]


def take_in(frames: list[ReceivedFrame]) -> None:
    """As the reader does. Raises AssertionError where a match was not booked."""
    now = market_now()
    for first in range(0, len(frames), TOGETHER_MAX):
        take_together(CONNECTION, frames[first : first + TOGETHER_MAX], now=now)
    assert not Order.objects.filter(connection_id=CONNECTION).exclude(status=Status.FILLED).exists()


def _account(number: int) -> UUID:
    return ledger.open_account(number=f"08{number:04}1", name="Stream", connection_id=CONNECTION)


def _frame(order: Order, matched_ms: int) -> ReceivedFrame:
    data = {
        "orderID": order.broker_order_id, "notifyID": int(order.request_id), "instrumentID": order.symbol,
        "uniqueID": order.request_id, "buySell": "B", "matchPrice": 20_000, "matchQty": 100, "account": "x",
        "matchTime": str(matched_ms),
    }  # fmt: skip
    told = [{"H": "BroadcastHubV2", "M": "Broadcast", "A": [json.dumps({"type": "orderMatchEvent", "data": data})]}]
    return ReceivedFrame(time.time_ns(), json.dumps({"C": "d-1", "M": told}).encode())
