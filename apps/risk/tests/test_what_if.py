"""What a change of a limit would have done to orders of the past: exactly these and no other ones."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from apps.accounts import services as accounts
from apps.eventlog import selectors as eventlog
from apps.risk import services
from apps.risk.models import EquityPoint, RiskLimit, SecuritySector
from apps.risk.services import LimitChange, PastOrder, PastOrders, WhatIf, ask_for_past_orders, past_orders
from apps.risk.tests.conftest import MONDAY
from qts.domain.errors import Breach, RuleCode
from qts.domain.market import to_vietnam
from qts.domain.values import OrderType, Side

VALUE, QUANTITY = RuleCode.ORDER_VALUE_EXCEEDS_MAX, RuleCode.ORDER_QUANTITY_EXCEEDS_MAX
MINUTE = timedelta(minutes=1)
BREAKOUT = "5525cb34-b425-4977-bd96-01e3de82e564"


class Told:
    """Orders as the app above would tell of them, `BUY 300 SSI @ 25000` a minute apart from nine o'clock."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        self.orders: list[PastOrder] = []
        self.asked: list[tuple[datetime, UUID | None]] = []
        self.left_out = 0

    def __call__(self, *, since: datetime, account_id: UUID | None, at_most: int) -> PastOrders:
        self.asked.append((since, account_id))
        return PastOrders(tuple(self.orders), self.left_out)

    def add(
        self, text: str, *, lasts: timedelta | None = None, filled=0, denied: Iterable[Breach] = (), **changes
    ) -> str:
        """`lasts`: how long it worked, None while it works still; a name for it."""
        side, quantity, symbol, _, last = text.split()
        price = int(last) if last.isdigit() else None
        at = changes.pop("at", MONDAY - timedelta(hours=1) + len(self.orders) * MINUTE)
        fields = {
            "id": uuid4(), "account_id": self.account_id, "account_number": "0901351", "symbol": symbol,
            "exchange": "HOSE", "side": Side(side), "order_type": OrderType.LO if price else OrderType(last),
            "quantity": int(quantity), "price_vnd": price, "strategy_id": "", "user_id": "7",
            "trading_day": to_vietnam(at).date(), "submitted_at": at,
            "ended_at": at if denied else (at + lasts if lasts is not None else None), "is_denied": bool(denied),
            "filled_quantity": filled, "filled_value_vnd": filled * (price or 0), "breaches": tuple(denied),
        }  # fmt: skip
        self.orders.append(PastOrder(**(fields | changes)))
        return text


@pytest.fixture
def told(account_id, monkeypatch):
    monkeypatch.setattr(past_orders, "_readers", [])
    found = Told(account_id)
    ask_for_past_orders(found)
    return found


def ask(code: RuleCode = VALUE, limit: int = 0, **changes) -> WhatIf:
    [answer] = services.what_if([LimitChange(code=code, limit=limit, **changes)], MONDAY)
    return answer


def texts(judged) -> list[str]:
    return [f"{one.order.side} {one.order.quantity} {one.order.symbol} = {one.actual}" for one in judged]


def test_a_lower_value_refuses_what_is_above_it_and_nothing_at_it(told):
    told.add("BUY 200 SSI @ 25000")  # 5,000,000: exactly the new limit
    told.add("BUY 300 SSI @ 25000")
    told.add("SELL 400 SSI @ 25000", lasts=MINUTE)
    told.add("BUY 100 SSI @ 25000", lasts=MINUTE)
    answer = ask(limit=5_000_000)
    assert texts(answer.orders.working_refused) == ["BUY 300 SSI = 7500000"]
    assert texts(answer.orders.past_refused) == ["SELL 400 SSI = 10000000"]
    assert answer.orders.admitted == ()
    assert (answer.limit_before, answer.limit_after) == (2_000_000_000, 5_000_000)
    assert (answer.orders.judged_count, answer.orders.unknown_count, answer.orders.bases) == (4, 0, ("order",))


def test_nothing_is_written(told):
    told.add("BUY 300 SSI @ 25000")
    before = (RiskLimit.objects.count(), len(eventlog.history()))
    ask(limit=1)
    assert (RiskLimit.objects.count(), len(eventlog.history())) == before


def test_a_higher_value_admits_what_was_refused_for_it_alone(told):
    alone = Breach(VALUE, limit=2_000_000_000, actual=2_500_000_000)
    told.add("BUY 100000 SSI @ 25000", denied=[alone])
    told.add("BUY 100100 SSI @ 25000", denied=[alone, Breach(RuleCode.BUYING_POWER_EXCEEDED, 1, 2)])
    told.add("BUY 100200 SSI @ 25000", denied=[Breach(VALUE, limit=2_000_000_000, actual=3_000_000_001)])
    told.add("BUY 300 SSI @ 25000")
    answer = ask(limit=3_000_000_000)
    assert texts(answer.orders.admitted) == ["BUY 100000 SSI = 2500000000"]
    assert answer.orders.admitted[0].basis == "gate"
    assert (answer.orders.working_refused, answer.orders.past_refused) == ((), ())


def test_an_order_that_was_refused_for_something_else_is_not_refused_again(told):
    told.add("BUY 300 SSI @ 25000", denied=[Breach(RuleCode.MARKET_DATA_MISSING)])
    answer = ask(limit=1)
    assert (answer.orders.working_refused, answer.orders.past_refused) == ((), ())


def test_where_another_limit_is_tighter_the_change_decides_nothing(told, account_id):
    RiskLimit.objects.create(
        code=VALUE, scope="account", scope_id=str(account_id), limit=1_000_000, version=1, reason="tight",
        changed_by="test", effective_at=MONDAY,
    )  # fmt: skip
    told.add("BUY 300 SSI @ 25000")
    assert ask(limit=5_000_000).orders.working_refused == ()
    widened = ask(limit=50_000_000, scope="account", scope_id=str(account_id))
    assert widened.orders.working_refused == ()


@pytest.mark.parametrize(
    ("scope", "scope_id", "expected"),
    [
        ("symbol", "SSI", ["SSI", "SSI"]),
        ("exchange", "HNX", ["SHS"]),
        ("user", "7", ["SSI", "SHS"]),
        ("strategy", BREAKOUT, ["SSI"]),
        ("sector", "banks", ["SHS"]),
    ],
)
def test_a_limit_of_one_scope_decides_its_own_orders_only(told, scope, scope_id, expected):
    SecuritySector.objects.create(symbol="SHS", sector="banks")
    told.add("BUY 300 SSI @ 25000")
    told.add("BUY 300 SSI @ 25000", user_id="", strategy_id=BREAKOUT)
    told.add("BUY 300 SHS @ 12000", exchange="HNX")
    answer = ask(QUANTITY, 200, scope=scope, scope_id=scope_id)
    assert sorted(one.order.symbol for one in answer.orders.working_refused) == sorted(expected)
    assert answer.orders.judged_count == len(expected)


def test_open_orders_are_counted_as_they_were(told):
    told.add("BUY 100 SSI @ 25000", lasts=10 * MINUTE)
    told.add("BUY 200 SSI @ 25000", lasts=timedelta(seconds=30))
    told.add("BUY 300 SSI @ 25000")  # beside the first
    told.add("BUY 350 SSI @ 25000", denied=[Breach(RuleCode.MARKET_DATA_MISSING)])  # never worked
    told.add("BUY 400 SSI @ 25000", at=MONDAY)  # beside the third
    told.add("BUY 500 SSI @ 25000", at=MONDAY + MINUTE)
    answer = ask(RuleCode.OPEN_ORDERS_EXCEED_MAX, 2)
    assert texts(answer.orders.working_refused) == ["BUY 500 SSI = 3"]
    assert answer.orders.bases == ("replay",)


def test_the_days_value_begins_anew_each_day_and_forgets_what_was_cancelled(told):
    code, yesterday = RuleCode.DAY_VALUE_EXCEEDS_MAX, MONDAY - timedelta(days=1)
    told.add("BUY 1000 SSI @ 25000", at=yesterday, lasts=MINUTE, filled=1000)
    told.add("BUY 100 SSI @ 25000", lasts=timedelta(seconds=1), filled=100)  # 2,500,000 traded
    told.add("BUY 800 SSI @ 25000", lasts=timedelta(seconds=1))  # cancelled
    told.add("SELL 200 SSI @ 25000")
    told.add("BUY 300 SSI @ 25000")
    answer = ask(code, 14_999_999)
    assert texts(answer.orders.working_refused) == ["BUY 300 SSI = 15000000"]
    assert texts(answer.orders.past_refused) == ["BUY 800 SSI = 22500000", "BUY 1000 SSI = 25000000"]


def test_a_position_is_what_was_held_before_what_was_traded_since(told):
    """1,000 SSI are held now: 700 before the purchase of 300 was filled."""
    told.add("BUY 300 SSI @ 25000", lasts=MINUTE, filled=300)
    told.add("BUY 200 SSI @ 25000")
    told.add("BUY 100 SSI @ 25000")
    told.add("SELL 900 SSI @ 25000")
    answer = ask(RuleCode.POSITION_EXCEEDS_MAX, 999)
    assert texts(answer.orders.past_refused) == ["BUY 300 SSI = 1000"]
    assert texts(answer.orders.working_refused) == ["BUY 100 SSI = 1300", "BUY 200 SSI = 1200"]


def test_a_loss_is_the_one_of_the_minute_or_of_the_one_before(told, account_id):
    for minutes, pnl in ((0, -3_000_000), (2, -8_000_000)):
        EquityPoint.objects.create(
            account_id=account_id, at=(MONDAY + minutes * MINUTE).replace(second=0, microsecond=0),
            equity_vnd=90_000_000, peak_vnd=100_000_000, day_pnl_vnd=pnl, exposure_vnd=0,
        )  # fmt: skip
    for quantity, minutes in ((100, 0), (200, 1), (300, 2), (400, 9)):
        told.add(f"BUY {quantity} SSI @ 25000", at=MONDAY + minutes * MINUTE)
    answer = ask(RuleCode.DAILY_LOSS_EXCEEDS_MAX, 5_000_000)
    assert texts(answer.orders.working_refused) == ["BUY 300 SSI = 8000000"]
    assert (answer.orders.judged_count, answer.orders.unknown_count) == (3, 1)
    assert len(ask(RuleCode.DRAWDOWN_EXCEEDS_MAX, 999).orders.working_refused) == 3


def test_what_was_not_kept_is_not_made_up(told):
    told.add("BUY 300 SSI @ MTL")  # valued at a ceiling that is not known any more
    told.add("BUY 300 SSI @ 25000", denied=[Breach(RuleCode.PRICE_FAR_FROM_LAST, limit=100, actual=250)])
    assert (ask(limit=1).orders.judged_count, ask(limit=1).orders.unknown_count) == (1, 1)
    far = ask(RuleCode.PRICE_FAR_FROM_LAST, 300)
    assert (far.orders.judged_count, far.orders.unknown_count) == (1, 1)
    assert far.orders.admitted == ()  # no such limit is in force today: it would pass already


def test_the_limit_that_ends_admits_and_headroom_has_no_limit(told):
    told.add("BUY 9 SSI @ 25000", denied=[Breach(RuleCode.OPEN_ORDERS_EXCEED_MAX, limit=100, actual=101)])
    answer = ask(RuleCode.OPEN_ORDERS_EXCEED_MAX, 100, is_active=False)
    assert texts(answer.orders.admitted) == ["BUY 9 SSI = 101"]
    [line] = answer.headroom
    assert (line.account_number, line.actual, line.limit_before, line.limit_after) == ("0901351", 0, 100, None)
    assert (line.percent_before, line.percent_after) == (0, None)


def test_headroom_says_how_much_of_the_limit_is_used_before_and_after(told, account_id):
    [line] = ask(RuleCode.POSITION_EXCEEDS_MAX, 1_250).headroom
    assert (line.actual, line.limit_before, line.limit_after) == (1_000, 200_000, 1_250)
    assert (line.percent_before, line.percent_after) == (0, 80)
    assert ask(RuleCode.POSITION_EXCEEDS_MAX, 500, scope="symbol", scope_id="SSI").headroom == ()


def test_a_limit_of_one_account_asks_for_its_orders_of_thirty_days(told, account_id):
    ask(limit=1, scope="account", scope_id=str(account_id))
    ask(limit=1)
    since = MONDAY - timedelta(days=30)
    assert told.asked == [(since, account_id), (since, None)]


def test_statements_do_not_grow_with_orders(told, account_id, django_assert_max_num_queries):
    for _ in range(300):
        told.add("BUY 300 SSI @ 25000", lasts=MINUTE)
    with django_assert_max_num_queries(12):
        assert len(ask(RuleCode.POSITION_EXCEEDS_MAX, 1).orders.past_refused) == 300


def test_twenty_accounts_at_most_are_shown(told):
    for number in range(21):
        accounts.open_account(number=f"09{number:05}", name="Test", connection_id=uuid4())
    answer = ask(RuleCode.OPEN_ORDERS_EXCEED_MAX, 5)
    assert (len(answer.headroom), answer.accounts_left_out) == (20, 2)
