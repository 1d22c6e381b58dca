"""The backtest by hand: what fills, at which price, when it may be sold again, what it costs, and that the future does
not change the past."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.backtest import BacktestSpec, BarPeriod, SpecWrong, StrategyPart, run
from qts.backtest.fills import NOTHING, Met, meet
from qts.domain.market import VIETNAM, Band, Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import Bar, Context, Intent, ParameterError, Strategy, TargetPosition
from qts.domain.values import Exchange, InstrumentKind, Side

SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
HERE = "qts.backtest.tests.test_backtest"
BAND = Band(ceiling_vnd=26_750, floor_vnd=23_250)
MONDAY = datetime(2026, 11, 9, tzinfo=VIETNAM)


class Plan(Strategy[Any]):
    """Wants what `wishes` says at each time of day, by (day of the month, "HH:MM")."""

    key: ClassVar[str] = "plan"
    wishes: ClassVar[dict[tuple[int, str], int]] = {}

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        at = datetime.fromtimestamp(bar.ts_start_ms / 1_000, tz=VIETNAM)
        wanted = self.wishes.get((at.day, f"{at:%H:%M}"))
        return None if wanted is None else TargetPosition(wanted, "plan")


class Contrarian(Strategy[Any]):
    """Trades at every bar, by what it sees of the indicators."""

    key: ClassVar[str] = "contrarian"

    def indicator_names(self) -> tuple[str, ...]:
        return ("sma_5",)

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        average = context.indicators.get("sma_5", float(bar.close_vnd))
        return TargetPosition(1_000 if bar.close_vnd < average else 0, "contrarian")


class Dreamer(Contrarian):
    def indicator_names(self) -> tuple[str, ...]:
        return ("smaa_7",)


class Wide(Strategy[Any]):
    """Keeps what it is told of bars of five minutes."""

    key: ClassVar[str] = "wide"
    told: ClassVar[list[float | None]] = []

    def indicator_names(self) -> tuple[str, ...]:
        return ("max_2@5m", "pattern_breakout@5m")

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        self.told.append(context.indicators.get("max_2@5m"))
        return None


def bar(day: int, at: str, close_vnd: int, volume: int = 100_000, **more: int) -> Bar:
    hour, minute = map(int, at.split(":"))
    moment = MONDAY.replace(day=day, hour=hour, minute=minute)
    prices = {"open_vnd": close_vnd, "high_vnd": close_vnd, "low_vnd": close_vnd} | more
    return Bar(
        symbol="SSI", ts_start_ms=round(moment.timestamp() * 1_000), close_vnd=close_vnd, volume=volume, **prices
    )


def spec(strategy: str = f"{HERE}:Plan", parameters: Any = None, **more: Any) -> BacktestSpec:
    part = StrategyPart(strategy, parameters or {})
    return BacktestSpec(**({"parts": [part], "instruments": {"SSI": SSI}} | more))


@pytest.fixture
def wishes():
    yield Plan.wishes
    Plan.wishes.clear()


@pytest.mark.parametrize(
    ("side", "price_vnd", "prices", "expected"),
    [
        (Side.BUY, 25_000, (25_100, 25_200, 24_900, 25_000), Met(1_000, 25_000)),  # the market came down to it
        (Side.BUY, 25_000, (24_900, 25_000, 24_800, 24_900), Met(1_000, 24_900)),  # it opened better
        (Side.BUY, 25_000, (25_100, 25_200, 25_050, 25_100), NOTHING),
        (Side.SELL, 25_000, (24_900, 25_100, 24_900, 25_000), Met(1_000, 25_000)),
        (Side.SELL, 25_000, (25_100, 25_100, 25_000, 25_000), Met(1_000, 25_100)),
        (Side.SELL, 25_000, (24_900, 24_950, 24_900, 24_900), NOTHING),
        (Side.BUY, 26_750, (26_750, 26_750, 26_750, 26_750), Met(0, 0, is_locked=True)),
        (Side.SELL, 26_750, (26_750, 26_750, 26_750, 26_750), Met(1_000, 26_750)),  # they queue for it
        (Side.SELL, 23_250, (23_250, 23_250, 23_250, 23_250), Met(0, 0, is_locked=True)),
        (Side.BUY, 26_750, (26_700, 26_750, 26_700, 26_750), Met(1_000, 26_700)),  # at the ceiling, not locked
    ],
)
def test_what_a_bar_fills(side, price_vnd, prices, expected):
    names = ("open_vnd", "high_vnd", "low_vnd", "close_vnd")
    one = bar(9, "10:00", 25_000)._replace(**dict(zip(names, prices, strict=True)))
    assert meet(side, price_vnd, 1_000, one, BAND, volume_left=5_000) == expected


def test_never_more_than_its_share_of_the_volume():
    one = bar(9, "10:00", 25_000)
    assert meet(Side.BUY, 25_000, 1_000, one, BAND, volume_left=300) == Met(300, 25_000)
    assert meet(Side.BUY, 25_000, 1_000, one, BAND, volume_left=0) == NOTHING


def test_a_purchase_and_its_sale_to_the_dong(wishes):
    """Bought on Monday, wanted back on Tuesday in vain, sold on Wednesday afternoon: T+2."""
    wishes |= {(9, "10:00"): 1_000, (10, "10:00"): 0, (11, "11:00"): 0, (11, "13:00"): 0}
    result = run(
        spec(),
        [
            bar(9, "10:00", 25_000), bar(9, "10:01", 25_000), bar(10, "10:00", 26_000), bar(10, "10:01", 26_000),
            bar(11, "11:00", 26_000), bar(11, "13:00", 26_000), bar(11, "13:01", 26_000),
        ],
    )  # fmt: skip
    buy, sale = result.fills
    # one step beyond the close, and a bar that opens at 25,000 fills it there
    assert (buy.side, buy.quantity, buy.price_vnd, buy.fee_vnd) == (Side.BUY, 1_000, 25_000, 37_500)
    assert (sale.price_vnd, sale.fee_vnd, sale.tax_vnd) == (26_000, 39_000, 26_000)
    assert sale.realised_pnl_vnd == 26_000_000 - 39_000 - 26_000 - (25_000_000 + 37_500)
    assert [one.reason for one in result.refusals] == [
        "only 0 of 1000 can be sold today (shares bought settle on T+2)"
    ] * 2
    assert result.last_equity_vnd == 1_000_000_000 + sale.realised_pnl_vnd
    assert [day.exposure_vnd for day in result.equity] == [25_000_000, 26_000_000, 0]


def test_money_of_a_sale_does_not_buy_before_it_arrives(wishes):
    wishes |= {(9, "10:00"): 1_000, (11, "13:00"): 0, (12, "10:00"): 1_000, (13, "13:00"): 1_000}
    bars = [bar(day, at, 25_000) for day in range(9, 14) for at in ("10:00", "10:01", "13:00", "13:01")]
    result = run(spec(cash_vnd=26_000_000), bars)
    assert [fill.side for fill in result.fills] == [Side.BUY, Side.SELL, Side.BUY]
    assert [one.reason for one in result.refusals] == ["BUYING_POWER_EXCEEDED"]


def test_an_order_of_today_does_not_work_tomorrow(wishes):
    wishes |= {(9, "14:00"): 1_000}
    result = run(spec(spread_ticks=0), [bar(9, "14:00", 25_000), bar(9, "14:01", 25_500), bar(10, "10:00", 24_900)])
    assert (result.fills, result.expired_orders) == ([], 1)


@pytest.mark.parametrize(
    ("at", "code"), [("11:29", "SESSION_FORBIDS_ORDER_TYPE"), ("14:45", "SESSION_FORBIDS_ORDER_TYPE")]
)
def test_the_gate_is_the_live_one(wishes, at, code):
    wishes |= {(9, at): 1_000}
    result = run(spec(), [bar(9, "10:00", 25_000), bar(9, at, 25_000)])
    assert [one.reason for one in result.refusals] == [code]


def test_at_a_locked_ceiling_nobody_sells(wishes):
    wishes |= {(10, "10:00"): 1_000}
    locked = [bar(10, f"10:{minute:02}", 26_750) for minute in range(5)]
    result = run(spec(), [bar(9, "10:00", 25_000), *locked])
    assert (result.fills, result.locked_bars) == ([], 4)


def test_a_large_order_fills_over_many_bars(wishes):
    wishes |= {(9, "10:00"): 1_000}
    bars = [bar(9, f"10:{minute:02}", 25_000, volume=3_000) for minute in range(6)]
    result = run(spec(participation_percent=10), bars)
    assert [fill.quantity for fill in result.fills] == [300, 300, 300, 100]
    assert result.largest_share_percent == 10.0


def test_equal_specs_and_bars_have_equal_fingerprints_and_results():
    bars = [bar(9, f"10:{minute:02}", 25_000 + 50 * (minute % 7)) for minute in range(40)]
    first, second = run(spec(f"{HERE}:Contrarian"), bars), run(spec(f"{HERE}:Contrarian"), bars)
    assert first == second
    other = run(spec(f"{HERE}:Contrarian"), [*bars[:-1], bars[-1]._replace(volume=1)])
    assert other.fingerprint != first.fingerprint


PRICES = st.lists(st.integers(480, 520).map(lambda ticks: ticks * 50), min_size=8, max_size=60)


@given(PRICES, st.integers(2, 59))
@settings(max_examples=60, deadline=None)
def test_what_comes_later_never_changes_what_was(prices, cut):
    """No look-ahead: a run over the beginning is the beginning of the run."""
    start = MONDAY.replace(hour=9, minute=20)
    bars = [
        bar(9, "10:00", price)._replace(ts_start_ms=round((start + timedelta(minutes=n)).timestamp() * 1_000))
        for n, price in enumerate(prices)
    ]
    whole, part = run(spec(f"{HERE}:Contrarian"), bars), run(spec(f"{HERE}:Contrarian"), bars[:cut])
    assert list(part.fills) == list(whole.fills)[: len(part.fills)]
    assert list(part.refusals) == list(whole.refusals)[: len(part.refusals)]
    later = whole.fills[len(part.fills) :]
    assert all(fill.ts_ms >= bars[min(cut, len(bars) - 1)].ts_start_ms for fill in later)


@given(PRICES)
@settings(max_examples=60, deadline=None)
def test_no_dong_appears_or_vanishes(prices):
    bars = [bar(9, f"{9 + (20 + n) // 60:02}:{(20 + n) % 60:02}", price) for n, price in enumerate(prices)]
    result = run(spec(f"{HERE}:Contrarian", fees=FeeSchedule(15, 10)), bars)
    cash = 1_000_000_000
    for fill in result.fills:
        value = fill.quantity * fill.price_vnd
        cash += -value - fill.fee_vnd if fill.side is Side.BUY else value - fill.fee_vnd - fill.tax_vnd
    held = sum(fill.quantity * (1 if fill.side is Side.BUY else -1) for fill in result.fills)
    assert result.cash_vnd == cash
    assert result.last_equity_vnd == cash + held * bars[-1].close_vnd
    assert held >= 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"strategy": "nobody"}, "there is no strategy 'nobody'"),
        ({"strategy": f"{HERE}:Dreamer"}, "Nobody computes 'smaa_7'"),
        ({"cash_vnd": 0}, "begins with money"),
        ({"participation_percent": 101}, "1 to 100 percent"),
        ({"spread_ticks": -1}, "not negative"),
        ({"instruments": {}}, "needs a symbol"),
        ({"instruments": {"HPG": replace(SSI, symbol="HPG")}}, "none of the specification's instruments"),
    ],
)
def test_what_cannot_be_run_is_said(wrong, told):
    with pytest.raises(SpecWrong, match=told):
        run(spec(**wrong), [bar(9, "10:00", 25_000)])


def test_without_bars_there_is_nothing_to_run():
    with pytest.raises(SpecWrong, match="no bars"):
        run(spec(), [])


def test_wrong_parameters_are_named():
    with pytest.raises(ParameterError, match="fast must be between"):
        run(spec(strategy="moving_average_cross", parameters={"fast": 1}), [bar(9, "10:00", 25_000)])


def test_a_strategy_reads_wider_bars_when_they_are_over():
    Wide.told = []
    run(spec(f"{HERE}:Wide"), [bar(9, f"09:{15 + number}", 25_000 + 50 * number) for number in range(15)])
    first, second = 25_000 + 50 * 9, 25_000 + 50 * 14
    assert Wide.told == [None] * 9 + [first] * 5 + [second]


def test_bars_of_days_have_no_quarters_of_an_hour():
    with pytest.raises(SpecWrong, match="'max_2@5m' needs bars of 5m; those that there are, are longer"):
        run(spec(f"{HERE}:Wide", period=BarPeriod.DAY), [bar(9, "09:00", 25_000)])
