"""An account at a broker that only exists in the test's memory, on a morning of continuous trading."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import settings as django_settings

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.accounts.services import OpeningPosition
from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.orders import services
from apps.orders.models import GatewayState, Intent, Order
from apps.orders.services import sending
from apps.orders.services.turns import run_under_lease
from qts.adapters.bus import encode
from qts.adapters.redis_client import redis_client
from qts.adapters.ssi.trading import Accepted, AmbiguousSend, Refused, TradingClient
from qts.adapters.ssi.trading_codec import BrokerError, BrokerMatch, BrokerOrder, BrokerOrderEvent
from qts.domain.events import QuoteUpdated
from qts.domain.orders import OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side

DAY = "2026-11-23"  # a Monday
STRATEGY = Actor(ActorKind.STRATEGY, "7")
PATTERNS = ("qts:live:*", "qts:lease:*", "qts:pace:*")


def at(text: str, day: str = DAY) -> datetime:
    """A moment of that day in Vietnam, `HH:MM:SS`."""
    return datetime.fromisoformat(f"{day}T{text}+07:00").astimezone(UTC)


MORNING = at("10:15:00")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.fixture
def valkey(db):
    client = redis_client(django_settings.REDIS_URL)
    _forget(client)
    yield client
    _forget(client)


def _forget(client) -> None:
    for pattern in PATTERNS:
        if keys := list(client.scan_iter(pattern, count=1_000)):
            client.delete(*keys)


@pytest.fixture
def market(valkey, settings):
    """SSI at 25,000 (23,250 to 26,750), a live stream, and a market clock that stands still in the morning."""
    far = MORNING + timedelta(hours=7, seconds=1)
    settings.MARKET_CLOCK = f"affine:{DAY},10:15:00,{far.time().isoformat()},9999999999,1"
    apps.get_model("marketdata", "Security").objects.create(
        symbol="SSI", exchange="HOSE", kind="STOCK", lot_size=100, updated_at=at("08:00:00")
    )
    live = LiveState(django_settings.REDIS_URL)
    live.write([encode(quote(MORNING))], Checkpoint("0:0", 0))
    live.report(
        StreamState.CONNECTED, since_ns=time.time_ns(), reported_ns=time.time_ns(), last_frame_ns=time.time_ns()
    )
    return live


def quote(moment: datetime) -> QuoteUpdated:
    return QuoteUpdated(
        symbol="SSI", reference_vnd=25_000, ceiling_vnd=26_750, floor_vnd=23_250, last_vnd=25_000, last_quantity=100,
        total_quantity=1_000, total_value_vnd=25_000_000, high_vnd=25_000, low_vnd=25_000, average_vnd=25_000,
        estimated_match_vnd=0, aggressor="", session="CONTINUOUS", status="N", ts_exchange_ms=ms(moment),
        ts_received_ns=time.time_ns(), wal_position="0:0",
    )  # fmt: skip


class Desk:
    """One account of 100 million VND and 1,000 SSI that may be sold; every act in a transaction of its own."""

    def __init__(self, *, cash_vnd: int = 100_000_000) -> None:
        self.connection_id = uuid4()
        self.account_id = ledger.open_account(number="0901351", name="Test", connection_id=self.connection_id)
        ledger.adopt_balances(
            account_id=self.account_id,
            cash_vnd=cash_vnd,
            positions=[OpeningPosition("SSI", 1_000, 24_000_000)],
            now=at("08:00:00"),
        )
        self._names = itertools.count(1)

    def submit(self, text: str = "BUY 300 SSI @ 25050", *, actor=STRATEGY, now=MORNING, name="", holds=False, **more):
        return services.submit_order(
            account_id=self.account_id,
            request=replace(request(text, name or f"wish-{next(self._names)}"), holds=holds),
            actor=actor,
            now=now,
            **more,
        )

    def order(self, order_id: UUID) -> Order:
        return Order.objects.get(id=order_id)

    def admit(self, username: str, role: Any) -> None:
        ledger.grant_membership(account_id=self.account_id, username=username, role=role)

    @property
    def state(self):
        return accounts.account_state(self.account_id, MORNING)

    @property
    def reserved_vnd(self) -> int:
        return int(self.state.reserved_vnd)

    def intents(self) -> list[tuple[str, str]]:
        return list(Intent.objects.order_by("id").values_list("kind", "state"))


def request(text: str, name: str) -> OrderRequest:
    """`BUY 300 SSI @ 25050`, or the order type in the place of the price."""
    side, quantity, symbol, _, last = text.split()
    price = int(last) if last.lstrip("-").isdigit() else None
    order_type = OrderType.LO if price is not None else OrderType(last)
    return OrderRequest(symbol, Side(side), order_type, int(quantity), price, name)


@pytest.fixture
def desk(market) -> Desk:
    return Desk()


class Broker:
    """Answers like the trading client, from a script: an answer, or an exception to raise. Accepts what has none."""

    def __init__(self) -> None:
        self.script: list[object] = []
        self.calls: list[tuple[str, str]] = []  # (what, request id)
        self.book: dict[str, list[BrokerOrder]] = {}
        self.history: dict[str, list[BrokerOrder]] = {}
        self.asked_history: list[tuple[str, date, date]] = []
        self.amended_to: tuple[int, int] | None = None
        self.is_down: Exception | None = None
        self.log_in_takes_s = 0.0

    def new_order(self, *, request_id: str, **_: object):
        return self._answer("new", request_id)

    def cancel_order(self, *, request_id: str, **_: object):
        return self._answer("cancel", request_id)

    def modify_order(self, *, request_id: str, quantity: int, price_vnd: int, **_: object):
        self.amended_to = (quantity, price_vnd)
        return self._answer("amend", request_id)

    def order_book(self, account: str) -> list[BrokerOrder]:
        if self.is_down:
            raise self.is_down
        return self.book.get(account, [])

    def order_history(self, account: str, since: date, until: date) -> list[BrokerOrder]:
        if self.is_down:
            raise self.is_down
        self.asked_history.append((account, since, until))
        return self.history.get(account, [])

    def log_in(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        if self.is_down:
            raise self.is_down
        until = time.monotonic() + self.log_in_takes_s
        while time.monotonic() < until:
            time.sleep(0.05)
            meanwhile()

    def forget_write_token(self) -> None:
        self.calls.append(("forget", ""))

    def rate_limits(self):
        return []

    def close(self) -> None:
        pass

    def _answer(self, what: str, request_id: str):
        self.calls.append((what, request_id))
        step = self.script.pop(0) if self.script else Accepted(request_id, time.time_ns(), time.time_ns())
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            return step(request_id)
        return step


def refused(message: str, code: str = "400") -> Refused:
    return Refused(message, code, time.time_ns(), time.time_ns())


class Gateway:
    """The sending side of one connection, one claim at a time, under a real lease."""

    def __init__(self, desk: Desk, broker: Broker) -> None:
        self._desk, self._broker = desk, broker
        GatewayState.objects.get_or_create(connection_id=desk.connection_id)

    def send(self, count: int = 1, now: datetime = MORNING) -> int:
        sent = 0

        def run(connection_id, turn) -> None:
            nonlocal sent
            for _ in range(count):
                sent += sending.send_next(connection_id, turn, cast(TradingClient, self._broker), now)

        assert run_under_lease("order-gateway", self._desk.connection_id, run, seconds_max=30)
        return sent


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def gateway(desk, broker) -> Gateway:
    return Gateway(desk, broker)


class Stream:
    """What the broker would say about our orders, numbered as it numbers them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._notify_ids = itertools.count(1)

    def event(
        self, order: Order, status: str, *, filled=0, cancelled=0, now=MORNING, notify_id=None, unique_id="", terms=None
    ):
        message = self.make_event(
            order, status, filled=filled, cancelled=cancelled, now=now, notify_id=notify_id, unique_id=unique_id,
            terms=terms,
        )  # fmt: skip
        services.apply_broker_event(self._desk.connection_id, message, now=now)
        return message

    def make_event(
        self, order, status, *, filled=0, cancelled=0, now=MORNING, notify_id=None, unique_id="", terms=None
    ):
        return BrokerOrderEvent(
            notify_id=notify_id or next(self._notify_ids),
            orig_request_id=order.request_id,
            open_quantity=order.quantity - filled - cancelled,
            order=row(order, status, filled=filled, cancelled=cancelled, now=now, unique_id=unique_id, terms=terms),
        )

    def match(self, order: Order, quantity: int, price_vnd: int = 25_000, *, now=MORNING, notify_id=None, **changes):
        fields: dict[str, Any] = {
            "notify_id": notify_id or next(self._notify_ids),
            "order_id": f"B{order.request_id}",
            "unique_id": order.request_id,
            "account": "0901351",
            "symbol": order.symbol,
            "side": Side(order.side),
            "price_vnd": price_vnd,
            "quantity": quantity,
            "matched_ms": ms(now),
        } | changes
        message = BrokerMatch(**fields)
        services.apply_broker_event(self._desk.connection_id, message, now=now)
        return message

    def error(self, request_id: str, code: str, text: str, *, notify_id=None, now=MORNING) -> None:
        message = BrokerError(
            notify_id=next(self._notify_ids) if notify_id is None else notify_id,
            unique_id=request_id, orig_request_id="", order_id="", account="", symbol="", code=code, message=text,
        )  # fmt: skip
        services.apply_broker_event(self._desk.connection_id, message, now=now)


def row(
    order: Order, status: str, *, filled=0, cancelled=0, now=MORNING, unique_id="", reason="", broker_id="", terms=None
) -> BrokerOrder:
    """`terms` (quantity, price) where they are not those of `order`."""
    quantity, price_vnd = terms or (order.quantity, order.price_vnd or 0)
    return BrokerOrder(
        order_id=broker_id or f"B{order.request_id}", unique_id=unique_id or order.request_id, account="0901351",
        symbol=order.symbol, market="VN", side=Side(order.side), order_type=order.order_type,
        price_vnd=price_vnd, quantity=quantity, filled_quantity=filled, cancelled_quantity=cancelled,
        average_price_vnd=0, status=status, reject_reason=reason, input_ms=ms(now), modified_ms=ms(now),
    )  # fmt: skip


@pytest.fixture
def stream(desk) -> Stream:
    return Stream(desk)


@pytest.fixture
def working(desk, gateway, stream):
    """A purchase of 300 SSI at 25,050 in the exchange's book."""
    done = desk.submit()
    gateway.send()
    stream.event(desk.order(done.order_id), "QU")
    return desk.order(done.order_id)


@pytest.fixture
def unknown(desk, gateway, broker):
    """An order whose answer was lost."""
    done = desk.submit()
    broker.script = [AmbiguousSend("read timed out")]
    gateway.send()
    return desk.order(done.order_id)
