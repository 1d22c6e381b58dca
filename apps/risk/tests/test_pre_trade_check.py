"""The snapshot that the gate is given: from the books, the limits, the switches and the live market."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from apps.accounts import services as accounts
from apps.accounts.tests.live_market import clock_at
from apps.eventlog import selectors as eventlog
from apps.marketdata.selectors import security
from apps.risk import services
from apps.risk.models import KillSwitch, RiskLimit
from apps.risk.services import facts
from apps.risk.tests.conftest import MONDAY, OFFICER, TRADER, check, codes
from qts.domain.errors import Breach, RuleCode, TransientError
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import OrderType, Side


def test_an_ordinary_order_passes_and_leaves_no_trace(account_id):
    before = eventlog.history()
    assert check(account_id, "BUY 300 SSI @ 25050") == ()
    assert eventlog.history() == before


def test_buying_power_counts_what_other_orders_hold(account_id):
    with transaction.atomic():
        accounts.reserve(
            account_id=account_id, order_id=uuid4(), symbol="SSI", side=Side.BUY, quantity=3_900,
            amount_vnd=97_646_250, now=MONDAY,
        )  # fmt: skip
    (breach,) = check(account_id, "BUY 100 SSI @ 25000")
    assert breach == Breach(RuleCode.BUYING_POWER_EXCEEDED, limit=2_353_750, actual=2_503_750)


def test_shares_bought_today_cannot_be_sold_today(account_id):
    with transaction.atomic():
        accounts.book_fill(
            account_id=account_id, order_id=uuid4(), fill_id="f1", symbol="SSI", side=Side.BUY, quantity=500,
            price_vnd=25_000, now=MONDAY,
        )  # fmt: skip
    assert check(account_id, "SELL 1000 SSI @ 25000") == ()
    assert check(account_id, "SELL 1100 SSI @ 25000") == (
        Breach(RuleCode.SELLABLE_QUANTITY_EXCEEDED, limit=1_000, actual=1_100),
    )


def test_an_unknown_symbol_is_refused(account_id):
    assert codes(check(account_id, "BUY 100 XXX @ 25000")) == ["UNKNOWN_SYMBOL"]


def test_a_listed_symbol_without_a_price_today_is_refused(account_id):
    assert codes(check(account_id, "BUY 100 HPG @ 25000")) == ["MARKET_DATA_MISSING"]


def test_a_price_of_yesterday_is_no_price(account_id, market, settings):
    settings.MARKET_CLOCK = clock_at(MONDAY.replace(day=10))
    found = codes(check(account_id, "SELL 100 SSI @ 25000", now=MONDAY.replace(day=10)))
    assert found == ["MARKET_DATA_MISSING"]


def test_a_silent_stream_refuses_both_sides(account_id, market):
    market.hears(silent_for_s=16)
    for side in ("BUY", "SELL"):
        (breach,) = check(account_id, f"{side} 100 SSI @ 25000")
        assert (breach.code, breach.limit) == (RuleCode.MARKET_DATA_STALE, 15_000)
        assert breach.actual is not None
        assert 16_000 <= breach.actual < 30_000


def test_without_redis_everything_is_refused_and_says_why(account_id, monkeypatch):
    def away(*args):
        raise TransientError("connection refused")

    monkeypatch.setattr(facts, "market_and_quotes", away)
    assert codes(check(account_id, "BUY 100 SSI @ 25000")) == ["CHECK_FAILED", "MARKET_DATA_MISSING"]
    assert codes(check(account_id, "SELL 100 SSI @ 25000")) == ["MARKET_DATA_MISSING"]


def test_a_loss_of_the_day_refuses_purchases_and_lets_sales_out(account_id, market):
    services.change_limit(
        code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=1_500_000, reason="test", actor=OFFICER, now=MONDAY
    )
    market.quote("SSI", 23_400)  # 1,000 shares lost 1,600 each since yesterday
    assert check(account_id, "BUY 100 SSI @ 24000") == (
        Breach(RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=1_500_000, actual=1_600_000),
    )
    assert check(account_id, "SELL 1000 SSI @ 23400") == ()


def test_a_changed_limit_acts_on_the_next_order(account_id):
    assert check(account_id, "BUY 300 SSI @ 25000") == ()
    services.change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=5_000_000, reason="test", actor=OFFICER, now=MONDAY
    )
    assert check(account_id, "BUY 300 SSI @ 25000") == (
        Breach(RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=5_000_000, actual=7_500_000),
    )


def test_the_tightest_of_all_scopes_that_cover_the_order_binds(account_id):
    strategy_id = str(uuid4())
    value: dict[str, Any] = {
        "code": RuleCode.ORDER_VALUE_EXCEEDS_MAX,
        "reason": "test",
        "actor": OFFICER,
        "now": MONDAY,
    }
    services.change_limit(**value, limit=9_000_000, scope="account", scope_id=str(account_id))
    services.change_limit(**value, limit=8_000_000, scope="symbol", scope_id="SSI")
    services.change_limit(**value, limit=7_000_000, scope="strategy", scope_id=strategy_id)
    services.change_limit(**value, limit=1, scope="symbol", scope_id="HPG")
    services.change_limit(**value, limit=1, scope="account", scope_id=str(uuid4()))
    (by_hand,) = check(account_id, "BUY 400 SSI @ 25000")
    (by_strategy,) = check(account_id, "BUY 400 SSI @ 25000", strategy_id=strategy_id)
    assert (by_hand.limit, by_strategy.limit) == (8_000_000, 7_000_000)


def test_a_limit_that_is_not_active_does_not_bind(account_id):
    RiskLimit.objects.filter(code=RuleCode.OPEN_ORDERS_EXCEED_MAX).update(limit=0, is_active=False)
    assert check(account_id, "BUY 100 SSI @ 25000") == ()


@pytest.mark.parametrize("scope", ["firm", "account", "strategy"])
def test_a_kill_switch_stops_its_scope_and_only_that(account_id, scope):
    strategy_id, other_strategy = str(uuid4()), str(uuid4())
    name = {"firm": "firm", "account": f"account:{account_id}", "strategy": f"strategy:{strategy_id}"}[scope]
    services.engage_kill_switch(scope=name, reason="test", actor=OFFICER, now=MONDAY)
    (breach,) = check(account_id, "SELL 100 SSI @ 25000", strategy_id=strategy_id)
    assert (breach.code, breach.detail) == (RuleCode.KILL_SWITCH_ENGAGED, name)
    others = codes(check(account_id, "SELL 100 SSI @ 25000", strategy_id=other_strategy))
    assert others == ([] if scope == "strategy" else ["KILL_SWITCH_ENGAGED"])
    KillSwitch.objects.filter(scope=name).update(is_engaged=False)
    assert check(account_id, "SELL 100 SSI @ 25000", strategy_id=strategy_id) == ()


def test_broken_limits_are_announced_and_broken_market_rules_are_not(account_id):
    services.change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=5_000_000, reason="test", actor=OFFICER, now=MONDAY
    )
    check(account_id, "BUY 330 SSI @ 25030")
    (event,) = eventlog.history(topic="risk.limit.breached")
    assert event.actor == str(TRADER)
    assert event.body == {
        "account_id": str(account_id), "code": "ORDER_VALUE_EXCEEDS_MAX", "limit": 5_000_000, "actual": 8_259_900,
        "ts_market_ms": round(MONDAY.timestamp() * 1000),
    }  # fmt: skip


def test_a_check_that_breaks_down_is_a_refusal(account_id, monkeypatch):
    def broken(*args, **named):
        raise KeyError("bug")

    monkeypatch.setattr(facts, "effective_limits", broken)
    assert check(account_id, "SELL 100 SSI @ 25000") == (Breach(RuleCode.CHECK_FAILED, detail="KeyError"),)


def test_an_error_of_the_database_is_not_taken_for_an_answer(account_id, monkeypatch):
    def broken(*args, **named):
        raise DatabaseError("gone")

    monkeypatch.setattr(facts, "effective_limits", broken)
    with pytest.raises(DatabaseError):
        check(account_id, "SELL 100 SSI @ 25000")


def test_the_gate_asks_the_database_eleven_times_whatever_is_held(account_id, django_assert_max_num_queries):
    with transaction.atomic():
        for number in range(10):
            accounts.reserve(
                account_id=account_id, order_id=uuid4(), symbol=f"S{number}", side=Side.BUY, quantity=100,
                amount_vnd=1_000_000, now=MONDAY,
            )  # fmt: skip
    with django_assert_max_num_queries(15):  # with the lock, the symbol and the transaction itself
        assert check(account_id, "BUY 100 SSI @ 25000") == ()


def test_without_a_ceiling_nobody_knows_what_an_order_at_the_market_costs(account_id, market):
    """The stream may tell of a reference alone: such an order would be worth nothing to every limit of value."""
    market.quote("SSI", 25_000, ceiling_vnd=0)
    request = OrderRequest("SSI", Side.BUY, OrderType.MTL, 100_000, None, client_order_id="test")
    known = security("SSI")
    intent = OrderIntent(request, known.instrument if known else None)
    found = services.pre_trade_check(account_id=account_id, intent=intent, now=MONDAY, actor=TRADER)
    assert codes(found) == ["MARKET_DATA_MISSING"]
