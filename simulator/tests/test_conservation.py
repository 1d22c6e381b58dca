"""Nothing is made and nothing is lost: any sequence of orders, over days, of every kind of account."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.domain.values import Exchange, Side
from simulator.broker.accounts import AccountKind
from simulator.broker.funding import purchasing_power_vnd
from simulator.broker.movements import MovementKind
from simulator.broker.orders import ClientOrder
from simulator.tests.brokerage import (
    CASH,
    DERIVATIVES,
    FOREIGN,
    FUTURE,
    MARGIN,
    OTHER_CASH,
    OTHER_DERIVATIVES,
    Brokerage,
    customers,
)

SHARE_ACCOUNTS = (CASH, MARGIN, OTHER_CASH, FOREIGN)
CONTRACT_ACCOUNTS = (DERIVATIVES, OTHER_DERIVATIVES)
DAYS = ("23", "25", "26", "27", "30")  # of November; the 24th is a holiday, the 28th and 29th a weekend
TIMES = ("09:05", "09:20", "11:00", "13:00", "13:30", "14:35", "14:46")
MOMENTS = [f"11-{day} {time}" for day in DAYS for time in TIMES]

sides = st.sampled_from(["BUY", "SELL"])
share_orders = st.tuples(
    st.just("order"),
    st.sampled_from(SHARE_ACCOUNTS),
    sides,
    st.sampled_from([7, 100, 100, 300, 1_000, 40_000]),
    st.sampled_from(["SSI", "SHS"]),
    st.sampled_from(["LO@19900", "LO@20000", "LO@20000", "LO@20100", "MTL", "ATO", "ATC", "PLO"]),
)
contract_orders = st.tuples(
    st.just("order"),
    st.sampled_from(CONTRACT_ACCOUNTS),
    sides,
    st.sampled_from([1, 3, 10]),
    st.just(FUTURE),
    st.sampled_from(["LO@1890", "LO@1900", "LO@1900", "LO@1907.3", "MTL", "MAK"]),
)
market_orders = st.tuples(
    st.just("others"),
    st.just(""),
    sides,
    st.sampled_from([100, 500, 3_000]),
    st.sampled_from(["SSI", "SHS", FUTURE]),
    st.sampled_from(["low", "middle", "middle", "high"]),
)
changes = st.tuples(
    st.sampled_from(["cancel", "more", "less", "dearer", "cheaper", "to an odd lot", "to a round lot"]),
    st.integers(0, 5),
)
steps = st.lists(
    st.one_of(share_orders, share_orders, contract_orders, market_orders, market_orders, changes, st.just(("later",))),
    min_size=5,
    max_size=40,
)
PRICES = {"low": (19_900, 1_890), "middle": (20_000, 1_900), "high": (20_100, 1_907.3)}


class Play:
    """Carries the steps out, as far as the market allows them at all."""

    def __init__(self) -> None:
        self.brokerage = Brokerage(MOMENTS[0])
        self.orders: list[ClientOrder] = []
        self.moment = 0

    def step(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        if kind == "order":
            account, side, quantity, symbol, how = rest
            self.orders.append(self.brokerage.order(f"{side} {quantity} {symbol} {how}", account))
        elif kind == "others":
            self._others(*rest[1:])
        elif kind == "later":
            self.moment = min(self.moment + 1, len(MOMENTS) - 1)
            self.brokerage.until(MOMENTS[self.moment])
        elif self.orders:
            self._change(kind, self.orders[-1 - rest[0] % len(self.orders)])

    def _others(self, side: str, quantity: int, symbol: str, level: str) -> None:
        security = self.brokerage.security(symbol)
        if security.session.value in ("ATO", "CONTINUOUS", "ATC"):
            price = PRICES[level][security.market is Exchange.VNFE]
            if security.band.holds(int(price * (100_000 if security.market is Exchange.VNFE else 1))):
                self.brokerage.others(f"{side} {quantity} {symbol} LO@{price}")

    def _change(self, kind: str, order: ClientOrder) -> None:
        if kind == "cancel":
            self.brokerage.cancel(order)
            return
        scale = 100_000 if order.market == "VNFE" else 1
        price, quantity = max(1, order.price_vnd) / scale, order.quantity
        lot = 1 if order.market == "VNFE" else 100
        wanted = {
            "more": (price, quantity + lot),
            "less": (price, max(1, quantity - lot)),
            "dearer": (price * 1.005, quantity),
            "cheaper": (price / 1.005, quantity),
            "to an odd lot": (price, 50),
            "to a round lot": (price, 100),
        }[kind]
        self.brokerage.modify(order, price=wanted[0], quantity=wanted[1])


def traded_with_the_rest(brokerage: Brokerage) -> tuple[Counter[str], Counter[str]]:
    """Quantities and values that the customers together bought (less what they sold), by the exchange's own tape."""
    quantity: Counter[str] = Counter()
    value: Counter[str] = Counter()
    for symbol, fill in brokerage.tape.fills:
        sides = (fill.buy_order_id not in brokerage.market_ids) - (fill.sell_order_id not in brokerage.market_ids)
        quantity[symbol] += sides * fill.quantity
        value[symbol] += sides * fill.quantity * fill.price_vnd
    return quantity, value


def costs_vnd(brokerage: Brokerage) -> int:
    """Fees and taxes by the price list, worked out from the fills alone."""
    orders = {order.order_id: order for order in brokerage.journal.all_orders()}
    total = 0
    for fill in brokerage.journal.fills():
        order, value = orders[fill["orderID"]], fill["quantity"] * fill["price_vnd"]
        if order.market == "VNFE":
            total += fill["quantity"] * 5_000 + value * 17 * 10 // 2_000_000
        else:
            total += value * 15 // 10_000 + (value * 10 // 10_000 if order.side is Side.SELL else 0)
    return total


def assert_conserved(brokerage: Brokerage) -> None:
    accounts = brokerage.broker.accounts.values()
    opened = [opening for customer in customers() for opening in customer.openings]
    quantity, value = traded_with_the_rest(brokerage)
    moved = brokerage.journal.movements()
    for symbol in ("SSI", "SHS"):
        held = sum(one.holdings[symbol].quantity for one in accounts if symbol in one.holdings)
        assert held == sum(one.shares.get(symbol, 0) for one in opened) + quantity[symbol]
    nets = [one.contracts[FUTURE] for one in accounts if FUTURE in one.contracts]
    assert sum(one.net for one in nets) == quantity[FUTURE]
    unmarked = sum(one.realised_vnd - one.cost_vnd for one in nets)
    cash = sum(one.cash_vnd + one.receivable_vnd() - one.debt_vnd for one in accounts)
    interest = sum(one.amount_vnd for one in moved if one.kind is MovementKind.INTEREST)
    opening = sum(one.cash_vnd for one in opened)
    assert cash + unmarked == opening - sum(value.values()) - costs_vnd(brokerage) + interest
    for account in accounts:
        assert account.cash_vnd == sum(one.amount_vnd for one in moved if one.account == account.number)


def assert_within_means(brokerage: Brokerage) -> None:
    """Nobody has spent, offered or held more than there was."""
    broker = brokerage.broker
    for account in broker.accounts.values():
        orders = broker.open_orders(account.number)
        if account.kind is not AccountKind.DERIVATIVES:
            assert account.cash_vnd >= 0
            for symbol, holding in account.holdings.items():
                offered = sum(o.open_quantity for o in orders if o.symbol == symbol and o.side is Side.SELL)
                assert offered <= holding.quantity
        if account.kind is AccountKind.CASH:
            assert purchasing_power_vnd(account, orders, brokerage.exchange.securities, broker.terms) >= 0
            assert account.debt_vnd == 0
    held = sum(order.room_held for order in broker.orders.values())
    bought = sum(
        fill["quantity"] * (1 if order.side is Side.BUY else -1)
        for fill in brokerage.journal.fills()
        if (order := next(one for one in brokerage.journal.all_orders() if one.order_id == fill["orderID"])).account
        == FOREIGN
    )
    rooms = sum(brokerage.security(symbol).room_left for symbol in ("SSI", "SHS"))
    assert rooms == 2 * 10_000_000 * 49 // 200 - held - bought


def assert_in_their_books(brokerage: Brokerage) -> None:
    """Round lots and odd lots do not mix, and outside auctions no book is crossed."""
    for symbol in ("SSI", "SHS"):
        security = brokerage.security(symbol)
        for side in Side:
            assert all(level.quantity % 100 == 0 for level in security.book.depth(side, 100))
        resting = [
            (order, book)
            for number in SHARE_ACCOUNTS
            for order in brokerage.broker.open_orders(number)
            if order.symbol == symbol and (book := brokerage.broker.resting(order)) is not None
        ]
        for order, in_book in resting:
            assert in_book.remaining == order.open_quantity
            number = in_book.order_id
            assert (number in security.odd_book) is (order.open_quantity < 100)
        for book_of in (security.book, security.odd_book):
            bid_vnd, ask_vnd = book_of.best_bid(), book_of.best_ask()
            if not security.in_auction and bid_vnd is not None and ask_vnd is not None:
                assert bid_vnd < ask_vnd


@settings(max_examples=60, deadline=None)
@given(steps=steps)
def test_cash_shares_contracts_and_rooms_are_conserved(steps):
    play = Play()
    try:
        for step in steps:
            play.step(step)
            assert_within_means(play.brokerage)
            assert_in_their_books(play.brokerage)
        assert_conserved(play.brokerage)
        play.brokerage.until("12-04 14:50")  # everything has arrived, every order has ended
        assert_conserved(play.brokerage)
        accounts = play.brokerage.broker.accounts.values()
        assert all(not one.cash_lots and not one.share_lots for one in accounts)
        assert all(not order.is_open for order in play.brokerage.journal.all_orders())
        assert sum(order.room_held for order in play.brokerage.journal.all_orders()) == 0
    finally:
        play.brokerage.close()


@pytest.mark.parametrize("kind", ["shares", "contracts"])
def test_the_check_itself_sees_a_lost_dong(kind):
    brokerage = Brokerage()
    if kind == "shares":
        brokerage.others("SELL 100 SSI LO@20000")
        brokerage.order("BUY 100 SSI LO@20000")
        assert_conserved(brokerage)
        brokerage.account(CASH).cash_vnd -= 1
    else:
        brokerage.others(f"SELL 1 {FUTURE} LO@1900")
        brokerage.order(f"BUY 1 {FUTURE} LO@1900", DERIVATIVES)
        assert_conserved(brokerage)
        brokerage.account(DERIVATIVES).contracts[FUTURE].cost_vnd += 1
    with pytest.raises(AssertionError):
        assert_conserved(brokerage)
    brokerage.close()
