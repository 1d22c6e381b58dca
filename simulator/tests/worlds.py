"""A whole simulator in process, moved by hand: no network, no clock."""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from qts.domain.market import VIETNAM
from simulator.broker.customers import Customer
from simulator.broker.orders import ClientOrder
from simulator.listings import vn30_listings
from simulator.market_feed import Message
from simulator.recordings.recording import Recording
from simulator.trading_days import vietnam_calendar
from simulator.wire.market_records import CHANNEL_TYPES
from simulator.wire.trading_requests import CancelOrder, NewOrder
from simulator.world import Plan, World

DEVICE_ID = "8C-EC-4B-D3-0B-96"
ACCOUNT = "0901351"


def at(text: str) -> datetime:
    """`MM-DD HH:MM[:SS]` of 2026, Vietnam's time."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=VIETNAM)


def without_order_flow(world: World) -> World:
    """Nobody but the customers trades; before its start."""
    flow = world._flow
    assert flow is not None
    world.exchange.sources.remove(flow)
    world.exchange.listeners.remove(flow)
    world._flow = None
    return world


class Hand:
    """Moves a world and acts for one customer. Every world is closed after its test."""

    opened: ClassVar[list["Hand"]] = []

    def __init__(self, folder: Path, start: str, *, seed: int = 7, recording: Recording | None = None) -> None:
        plan = Plan(seed, 10.0, None, tuple(vn30_listings(["SSI", "FPT", "VNM"])), recording)
        self.world = World(plan, vietnam_calendar(), folder)
        self.world.feed.wanted = CHANNEL_TYPES
        self.messages: list[Message] = []
        self.notices: list[str] = []
        self._request_id = 0
        self.opened.append(self)
        self.world.start(at(start))
        self.tell()

    @property
    def customer(self) -> Customer:
        return self.world.secrets.customers[0]

    @property
    def account(self):
        return self.world.broker.accounts[ACCOUNT]

    def until(self, text: str) -> None:
        self.world.advance(at(text))
        self.tell()

    def skip(self, text: str) -> None:
        """As `until`, but without the orders that would have come in between."""
        self.world.skip_to(at(text))
        self.world.advance(at(text))
        self.tell()

    def tell(self) -> None:
        happened = self.world.settle_up()
        self.messages += happened.messages
        self.notices += [notice.body for notice in happened.notices]

    def order(self, text: str, *, request_id: str | None = None) -> ClientOrder | str:
        """`BUY 100 SSI LO@35800`: accepted, committed and carried to the exchange; or the refusal."""
        request = self.new_order_request(text, request_id=request_id)
        order = self.world.intake.new_order(self.customer, request, "127.0.0.1")
        self.tell()
        self.world.broker.route()
        self.tell()
        return order

    def new_order_request(self, text: str, *, request_id: str | None = None) -> NewOrder:
        side, quantity, symbol, kind = text.split()
        order_type, _, price = kind.partition("@")
        return NewOrder(
            account=ACCOUNT,
            request_id=request_id or self.next_request_id(),
            instrument_id=symbol,
            buy_sell=side[0],
            device_id=DEVICE_ID,
            market="VN",
            order_type=order_type,
            price=float(price or 0),
            quantity=float(quantity),
        )

    def cancel(self, order: ClientOrder) -> str | None:
        request = CancelOrder(
            account=order.account,
            request_id=self.next_request_id(),
            instrument_id=order.symbol,
            buy_sell=order.side.value[0],
            device_id=DEVICE_ID,
            order_id=order.order_id,
            market_id="VN",
        )
        refusal = self.world.intake.cancel_order(self.customer, request, "127.0.0.1")
        self.tell()
        self.world.broker.route()
        self.tell()
        return refusal

    def next_request_id(self) -> str:
        self._request_id += 1
        return str(int(self.world.exchange.now_ms / 1000) % 90_000 * 1000 + self._request_id)[-8:]
