"""Several strategies and symbols on one account, days instead of minutes, and a place without friction."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from qts.backtest import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart, run
from qts.backtest.tests.test_backtest import HERE, MONDAY, SSI, Plan
from qts.domain.market import VIETNAM, Instrument
from qts.domain.strategy import Bar, Context, Intent, PlaceOrder, Strategy, TargetPosition
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

HPG = Instrument("HPG", Exchange.HOSE, InstrumentKind.STOCK)
BOTH = {"SSI": SSI, "HPG": HPG}
MODULE = "qts.backtest.tests.test_portfolio"


class Holder(Strategy[Any]):
    """Wants 500 from the first bar on and says what it sees of its own position."""

    key: ClassVar[str] = "holder"
    seen: ClassVar[list[tuple[str, int, int]]] = []

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        self.seen.append((bar.symbol, context.quantity, context.working_quantity))
        return TargetPosition(500, "holder")


class Averages(Strategy[Any]):
    key: ClassVar[str] = "averages"
    seen: ClassVar[list[dict[str, float]]] = []

    def indicator_names(self) -> tuple[str, ...]:
        return ("sma_2",)

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        self.seen.append(dict(context.indicators))
        return None


class Seller(Strategy[Any]):
    key: ClassVar[str] = "seller"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return PlaceOrder(Side.SELL, 100, OrderType.LO, bar.close_vnd, "short")


@pytest.fixture(autouse=True)
def _forget():
    yield
    for memory in (Holder.seen, Averages.seen, Plan.wishes):
        memory.clear()


def bar(minute: int, close_vnd: int, symbol: str = "SSI", volume: int = 100_000) -> Bar:
    at = MONDAY.replace(hour=10) + timedelta(minutes=minute)
    return Bar(symbol, round(at.timestamp() * 1_000), close_vnd, close_vnd, close_vnd, close_vnd, volume)


def day(number: int, opened: int, close_vnd: int, *, high: int = 0, low: int = 0) -> Bar:
    at = datetime(2026, 11, 9 + number, tzinfo=VIETNAM)
    high, low = high or max(opened, close_vnd), low or min(opened, close_vnd)
    return Bar("SSI", round(at.timestamp() * 1_000), opened, high, low, close_vnd, 1_000_000)


def spec(*parts: StrategyPart, **more: Any) -> BacktestSpec:
    return BacktestSpec(**({"parts": parts, "instruments": {"SSI": SSI}} | more))


def test_each_strategy_sees_its_own_position_and_the_account_is_one():
    parts = (StrategyPart(f"{MODULE}:Holder", {}, ["SSI"]), StrategyPart(f"{MODULE}:Holder", {}, ["HPG"]))
    result = run(
        spec(*parts, instruments=BOTH), [bar(n, 25_000, symbol) for n in range(3) for symbol in ("HPG", "SSI")]
    )
    assert [(fill.symbol, fill.part, fill.quantity) for fill in result.fills] == [("HPG", 1, 500), ("SSI", 0, 500)]
    assert Holder.seen == [
        ("HPG", 0, 0), ("SSI", 0, 0), ("HPG", 500, 0), ("SSI", 500, 0), ("HPG", 500, 0), ("SSI", 500, 0),
    ]  # fmt: skip
    costs_vnd = 2 * (500 * 25_000 * 15 // 10_000)
    assert result.last_equity_vnd == 1_000_000_000 - costs_vnd
    assert result.equity[-1].exposure_vnd == 2 * 500 * 25_000


def test_two_strategies_on_one_symbol_hold_side_by_side():
    parts = (StrategyPart(f"{MODULE}:Holder"), StrategyPart(f"{HERE}:Plan"))
    Plan.wishes[9, "10:01"] = 200
    result = run(spec(*parts), [bar(n, 25_000) for n in range(4)])
    assert [(fill.part, fill.quantity) for fill in result.fills] == [(0, 500), (1, 200)]
    assert [held for _, held, _ in Holder.seen] == [0, 500, 500, 500]  # the other's 200 are not its own
    assert result.equity[-1].exposure_vnd == 700 * 25_000


def test_money_that_one_strategy_took_is_gone_for_the_other():
    parts = (StrategyPart(f"{MODULE}:Holder"), StrategyPart(f"{HERE}:Plan"))
    Plan.wishes[9, "10:00"] = 500
    result = run(spec(*parts, cash_vnd=13_000_000), [bar(n, 25_000) for n in range(3)])
    assert [(fill.part, fill.quantity) for fill in result.fills] == [(0, 500)]
    assert [one.reason for one in result.refusals if one.signal == "plan"] == ["BUYING_POWER_EXCEEDED"]


def test_indicators_are_of_the_symbols_own_bars_and_of_what_was_asked():
    other = StrategyPart("moving_average_cross", {"fast": 2, "slow": 3}, ["SSI"])
    part = StrategyPart(f"{MODULE}:Averages", {}, ["SSI"])
    prices = [bar(n, price, symbol) for n in range(3) for symbol, price in (("HPG", 90_000), ("SSI", 100 * n + 25_000))]
    run(spec(part, other, instruments=BOTH), prices)
    assert Averages.seen == [{}, {"sma_2": 25_050.0}, {"sma_2": 25_150.0}]


def test_a_days_order_works_through_the_day_after_at_that_days_prices():
    """Wanted at Monday's close of 25,000, one step beyond it; Tuesday opens below, and that is what is paid."""
    Plan.wishes[9, "00:00"] = 1_000
    result = run(
        spec(StrategyPart(f"{HERE}:Plan"), period=BarPeriod.DAY),
        [day(0, 25_000, 25_000), day(1, 24_800, 25_500), day(2, 25_500, 25_500)],
    )
    (fill,) = result.fills
    assert (fill.ts_ms, fill.price_vnd, fill.quantity) == (day(1, 1, 1).ts_start_ms, 24_800, 1_000)


def test_a_days_order_that_was_not_met_ends_with_the_day_after():
    Plan.wishes[9, "00:00"] = 1_000
    bars = [day(0, 25_000, 25_000), day(1, 25_500, 25_500), day(2, 24_000, 24_000)]
    result = run(spec(StrategyPart(f"{HERE}:Plan"), period=BarPeriod.DAY), bars)
    assert (result.fills, result.expired_orders) == ([], 1)


def test_shares_of_a_day_sell_on_the_third_day_after():
    """Bought on Tuesday, there on Thursday afternoon; a day's order is given before it opens: Friday's is first."""
    Plan.wishes |= {(9, "00:00"): 1_000, (11, "00:00"): 0, (12, "00:00"): 0}
    bars = [day(number, 25_000, 25_000) for number in range(5)]
    result = run(spec(StrategyPart(f"{HERE}:Plan"), period=BarPeriod.DAY), bars)
    assert [(fill.side, fill.ts_ms) for fill in result.fills] == [
        (Side.BUY, bars[1].ts_start_ms), (Side.SELL, bars[4].ts_start_ms),
    ]  # fmt: skip
    assert [one.reason for one in result.refusals] == ["only 0 of 1000 can be sold today (shares bought settle on T+2)"]


def test_a_day_locked_at_its_ceiling_sells_nothing():
    Plan.wishes[9, "00:00"] = 1_000
    ceiling = day(1, 26_750, 26_750)
    result = run(spec(StrategyPart(f"{HERE}:Plan"), period=BarPeriod.DAY), [day(0, 25_000, 25_000), ceiling])
    assert result.fills == []


@pytest.mark.parametrize(
    ("fill_at", "price_vnd"), [(FillAt.CLOSE, 25_000), (FillAt.NEXT_OPEN, 25_300), (FillAt.NEXT_CLOSE, 25_400)]
)
def test_without_friction_the_price_is_the_one_agreed_on(fill_at, price_vnd):
    second = bar(1, 25_400)._replace(open_vnd=25_300)
    result = run(spec(StrategyPart(f"{MODULE}:Holder"), frictionless=fill_at), [bar(0, 25_000), second])
    assert [fill.price_vnd for fill in result.fills] == [price_vnd]


def test_without_friction_money_has_to_be_there_all_the_same_and_nobody_sells_short():
    holder = spec(StrategyPart(f"{MODULE}:Holder"), frictionless=FillAt.CLOSE, cash_vnd=12_000_000)
    result = run(holder, [bar(0, 25_000), bar(1, 20_000)])
    assert [fill.price_vnd for fill in result.fills] == [20_000]
    assert [one.reason for one in result.refusals] == ["there is not enough money"]
    short = run(spec(StrategyPart(f"{MODULE}:Seller"), frictionless=FillAt.NEXT_OPEN), [bar(0, 25_000), bar(1, 25_000)])
    assert (short.fills, [one.reason for one in short.refusals]) == ([], ["100 are to be sold and 0 are held"])


def test_a_run_tells_how_far_it_is_and_can_be_ended():
    told: list[tuple[int, int]] = []
    run(spec(StrategyPart(f"{HERE}:Plan")), [bar(0, 25_000)], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        run(spec(StrategyPart(f"{HERE}:Plan")), [bar(0, 25_000)], progress=stop)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (spec, "needs a strategy"),
        (lambda: spec(StrategyPart("moving_average_cross", {}, ["VNM"])), "is to trade VNM, which is no instrument"),
    ],
)
def test_a_portfolio_that_cannot_be_is_said(given, told):
    with pytest.raises(SpecWrong, match=told):
        given()


def test_two_bars_of_one_time_are_said():
    with pytest.raises(SpecWrong, match="SSI has two bars of one time"):
        run(spec(StrategyPart(f"{HERE}:Plan")), [bar(0, 25_000), bar(0, 25_100)])
