"""What a strategy's own matches have made of the day, and the end of one that lost too much."""

import pytest
from django.apps import apps

from apps.orders import selectors as orders
from apps.orders.selectors import StrategyDay
from apps.risk import selectors as risk
from apps.risk.services import change_limit
from apps.strategies import selectors
from apps.strategies.services.losses import stop_what_loses
from apps.strategies.tests.conftest import NOW, TRADER
from qts.domain.errors import RuleCode
from qts.domain.market import to_vietnam

TODAY = to_vietnam(NOW).date()
YESTERDAY = TODAY.replace(day=TODAY.day - 3)


@pytest.mark.parametrize(
    ("held", "bought", "paid_vnd", "profit_vnd"),
    [
        (0, 0, 0, 0),
        (100, 100, 2_600_000, -100_000),  # bought today at 26,000, now at 25,000
        (100, 0, 0, 50_000),  # held since yesterday, whose close was 24,500
        (0, -100, -2_400_000, -50_000),  # sold today at 24,000 what was held since yesterday
        (0, 0, 30_000, -30_000),  # bought and sold today
        (200, 100, 2_450_000, 50_000 + 50_000),
    ],
)
def test_a_day_is_what_is_held_now_less_what_was_held_and_what_was_paid(held, bought, paid_vnd, profit_vnd):
    assert StrategyDay("s", "SSI", held, bought, paid_vnd).profit_vnd(25_000, 24_500) == profit_vnd


def matched(account_id, strategy_id, side, quantity, price_vnd, *, day=TODAY):
    """An order that was filled as a whole."""
    order = apps.get_model("orders", "Order")
    order.objects.create(
        account_id=account_id, connection_id=account_id, client_order_id=str(order.objects.count()), body_hash="x",
        trading_day=day, symbol="SSI", exchange="HOSE", side=side, order_type="LO", quantity=quantity,
        price_vnd=price_vnd, status="FILLED", filled_quantity=quantity, filled_value_vnd=quantity * price_vnd,
        strategy_id=str(strategy_id), actor_kind="strategy", actor_id=str(strategy_id), submitted_at=NOW,
        updated_at=NOW,
    )  # fmt: skip


def limit(strategy_id, most_vnd):
    change_limit(
        code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=most_vnd, scope="strategy", scope_id=str(strategy_id),
        reason="test", actor=TRADER, now=NOW,
    )  # fmt: skip


def test_matches_of_today_and_of_before_are_told_apart(account_id, strategy_id):
    matched(account_id, strategy_id, "BUY", 300, 24_000, day=YESTERDAY)
    matched(account_id, strategy_id, "BUY", 200, 26_000)
    matched(account_id, strategy_id, "SELL", 100, 25_500)
    matched(account_id, "another", "BUY", 1_000, 26_000)
    assert orders.strategy_days([str(strategy_id)], TODAY) == [
        StrategyDay(str(strategy_id), "SSI", 400, 100, 200 * 26_000 - 100 * 25_500)
    ]


@pytest.mark.parametrize(("most_vnd", "is_stopped"), [(1_000_000, False), (999_999, True)])
def test_one_dong_over_its_limit_ends_it(account_id, strategy_id, most_vnd, is_stopped):
    matched(account_id, strategy_id, "BUY", 1_000, 26_000)  # SSI is at 25,000: 1,000,000 VND lost
    limit(strategy_id, most_vnd)
    stop_what_loses(NOW)
    assert selectors.strategy(strategy_id).is_running is not is_stopped
    engaged = [(switch.scope, switch.reason) for switch in risk.kill_switches(engaged_only=True)]
    told = f"runaway: lost 1,000,000 VND today, allowed are {most_vnd:,} VND"
    assert engaged == ([(f"strategy:{strategy_id}", told)] if is_stopped else [])


def test_without_a_limit_of_its_own_a_strategy_may_lose(account_id, strategy_id):
    matched(account_id, strategy_id, "BUY", 1_000, 26_000)
    stop_what_loses(NOW)
    assert selectors.strategy(strategy_id).is_running


def test_what_others_lose_in_the_account_is_not_its_loss(account_id, strategy_id):
    matched(account_id, "", "BUY", 1_000, 26_000)
    limit(strategy_id, 1)
    stop_what_loses(NOW)
    assert selectors.strategy(strategy_id).is_running
