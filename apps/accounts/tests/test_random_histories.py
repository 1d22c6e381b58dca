"""Random orders, fills, cancels and days, with a second set of books kept by hand beside ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.accounts import selectors, services
from apps.accounts.services import ActionNotice, OpeningPosition
from apps.accounts.tests.conftest import MONDAY, Desk, day
from qts.domain.market import to_vietnam
from qts.domain.portfolio import (
    ActionKind,
    ActionTerms,
    FeeSchedule,
    bonus_sale_tax_vnd,
    cash_needed_vnd,
    entitlement,
    paid_at,
)
from qts.domain.values import Actor, ActorKind, Side

FEES = FeeSchedule()
SYMBOLS = ("SSI", "HPG")
FIRST, SECOND = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
ACTIONS = (
    ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=777),
    ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=7, old_shares=100),
    ActionTerms(ActionKind.SPLIT, new_shares=3, old_shares=2),
    ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=3, subscription_price_vnd=10_000),
)
prices = st.integers(1_000, 60_000)
quantities = st.integers(1, 400)


@dataclass
class Working:
    """An order as its owner knows it."""

    id: UUID
    side: Side
    symbol: str
    price_vnd: int
    open_quantity: int


class Books(RuleBasedStateMachine):
    """The hand-kept side counts shares and cash only: what was paid, what was received."""

    @initialize()
    def take_over(self) -> None:
        self.savepoint = transaction.savepoint()  # all histories share the test's transaction: each is taken back
        self.now = MONDAY
        self.account_id = services.open_account(number=uuid4().hex[:20], name="random", connection_id=uuid4())
        self.desk = Desk(self.account_id)
        self.cash_vnd = 50_000_000
        self.shares = {"SSI": 1_000, "HPG": 0}
        self.untaxed: dict[str, list[tuple[datetime, int]]] = {"SSI": [], "HPG": []}
        opening = [OpeningPosition("SSI", 1_000, 24_000_001)]
        services.adopt_balances(account_id=self.account_id, cash_vnd=self.cash_vnd, positions=opening, now=self.now)
        self.orders: list[Working] = []
        self.last_fill: tuple[Working, int, int, str] | None = None

    @rule(side=st.sampled_from(Side), symbol=st.sampled_from(SYMBOLS), price=prices, quantity=quantities)
    def order(self, side: Side, symbol: str, price: int, quantity: int) -> None:
        """What the gate would let pass: within buying power or sellable shares."""
        state = selectors.account_state(self.account_id, self.now)
        amount = cash_needed_vnd(quantity=quantity, price_vnd=price, fees=FEES) if side is Side.BUY else 0
        if amount > state.buying_power_vnd or (
            side is Side.SELL and quantity > state.position(symbol).sellable_quantity
        ):
            return
        order_id = self.desk.reserve(side, quantity, amount, symbol, self.now)
        self.orders.append(Working(order_id, side, symbol, price, quantity))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        quantity = data.draw(st.integers(1, order.open_quantity))
        better = data.draw(st.integers(0, 900))
        price = order.price_vnd - better if order.side is Side.BUY else order.price_vnd + better
        self._book(order, quantity, price, f"{order.id}:{order.open_quantity}"[:64])
        value = quantity * price
        if order.side is Side.BUY:
            self.cash_vnd -= value + FEES.fee_vnd(value)
            self.shares[order.symbol] += quantity
        else:
            untaxed = self._take_untaxed(order.symbol, quantity)
            bonus_tax = bonus_sale_tax_vnd(sold_quantity=quantity, untaxed_quantity=untaxed, price_vnd=price)
            self.cash_vnd += value - FEES.fee_vnd(value) - FEES.sale_tax_vnd(value) - bonus_tax
            self.shares[order.symbol] -= quantity
        order.open_quantity -= quantity
        self.orders = [working for working in self.orders if working.open_quantity]

    @precondition(lambda self: self.last_fill)
    @rule()
    def fill_again(self) -> None:
        """The broker repeats itself after a reconnect."""
        assert self.last_fill is not None
        self._book(*self.last_fill)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        self.desk.release(order.id, self.now)
        self.orders.remove(order)

    @rule(amount=st.integers(1, 5_000_000), comes_in=st.booleans())
    def move_cash(self, amount: int, comes_in: bool) -> None:
        """Deposits, and withdrawals of what is free."""
        if not comes_in and amount > selectors.account_state(self.account_id, self.now).buying_power_vnd:
            return
        services.record_cash_event(
            account_id=self.account_id,
            kind="DEPOSIT" if comes_in else "WITHDRAWAL",
            amount_vnd=amount,
            reference=uuid4().hex,
            actor=FIRST,
            now=self.now,
        )
        self.cash_vnd += amount if comes_in else -amount

    @rule(symbol=st.sampled_from(SYMBOLS), terms=st.sampled_from(ACTIONS), days=st.integers(0, 9))
    def come_off(self, symbol: str, terms: ActionTerms, days: int) -> None:
        """A company pays: tomorrow begins without the right. Orders end overnight, as they do at exchanges."""
        for order in self.orders:
            self.desk.release(order.id, self.now)
        self.orders = []
        services.settle_due(self.now)  # the account is there before the ex-date begins
        self.now = (self.now + timedelta(days=1)).replace(hour=8)
        ex_date = to_vietnam(self.now).date()
        notice = ActionNotice(symbol, ex_date, ex_date + timedelta(days=days), terms, "notice")
        services.confirm_action(services.propose_action(notice, actor=FIRST, now=MONDAY), actor=SECOND, now=MONDAY)
        services.settle_due(self.now)
        got = entitlement(terms, self.shares[symbol])
        self.cash_vnd += got.net_cash_vnd
        self.shares[symbol] += got.shares
        if terms.kind is ActionKind.STOCK_DIVIDEND:
            self.untaxed[symbol].append((paid_at(ex_date + timedelta(days=days)), got.shares))

    @rule(hours=st.integers(1, 30), is_worker_there=st.booleans())
    def time_passes(self, hours: int, is_worker_there: bool) -> None:
        self.now += timedelta(hours=hours)
        if is_worker_there:
            services.settle_due(self.now)

    @invariant()
    def nothing_is_lost_and_nothing_is_negative(self) -> None:
        state = selectors.account_state(self.account_id, self.now)
        assert selectors.ledger_differences(self.account_id, now=self.now) == []
        assert state.cash_vnd == self.cash_vnd
        assert {symbol: state.position(symbol).quantity for symbol in SYMBOLS} == self.shares
        assert state.buying_power_vnd >= 0
        assert min(state.cash_pending_vnd, state.payable_vnd, state.reserved_orders_vnd, state.dividends_due_vnd) >= 0
        assert sum(selectors.ledger_totals(self.account_id).values()) == 0
        assert state.open_order_count == len(self.orders)
        for symbol in SYMBOLS:
            position = state.position(symbol)
            assert 0 <= position.sellable_quantity <= position.quantity - position.reserved_sell_quantity
        needed = [
            cash_needed_vnd(quantity=order.open_quantity, price_vnd=order.price_vnd, fees=FEES)
            for order in self.orders
            if order.side is Side.BUY
        ]
        assert state.reserved_orders_vnd >= sum(needed)

    def teardown(self) -> None:
        """Two weeks later everything has arrived."""
        if hasattr(self, "account_id"):
            state = selectors.account_state(self.account_id, self._weeks_later())
            transaction.savepoint_rollback(self.savepoint)
            assert (state.cash_pending_vnd, state.payable_vnd) == (0, 0)
            assert state.cash_settled_vnd == self.cash_vnd

    def _book(self, order: Working, quantity: int, price: int, fill_id: str) -> None:
        self.last_fill = (order, quantity, price, fill_id)
        self.desk.fill(order.side, quantity, price, order.symbol, self.now, order_id=order.id, fill_id=fill_id)

    def _take_untaxed(self, symbol: str, quantity: int) -> int:
        """What is sold is taxed first, of what is listed."""
        listed = sum(shares for at, shares in self.untaxed[symbol] if at <= self.now)
        coming = [(at, shares) for at, shares in self.untaxed[symbol] if at > self.now]
        taken = min(quantity, listed)
        self.untaxed[symbol] = [(self.now, listed - taken), *coming]
        return taken

    def _weeks_later(self) -> datetime:
        return max(self.now, day(0)) + timedelta(days=14)


class TestRandomHistories(Books.TestCase, TestCase):  # type: ignore[valid-type, misc]  # made at run time
    """Every history is rolled back."""

    settings = settings(  # type: ignore[assignment]  # the name that Hypothesis reads
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
