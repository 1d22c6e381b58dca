"""A broker at an exchange where nobody else trades unless the test says so: every number is the test's own."""

import json
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from qts.domain.market import FUTURE_MULTIPLIER_VND, Instrument
from qts.domain.matching import BookOrder, Fill
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side
from simulator.broker.accounts import Account
from simulator.broker.broker import Broker
from simulator.broker.customers import Customer, load_or_make_secrets
from simulator.broker.intake import Intake
from simulator.broker.journal import Journal
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.exchange import StockExchange
from simulator.exchange.security import Security, new_security
from simulator.listings import Listing
from simulator.tests.worlds import DEVICE_ID, at
from simulator.trading_days import vietnam_calendar
from simulator.wire.trading_requests import CancelOrder, ModifyOrder, NewOrder

FUTURE = "41I1GC000"  # December 2026
CASH, MARGIN, DERIVATIVES = "0901351", "0901356", "0901358"
OTHER_CASH, OTHER_DERIVATIVES = "1184411", "1184418"
FOREIGN = "7005111"


def listing(
    symbol: str, exchange: Exchange, reference_vnd: int, kind: InstrumentKind = InstrumentKind.STOCK
) -> Listing:
    is_future = kind is InstrumentKind.FUTURE
    return Listing(
        instrument=Instrument(symbol, exchange, kind, lot_size=1 if is_future else 100),
        name_vi=symbol,
        name_en=symbol,
        reference_vnd=reference_vnd,
        listed_shares=0 if is_future else 10_000_000,
        foreign_limit_percent=49,
    )


LISTED = (
    listing("SSI", Exchange.HOSE, 20_000),
    listing("FPT", Exchange.HOSE, 100_000),
    listing("SHS", Exchange.HNX, 20_000),
    listing("ACV", Exchange.UPCOM, 50_000),
    listing(FUTURE, Exchange.VNFE, 1_900 * FUTURE_MULTIPLIER_VND, InstrumentKind.FUTURE),
)


@cache
def customers() -> tuple[Customer, ...]:
    """Made once: their keys take time."""
    with tempfile.TemporaryDirectory() as folder:
        return load_or_make_secrets(Path(folder)).customers


class Tape:
    """What was matched, seen from the exchange: the other side of the broker's books."""

    def __init__(self) -> None:
        self.fills: list[tuple[str, Fill]] = []

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self.fills.append((security.symbol, fill))

    odd_lot_traded = traded

    def ignored(self, *facts: object) -> None: ...

    book_changed = room_changed = session_changed = expired = day_ended = day_began = ignored


class Brokerage:
    """Acts for every customer, and as the rest of the market."""

    def __init__(
        self,
        start: str = "11-23 09:30",
        *,
        listed: tuple[Listing, ...] = LISTED,
        terms: Terms | None = None,
        journal_file: Path = Path(":memory:"),
    ) -> None:
        self.exchange = StockExchange([new_security(one) for one in listed], vietnam_calendar())
        self.journal = Journal(journal_file)
        self.broker = Broker(self.exchange, self.journal, customers(), terms)
        self.intake = Intake(self.broker)
        self.tape = Tape()
        self.exchange.listeners += [self.broker, self.tape]
        self.notices: list[dict[str, Any]] = []
        self._request_ids = count(1)
        self.market_ids: set[int] = set()
        self.exchange.advance(at(start))
        self.broker.resume()
        self._tell()

    def close(self) -> None:
        self.journal.close()

    def until(self, text: str) -> None:
        """`MM-DD HH:MM` of 2026."""
        self.exchange.advance(at(text))
        self.broker.settle()
        self.broker.route()
        self._tell()

    def account(self, number: str) -> Account:
        return self.broker.accounts[number]

    def security(self, symbol: str) -> Security:
        return self.exchange.securities[symbol]

    # --- customers ------------------------------------------------------------------------------------------------

    def order(self, text: str, account: str = CASH, **changes: Any) -> ClientOrder:
        """`BUY 100 SSI LO@20000`, taken by the gateway; what became of it at the exchange is in its status."""
        done = self.attempt(text, account, **changes)
        assert isinstance(done, ClientOrder), done
        return done

    def attempt(self, text: str, account: str = CASH, **changes: Any) -> ClientOrder | str:
        """As `order`, or the gateway's refusal."""
        request = self.request(text, account, **changes)
        done = self.intake.new_order(self.customer_of(account), request, "127.0.0.1")
        self._go()
        return done

    def request(self, text: str, account: str = CASH, **changes: Any) -> NewOrder:
        side, quantity, symbol, kind = text.split()
        order_type, _, price = kind.partition("@")
        security = self.exchange.find(symbol)
        is_future = security is not None and security.market is Exchange.VNFE
        fields: dict[str, Any] = {
            "account": account,
            "request_id": self._next_request_id(),
            "instrument_id": symbol,
            "buy_sell": side[0],
            "device_id": DEVICE_ID,
            "market": "VNFE" if is_future else "VN",
            "order_type": order_type,
            "price": float(price or 0),
            "quantity": float(quantity),
        }
        return NewOrder(**fields | changes)

    def cancel(self, order: ClientOrder, **changes: Any) -> str | None:
        """The gateway's refusal, if any; a later one is the last notice."""
        fields: dict[str, Any] = {
            "account": order.account,
            "request_id": self._next_request_id(),
            "instrument_id": order.symbol,
            "buy_sell": order.side.value[0],
            "device_id": DEVICE_ID,
            "order_id": order.order_id,
            "market_id": order.market,
        }
        refusal = self.intake.cancel_order(
            self.customer_of(order.account), CancelOrder(**fields | changes), "127.0.0.1"
        )
        self._go()
        return refusal

    def modify(self, order: ClientOrder, *, price: float, quantity: float, **changes: Any) -> str | None:
        fields: dict[str, Any] = {
            "account": order.account,
            "request_id": self._next_request_id(),
            "instrument_id": order.symbol,
            "buy_sell": order.side.value[0],
            "device_id": DEVICE_ID,
            "order_id": order.order_id,
            "market_id": order.market,
            "order_type": order.order_type.value,
            "price": price,
            "quantity": quantity,
        }
        refusal = self.intake.modify_order(
            self.customer_of(order.account), ModifyOrder(**fields | changes), "127.0.0.1"
        )
        self._go()
        return refusal

    def customer_of(self, account: str) -> Customer:
        return next(one for one in customers() if one.customer_id == account[:6])

    def last_error(self) -> tuple[str, str]:
        """Code and requestID."""
        error = [one for one in self.notices if one["type"] == "orderError"][-1]["data"]
        return error["errorCode"], error["uniqueID"]

    def statuses(self, order: ClientOrder) -> list[str]:
        events = [one["data"] for one in self.notices if one["type"] == "orderEvent"]
        return [data["orderStatus"] for data in events if data["orderID"] == order.order_id]

    # --- the rest of the market -----------------------------------------------------------------------------------

    def others(self, text: str) -> int:
        """An order of somebody else; its number in the book."""
        side, quantity, symbol, kind = text.split()
        order_type, _, price = kind.partition("@")
        security = self.security(symbol)
        scale = FUTURE_MULTIPLIER_VND if security.market is Exchange.VNFE else 1
        order_id = self.exchange.new_order_id()
        self.market_ids.add(order_id)
        price_vnd = round(float(price or 0) * scale)
        self.exchange.submit(security, BookOrder(order_id, Side(side), OrderType(order_type), price_vnd, int(quantity)))
        self._go()
        return order_id

    # --- inside ---------------------------------------------------------------------------------------------------

    def _go(self) -> None:
        self._tell()
        self.broker.route()
        self._tell()

    def _tell(self) -> None:
        self.notices += [json.loads(notice.body) for notice in self.broker.commit()]

    def _next_request_id(self) -> str:
        return str(next(self._request_ids))
