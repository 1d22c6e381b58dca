"""One strategy's own page: its profit net of costs, why it did what it did, and its parameters."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps

from apps.orders import selectors as orders
from apps.orders.selectors import StrategyBook
from apps.strategies import selectors as strategies
from apps.strategies import services
from qts.domain.errors import TransientError
from qts.domain.market import to_vietnam
from qts.domain.portfolio import FeeSchedule
from qts.domain.values import Actor, ActorKind

Strategy = apps.get_model("strategies", "Strategy")

TRADER = Actor(ActorKind.USER, "1")


@pytest.fixture
def strategy(desk):
    return Strategy.objects.get(name="MA cross")


@pytest.fixture
def matched(desk, market, strategy):
    """An order that was filled as a whole, `days` ago."""
    order, fill = apps.get_model("orders", "Order"), apps.get_model("orders", "Fill")

    def match(side, quantity, price_vnd, *, days=0):
        now = market.now()
        day = to_vietnam(now - timedelta(days=days)).date()
        made = order.objects.create(
            account_id=desk.mine, connection_id=desk.mine, client_order_id=str(uuid4()), body_hash="x",
            trading_day=day, symbol="SSI", exchange="HOSE", side=side, order_type="LO", quantity=quantity,
            price_vnd=price_vnd, status="FILLED", filled_quantity=quantity, filled_value_vnd=quantity * price_vnd,
            strategy_id=str(strategy.id), actor_kind="strategy", actor_id=str(strategy.id), submitted_at=now,
            updated_at=now,
        )  # fmt: skip
        fill.objects.create(
            id=uuid4(), order=made, connection_id=desk.mine, trading_day=day, notify_id=fill.objects.count(),
            quantity=quantity, price_vnd=price_vnd, matched_at=now,
        )  # fmt: skip

    return match


def test_what_its_matches_came_to_with_each_fee_rounded_down(desk, market, strategy, matched):
    matched("BUY", 300, 24_050, days=3)
    matched("BUY", 200, 26_050)
    matched("SELL", 100, 25_550)
    fees = FeeSchedule(15, 10)
    ((book,),) = orders.strategy_books([str(strategy.id)], to_vietnam(market.now()).date(), fees).values()
    bought = [fees.fee_vnd(300 * 24_050), fees.fee_vnd(200 * 26_050)]
    sold = fees.fee_vnd(100 * 25_550) + fees.sale_tax_vnd(100 * 25_550)
    assert book == StrategyBook(
        symbol="SSI",
        fill_count=3,
        held_quantity=400,
        paid_vnd=300 * 24_050 + 200 * 26_050 - 100 * 25_550,
        costs_vnd=sum(bought) + sold,
        day_bought_quantity=100,
        day_paid_vnd=200 * 26_050 - 100 * 25_550,
        day_costs_vnd=bought[1] + sold,
    )
    assert book.profit_vnd(25_000) == 400 * 25_000 - book.paid_vnd - book.costs_vnd
    assert book.day_profit_vnd(25_000, 24_500) == (400 * 25_000 - 300 * 24_500 - book.day_paid_vnd - book.day_costs_vnd)


def test_the_page_shows_state_profit_and_position(desk, strategy, matched, market):
    matched("BUY", 200, 24_000)
    page = desk.client("trader").get(f"/strategies/{strategy.id}/").content.decode()
    shown = strategies.strategy_profit(strategies.strategy(strategy.id), market.now())
    assert shown.profit_vnd is not None
    assert f"{shown.profit_vnd:,}" in page.split('data-profit="all"')[1].split("</dd>")[0]
    assert 'data-held="SSI"' in page
    assert 'data-status="STOPPED"' in page
    assert 'data-finding="NEVER_RAN"' in page
    assert f"/strategies/{strategy.id}/parameters/" in page
    assert desk.client("trader2").get(f"/strategies/{strategy.id}/").status_code == 404
    assert (
        f"/strategies/{strategy.id}/parameters/"
        not in desk.client("risk").get(f"/strategies/{strategy.id}/").content.decode()
    )


def test_parameters_are_saved_between_two_runs(desk, strategy, market):
    client, address = desk.client("trader"), f"/strategies/{strategy.id}/parameters/"
    form = client.get(address).content.decode()
    assert 'name="parameter-fast"' in form
    saved = client.post(address, {"parameter-fast": "7", "parameter-slow": "30", "parameter-quantity": "600"})
    assert saved.status_code == 200
    assert strategies.strategy(strategy.id).parameters == {"fast": 7, "slow": 30, "quantity": 600}
    wrong = client.post(address, {"parameter-fast": "1", "parameter-slow": "many", "parameter-quantity": "600"})
    assert wrong.status_code == 422
    assert "fast must be between" in wrong.content.decode()
    assert "slow must be a whole number" in wrong.content.decode()
    assert 'value="many"' in wrong.content.decode()
    assert strategies.strategy(strategy.id).parameters["fast"] == 7
    services.start_strategy(strategy.id, actor=TRADER, now=market.now())
    running = client.post(address, {"parameter-fast": "8", "parameter-slow": "30", "parameter-quantity": "600"})
    assert running.status_code == 422
    assert "Stop it first" in running.content.decode()
    assert strategies.strategy(strategy.id).parameters["fast"] == 7


def test_nobody_else_changes_them(desk, strategy):
    address = f"/strategies/{strategy.id}/parameters/"
    assert desk.client("trader2").post(address, {"parameter-fast": "8"}).status_code == 404
    assert desk.client("risk").post(address, {"parameter-fast": "8"}).status_code == 403


def test_the_list_shows_what_each_has_earned(desk, strategy, matched, market, monkeypatch):
    matched("BUY", 200, 24_000)
    earned = strategies.strategy_profit(strategies.strategy(strategy.id), market.now())
    page = desk.client("trader").get("/strategies/").content.decode()
    shown = [part.split("</dd>")[0] for part in page.split('data-profit="all"')[1:]]
    assert f"{earned.profit_vnd:,}" in shown[0]
    assert ">0 ₫" in shown[1], "the other one has traded nothing"

    monkeypatch.setattr(strategies, "strategy_profits", away)
    page = desk.client("trader").get("/strategies/").content.decode()
    assert "data-profit" not in page
    assert f'data-strategy="{strategy.name}"' in page


def away(*_):
    raise TransientError("Redis is away")
