"""One security on one trading day: its book, its session and what has traded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from qts.domain.market import Band, RuleBook, built_in_history, price_band, round_lot, warrant_band
from qts.domain.matching import Fill, OrderBook
from qts.domain.values import Exchange, Session, Side
from simulator.listings import Listing, SecurityState

__all__ = ["DayTotals", "Security", "SecurityState", "new_securities", "new_security"]

_AUCTIONS: Final = frozenset({Session.ATO, Session.ATC, Session.PERIODIC})


@dataclass(slots=True)
class DayTotals:
    """Since the day's open; prices in VND, 0 = not there yet."""

    open_vnd: int = 0
    high_vnd: int = 0
    low_vnd: int = 0
    last_vnd: int = 0
    last_quantity: int = 0
    quantity: int = 0
    value_vnd: int = 0
    trade_count: int = 0
    foreign_bought_quantity: int = 0
    foreign_bought_value_vnd: int = 0
    foreign_sold_quantity: int = 0
    foreign_sold_value_vnd: int = 0
    aggressor: str = ""
    last_trade_ms: int = 0

    def add(self, fill: Fill, at_ms: int) -> None:
        price_vnd = fill.price_vnd
        self.open_vnd = self.open_vnd or price_vnd
        self.high_vnd = max(self.high_vnd, price_vnd)
        self.low_vnd = min(self.low_vnd or price_vnd, price_vnd)
        self.last_vnd = price_vnd
        self.last_quantity = fill.quantity
        self.quantity += fill.quantity
        self.value_vnd += fill.quantity * price_vnd
        self.trade_count += 1
        self.aggressor = fill.aggressor or ""
        self.last_trade_ms = at_ms


@dataclass(slots=True)
class Security:
    """`room_left` is what foreigners may still order; it survives the day, the totals do not.

    `session` is what it is in; `scheduled` is what its market's timetable says, and differs while it is halted.
    `standing` is its state but for a halt of its own. `rules` are those of its day. Odd lots have a book and totals of
    their own.
    """

    listing: Listing
    reference_vnd: int
    room_left: int
    widened: Band | None = None  # a recording may leave the band that its first price gives
    underlying: "Security | None" = None  # of a covered warrant
    rules: RuleBook = field(default_factory=lambda: built_in_history().newest)  # until its first day begins
    session: Session = Session.PRE_OPEN
    scheduled: Session = Session.PRE_OPEN
    standing: SecurityState = field(init=False)
    is_halted: bool = False
    is_first_day: bool = False  # of trading at all, or again after a long suspension
    totals: DayTotals = field(default_factory=DayTotals)
    odd_totals: DayTotals = field(default_factory=DayTotals)
    prior_close_vnd: int = 0  # the last price of the last day that had one
    settlement_vnd: int = 0  # of a future, once its day is over; 0 before
    band: Band = field(init=False)
    book: OrderBook = field(init=False)
    odd_book: OrderBook = field(init=False)

    def __post_init__(self) -> None:
        self.standing = self.listing.state
        self.prior_close_vnd = self.prior_close_vnd or self.reference_vnd
        self._open_book()

    @property
    def symbol(self) -> str:
        return self.listing.symbol

    @property
    def market(self) -> Exchange:
        return self.listing.instrument.exchange

    @property
    def state(self) -> SecurityState:
        return SecurityState.HALTED if self.is_halted else self.standing

    @property
    def last_or_reference_vnd(self) -> int:
        return self.totals.last_vnd or self.reference_vnd

    @property
    def in_auction(self) -> bool:
        return self.session in _AUCTIONS

    @property
    def closing_vnd(self) -> int:
        """The price at which PLO trade; 0 when the day brought none."""
        return self.totals.last_vnd

    def begin_day(self, reference_vnd: int, rules: RuleBook) -> None:
        self.rules = rules
        self.reference_vnd = reference_vnd
        self.prior_close_vnd = self.totals.last_vnd or self.prior_close_vnd
        self.totals = DayTotals()
        self.odd_totals = DayTotals()
        self.settlement_vnd = 0
        self.session = self.scheduled = Session.PRE_OPEN
        self._open_book()

    def become_first_day(self) -> None:
        """In the middle of a day on which nothing has traded or stands in the book."""
        self.is_first_day = True
        self._open_book()

    def book_for(self, quantity: int) -> OrderBook:
        """Where an order of this quantity goes."""
        instrument = self.listing.instrument
        return self.odd_book if quantity < round_lot(self.rules, instrument.exchange, instrument.kind) else self.book

    def book_holding(self, order_id: int) -> OrderBook | None:
        """Where the order rests, if anywhere."""
        return next((book for book in (self.book, self.odd_book) if order_id in book), None)

    def estimated_match_vnd(self) -> int:
        """The auction's price if it ended now; 0 outside auctions and when nothing would match."""
        if not self.in_auction:
            return 0
        clearing = self.book.indicative(self.last_or_reference_vnd)
        return clearing.price_vnd if clearing else 0

    def count_foreigner(self, side: Side, fill: Fill) -> None:
        value_vnd = fill.quantity * fill.price_vnd
        if side is Side.BUY:
            self.totals.foreign_bought_quantity += fill.quantity
            self.totals.foreign_bought_value_vnd += value_vnd
        else:
            self.totals.foreign_sold_quantity += fill.quantity
            self.totals.foreign_sold_value_vnd += value_vnd

    def _open_book(self) -> None:
        instrument = self.listing.instrument
        band = self._band_by_rule()
        if self.widened is not None:
            band = Band(
                ceiling_vnd=max(band.ceiling_vnd, self.widened.ceiling_vnd),
                floor_vnd=min(band.floor_vnd, self.widened.floor_vnd),
            )
        self.band = band
        self.book = OrderBook(instrument, band, self.rules)
        self.odd_book = OrderBook(instrument, band, self.rules)

    def _band_by_rule(self) -> Band:
        instrument, terms, underlying = self.listing.instrument, self.listing.warrant, self.underlying
        if terms is not None and underlying is not None:
            return warrant_band(self.rules, self.reference_vnd, underlying.reference_vnd, underlying.band, terms.ratio)
        return price_band(self.rules, instrument.exchange, instrument.kind, self.reference_vnd, self.is_first_day)


def new_security(listing: Listing, widened: Band | None = None, *, underlying: Security | None = None) -> Security:
    """With half of the foreign limit already used. A covered warrant needs its underlying."""
    room_left = listing.listed_shares * listing.foreign_limit_percent // 200
    return Security(listing, listing.reference_vnd, room_left, widened, underlying)


def new_securities(listings: Iterable[Listing]) -> list[Security]:
    """A covered warrant comes after its underlying, so that each day's band of the one is there for the other's."""
    made: dict[str, Security] = {}
    for listing in sorted(listings, key=lambda one: one.warrant is not None):
        underlying = made[listing.warrant.underlying] if listing.warrant is not None else None
        made[listing.symbol] = new_security(listing, underlying=underlying)
    return list(made.values())
