"""An exchange without customers, moved by hand."""

from collections.abc import Iterable
from datetime import date, datetime, time

from qts.domain.market import VIETNAM, Instrument
from qts.domain.matching import BookOrder, Fill
from qts.domain.values import Exchange as Market
from qts.domain.values import InstrumentKind, OrderType, Session, Side
from simulator.exchange.exchange import StockExchange
from simulator.exchange.security import Security, SecurityState, new_securities
from simulator.listings import Listing
from simulator.trading_days import vietnam_calendar

DAY = date(2026, 11, 23)  # a Monday; the 24th is a holiday


def stock(symbol: str, market: Market = Market.HOSE, reference_vnd: int = 20_000, **more: object) -> Listing:
    return Listing(
        instrument=Instrument(symbol, market, InstrumentKind.STOCK),
        name_vi=symbol,
        name_en=symbol,
        reference_vnd=reference_vnd,
        listed_shares=1_000_000,
        foreign_limit_percent=30,
        **more,  # type: ignore[arg-type]
    )


class Floor:
    """Writes down what the exchange tells."""

    def __init__(self, *listings: Listing, securities: Iterable[Security] = ()) -> None:
        self.exchange = StockExchange([*new_securities(listings), *securities], vietnam_calendar())
        self.exchange.listeners.append(self)
        self.tape: list[tuple[str, int, int]] = []
        self.odd_tape: list[tuple[str, int, int]] = []
        self.sessions: list[tuple[str, str, Session]] = []
        self.gone: list[int] = []
        self.rooms: list[tuple[str, int]] = []

    def at(self, clock: str, day: date = DAY) -> None:
        self.exchange.advance(datetime.combine(day, time.fromisoformat(clock), tzinfo=VIETNAM))

    def __getitem__(self, symbol: str) -> Security:
        return self.exchange.securities[symbol]

    def enter(self, text: str) -> BookOrder:
        """`BUY 100 AAA LO@20000`."""
        side, quantity, symbol, kind = text.split()
        order_type, _, price = kind.partition("@")
        order = BookOrder(
            self.exchange.new_order_id(), Side(side), OrderType(order_type), int(price or 0), int(quantity)
        )
        self.exchange.submit(self[symbol], order)
        return order

    # --- listener -------------------------------------------------------------------------------------------------

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self.tape.append((security.symbol, fill.price_vnd, fill.quantity))

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self.odd_tape.append((security.symbol, fill.price_vnd, fill.quantity))

    def session_changed(self, security: Security, at_ms: int) -> None:
        clock = datetime.fromtimestamp(at_ms / 1000, tz=VIETNAM).strftime("%H:%M")
        self.sessions.append((security.symbol, clock, security.session))

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        self.gone.append(order.order_id)

    def room_changed(self, security: Security) -> None:
        self.rooms.append((security.symbol, security.room_left))

    def book_changed(self, security: Security) -> None: ...
    def day_began(self, day: date) -> None: ...
    def day_ended(self, day: date) -> None: ...


__all__ = ["DAY", "Floor", "SecurityState", "stock"]
