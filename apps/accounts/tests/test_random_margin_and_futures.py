"""Random histories of a margin and a derivatives account, with a second set of books kept by hand beside ours."""

from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.accounts import selectors, services
from apps.accounts.models import BrokerageAccount, MarginTerms
from apps.accounts.services import OpeningPosition
from apps.accounts.tests.conftest import MONDAY, Desk
from qts.domain.market import VIETNAM, to_vietnam
from qts.domain.portfolio import FeeSchedule, FutureTerms
from qts.domain.values import Actor, ActorKind, Side

FEES, FUTURES = FeeSchedule(), FutureTerms()
FUTURE, LAST = "41I1GB000", date(2026, 11, 19)
CLERK = Actor(ActorKind.USER, "1")
points = st.integers(12_000, 13_500)  # tenths of a point, 10,000 VND each


class Lent:
    """A margin account as its owner counts it: what is there, what comes when, what is owed."""

    def __init__(self, cash_vnd: int) -> None:
        self.cash_vnd, self.loan_vnd, self.interest_vnd, self.shares = cash_vnd, 0, 0, 1_000
        self.coming: list[tuple[datetime, int]] = []
        self.night_of = MONDAY.date()

    def reach(self, now: datetime) -> None:
        """Every night costs 13 % a year of the loan that its day left behind."""
        while self.night_of < to_vietnam(now).date():
            self._arrive(datetime.combine(self.night_of, time.max, VIETNAM))
            self.interest_vnd += self.loan_vnd * 13 // 36_500
            self.night_of += timedelta(days=1)
        self._arrive(now)

    def _arrive(self, now: datetime) -> None:
        arrived = [amount for due_at, amount in self.coming if due_at <= now]
        self.coming = [one for one in self.coming if one[0] > now]
        self.cash_vnd += sum(arrived)
        if arrived:
            self.repay()

    def repay(self) -> None:
        interest = min(self.interest_vnd, max(0, self.cash_vnd))
        loan = min(self.loan_vnd, max(0, self.cash_vnd - interest))
        self.cash_vnd -= interest + loan
        self.interest_vnd, self.loan_vnd = self.interest_vnd - interest, self.loan_vnd - loan

    def buy(self, cost_vnd: int) -> None:
        lent = min(cost_vnd, max(0, cost_vnd - self.cash_vnd))
        self.cash_vnd, self.loan_vnd = self.cash_vnd + lent - cost_vnd, self.loan_vnd + lent


class MoreBooks(RuleBasedStateMachine):
    """Of futures the hand counts what was traded at which price, and nothing of marks: what the account has is what it
    began with, less all that was traded, plus what the open contracts are carried at."""

    @initialize()
    def take_over(self) -> None:
        self.savepoint = transaction.savepoint()
        self.now, self.number = MONDAY, 0
        self.margin, self.futures = Desk(opened("MARGIN", 30_000_000)), Desk(opened("DERIVATIVES", 900_000_000))
        MarginTerms.objects.create(account_id=self.margin.account_id, credit_limit_vnd=10**12)
        self.lent = Lent(30_000_000)
        self.net, self.traded_vnd, self.costs_vnd = 0, 0, 0
        self.priced: dict[date, int] = {}

    @rule(quantity=st.integers(1, 4_000), price=st.integers(10_000, 40_000))
    def buy(self, quantity: int, price: int) -> None:
        self.lent.reach(self.now)
        self.margin.fill(Side.BUY, quantity, price, now=self.now, fill_id=self._name())
        self.lent.buy(quantity * price + FEES.fee_vnd(quantity * price))
        self.lent.shares += quantity

    @rule(share=st.floats(0.01, 1), price=st.integers(10_000, 40_000))
    def sell(self, share: float, price: int) -> None:
        here = selectors.account_state(self.margin.account_id, self.now).position("SSI").sellable_quantity
        if quantity := round(share * here):
            self.lent.reach(self.now)
            self.margin.fill(Side.SELL, quantity, price, now=self.now, fill_id=self._name())
            value = quantity * price
            self.lent.coming.append((arrives(self.now), value - FEES.fee_vnd(value) - FEES.sale_tax_vnd(value)))
            self.lent.shares -= quantity

    @rule(amount=st.integers(1, 50_000_000))
    def deposit(self, amount: int) -> None:
        self.lent.reach(self.now)
        services.record_cash_event(
            account_id=self.margin.account_id, kind="DEPOSIT", amount_vnd=amount, reference=self._name(), actor=CLERK,
            now=self.now,
        )  # fmt: skip
        self.lent.cash_vnd += amount
        self.lent.repay()

    @precondition(lambda self: to_vietnam(self.now).date() <= LAST)
    @rule(side=st.sampled_from(Side), quantity=st.integers(1, 5), tenths=points, is_told_late=st.booleans())
    def trade_contracts(self, side: Side, quantity: int, tenths: int, is_told_late: bool) -> None:
        """Some are told a trading day later, when it may have been settled."""
        at = self.now
        if is_told_late and to_vietnam(at).date() > MONDAY.date():
            at = trading_day_before(at)
        value = quantity * tenths * 10_000
        self.futures.fill(side, quantity, tenths * 10_000, FUTURE, now=at, fill_id=self._name())
        signed = 1 if side is Side.BUY else -1
        self.net += signed * quantity
        self.traded_vnd += signed * value
        self.costs_vnd += FUTURES.fees_vnd(quantity) + FUTURES.tax_vnd(value)
        self._expire()

    @rule(tenths=points, days_back=st.integers(0, 2))
    def settle_futures(self, tenths: int, days_back: int) -> None:
        """The evening's price of today, or one of a day that was left out."""
        self.now = self.now.replace(hour=15, minute=30)
        day = (self.now - timedelta(days=days_back)).date()
        if MONDAY.date() <= day <= LAST and day.weekday() < 5 and day not in self.priced:
            price_vnd = self.priced[day] = tenths * 10_000
            services.record_settlement_price(FUTURE, day, price_vnd, source="VSDC", actor=CLERK, now=self.now)
            self._expire()
            if not days_back:
                held = self._held()
                assert (held.cost_vnd, held.due_vnd) == (self.net * price_vnd, 0)

    @rule(days=st.integers(1, 3), is_worker_there=st.booleans())
    def days_pass(self, days: int, is_worker_there: bool) -> None:
        self.now = (self.now + timedelta(days=days)).replace(hour=9, minute=30)
        while self.now.weekday() > 4:
            self.now += timedelta(days=1)
        if is_worker_there:
            services.settle_due(self.now)

    @invariant()
    def both_sets_of_books_say_the_same(self) -> None:
        self.lent.reach(self.now)
        services.settle_due(self.now)
        for desk in (self.margin, self.futures):
            assert selectors.ledger_differences(desk.account_id, now=self.now) == []
            assert sum(selectors.ledger_totals(desk.account_id).values()) == 0
        lent, ours = self.lent, selectors.account_state(self.margin.account_id, self.now)
        assert (ours.loan_vnd, ours.interest_due_vnd, ours.at_broker_vnd) == (
            lent.loan_vnd, lent.interest_vnd, lent.cash_vnd,
        )  # fmt: skip
        assert (ours.cash_pending_vnd, ours.position("SSI").quantity) == (
            sum(amount for _, amount in lent.coming), lent.shares,
        )  # fmt: skip
        held, deposit = self._held(), selectors.account_state(self.futures.account_id, self.now)
        assert held.net == self.net
        assert deposit.cash_vnd == 900_000_000 - self.costs_vnd - self.traded_vnd + held.cost_vnd
        assert deposit.margin_vnd == FUTURES.initial_margin_vnd(abs(held.cost_vnd))

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)

    def _expire(self) -> None:
        """The final price closes what is open, also what is told of afterwards."""
        if LAST in self.priced:
            self.traded_vnd -= self.net * self.priced[LAST]
            self.net = 0

    def _held(self):
        contracts = selectors.account_state(self.futures.account_id, self.now).contracts
        return contracts.get(FUTURE, selectors.ContractState(FUTURE)).holding

    def _name(self) -> str:
        self.number += 1
        return f"{self.margin.account_id}:{self.number}"


def opened(kind: str, cash_vnd: int) -> UUID:
    account_id = services.open_account(number=uuid4().hex[:20], name="random", connection_id=uuid4())
    BrokerageAccount.objects.filter(id=account_id).update(kind=kind)
    held = [OpeningPosition("SSI", 1_000, 24_000_001)] if kind == "MARGIN" else []
    services.adopt_balances(account_id=account_id, cash_vnd=cash_vnd, positions=held, now=MONDAY.replace(hour=8))
    return account_id


def arrives(at: datetime) -> datetime:
    """13:00 of the second trading day after; these weeks have no holiday."""
    day = at
    for _ in range(2):
        day += timedelta(days=3 if day.weekday() == 4 else 1)
    return day.replace(hour=13, minute=0)


def trading_day_before(at: datetime) -> datetime:
    return at - timedelta(days=3 if at.weekday() == 0 else 1)


class TestMoreRandomHistories(MoreBooks.TestCase, TestCase):  # type: ignore[valid-type, misc]  # made at run time
    """Every history is rolled back."""

    settings = settings(  # type: ignore[assignment]  # the name that Hypothesis reads
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
