"""Parity over REST and on its page: the strategy's own people, and nobody else."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from apps.strategies.models import ParityDay, Strategy
from tests.conftest import floor, market, valkey

__all__ = ["floor", "market", "valkey"]

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)
DIFFERENCE = {
    "name": "bar:SSI:1", "at_ms": 1_795_399_200_000, "symbol": "SSI", "kind": "BACKTEST_ONLY", "cause": "HOLDING",
    "detail": "SSI: held 0 then, 100 in the backtest.", "recorded": None,
    "backtest": {"intent": {"kind": "target", "quantity": 0}, "held": 100, "working": 0, "indicators": {}},
}  # fmt: skip
FILL = {
    "symbol": "SSI", "side": "BUY", "quantity": 100, "price_vnd": 25_050, "at_ms": 1_795_399_200_000,
    "backtest_price_vnd": 25_000, "backtest_at_ms": 1_795_399_200_000, "effect_vnd": -5_000, "why": "PRICE",
}  # fmt: skip


def measured(account_id):
    strategy = Strategy.objects.create(
        id=uuid4(), name="Cross", class_key="moving_average_cross", account_id=account_id, symbols=["SSI"]
    )
    ParityDay.objects.create(
        strategy=strategy, trading_day=DAY, mode="PAPER", status="DONE", matched=9, missing_live=1, decided=9,
        is_replay_equal=True, profit_vnd=10_000, backtest_profit_vnd=15_000, started_at=datetime.now(tz=UTC),
        document={"differences": [DIFFERENCE], "replay_differences": [], "fills": [FILL], "digests": {}},
    )  # fmt: skip
    return strategy


def test_days_and_their_differences_over_rest(floor):
    strategy = measured(floor.desk.account_id)
    address = f"/api/v1/strategies/{strategy.id}/parity/"
    (day,) = floor.trader_client.get(address).json()
    assert (day["trading_day"], day["percent"], day["is_replay_equal"]) == ("2026-11-23", 90, True)
    assert "document" not in day
    found = floor.trader_client.get(f"{address}2026-11-23/").json()
    assert found["document"]["differences"][0]["cause"] == "HOLDING"
    for wrong in ("2026-11-24", "yesterday"):
        answer = floor.trader_client.get(f"{address}{wrong}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "PARITY_NOT_MEASURED")


def test_another_account_is_not_to_be_seen(floor):
    strategy = measured(floor.foreign_account_id)
    for address in (
        f"/api/v1/strategies/{strategy.id}/parity/",
        f"/api/v1/strategies/{strategy.id}/parity/2026-11-23/",
        f"/strategies/{strategy.id}/parity/",
    ):
        assert floor.trader_client.get(address).status_code == 404


def test_the_page_tells_what_differed_and_why(floor):
    strategy = measured(floor.desk.account_id)
    page = floor.trader_client.get(f"/strategies/{strategy.id}/parity/?day=2026-11-23").content.decode()
    for text in ("9 / 10", "Nắm giữ khối lượng khác", "SSI: held 0 then, 100 in the backtest.", "giống nhau từng byte"):
        assert text in page
    assert floor.trader_client.get(f"/strategies/{strategy.id}/parity/?day=2026-11-20").status_code == 404
    overview = floor.trader_client.get("/strategies/").content.decode()
    assert f"/strategies/{strategy.id}/parity/" in overview
    assert "90 %" in overview


def test_a_strategy_that_is_not_measured_yet_says_when_it_will_be(floor):
    strategy = measured(floor.desk.account_id)
    ParityDay.objects.all().delete()
    page = floor.trader_client.get(f"/strategies/{strategy.id}/parity/").content.decode()
    assert "được đối chiếu sau 15:05" in page
