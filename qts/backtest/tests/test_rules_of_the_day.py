"""A day of the past is run under the rules of that day, by bars of minutes and of days, whatever has come since."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from qts.backtest import BacktestSpec, BarPeriod, BarTable, StrategyPart, Study, StudyKind, run
from qts.backtest.study import study_json, study_of_json
from qts.domain.market import VIETNAM, Instrument, RuleSubject, built_in_history
from qts.domain.market.rule_rows import row_of
from qts.domain.strategy import Bar, Context, Intent, PlaceOrder, Strategy
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)


class BuyTen(Strategy[Any]):
    """Ten shares at a price of thirty thousand and fifty dong, again and again."""

    key: ClassVar[str] = "buy-ten"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return PlaceOrder(Side.BUY, 10, OrderType.LO, 30_050, "ten")


PART = StrategyPart(f"{__name__}:BuyTen")


def minutes(day: date, count: int = 3, close_vnd: int = 30_000) -> list[Bar]:
    at = datetime(day.year, day.month, day.day, 10, tzinfo=VIETNAM)
    starts = [round((at + timedelta(minutes=number)).timestamp() * 1_000) for number in range(count)]
    return [Bar("SSI", start, close_vnd, close_vnd, close_vnd, close_vnd, 100_000) for start in starts]


def spec(**more: Any) -> BacktestSpec:
    return BacktestSpec(**({"parts": [PART], "instruments": {"SSI": SSI}} | more))


@pytest.mark.parametrize(
    ("day", "refused"),
    [
        (date(2016, 9, 9), {"PRICE_OFF_TICK"}),  # a lot of 10, and steps of 100
        (date(2020, 12, 31), set()),  # a lot of 10, and steps of 50
        (date(2021, 1, 4), {"QUANTITY_OFF_LOT"}),  # a lot of 100
    ],
)
def test_an_order_meets_the_rules_of_its_day(day, refused):
    result = run(spec(), minutes(day))
    assert {reason for one in result.refusals for reason in one.reason.split(", ")} == refused
    assert [fill.quantity for fill in result.fills] == ([] if refused else [10, 10])


def test_both_sides_of_a_change_in_one_run():
    result = run(spec(), [*minutes(date(2020, 12, 31)), *minutes(date(2021, 1, 4))])
    assert [fill.quantity for fill in result.fills] == [10, 10]
    assert {one.reason for one in result.refusals} == {"QUANTITY_OFF_LOT"}
    assert len(result.refusals) == 3


def test_an_order_of_a_daily_bar_is_judged_by_the_day_on_which_it_works():
    days = [
        Bar("SSI", minutes(day, 1)[0].ts_start_ms, *[30_000] * 4, 100_000)
        for day in (date(2020, 12, 30), date(2020, 12, 31), date(2021, 1, 4))
    ]
    result = run(spec(period=BarPeriod.DAY), days)
    assert [fill.quantity for fill in result.fills] == [10]  # of the order for the 31st
    assert {one.reason for one in result.refusals} == {"QUANTITY_OFF_LOT"}


def test_the_band_of_the_past_keeps_back_what_would_pass_today():
    class_limit = spec(parts=[StrategyPart(f"{__name__}:BuyHigh")])
    assert {one.reason for one in run(class_limit, minutes(date(2013, 1, 14))).refusals} == {"PRICE_ABOVE_CEILING"}
    assert run(class_limit, minutes(date(2013, 1, 15))).refusals == []


class BuyHigh(Strategy[Any]):
    """Six percent above the first price."""

    key: ClassVar[str] = "buy-high"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return PlaceOrder(Side.BUY, 100, OrderType.LO, 31_800, "high") if not context.quantity else None


def test_bought_shares_arrive_by_the_settlement_of_their_day():
    class_limit = spec(parts=[StrategyPart(f"{__name__}:BuyThenSell")])
    days = [date(2022, 8, 24), date(2022, 8, 25), date(2022, 8, 26)]
    bars = [bar for day in days for bar in minutes(day, 3)]
    afternoon = [bar._replace(ts_start_ms=bar.ts_start_ms + 4 * 3_600_000) for bar in minutes(days[-1], 3)]
    assert [fill.side for fill in run(class_limit, [*bars, *afternoon]).fills] == [Side.BUY]  # 16:30 of the 26th
    later = [date(2022, 8, 29), date(2022, 8, 30), date(2022, 8, 31)]
    bars = [bar for day in later for bar in minutes(day, 3)]
    afternoon = [bar._replace(ts_start_ms=bar.ts_start_ms + 4 * 3_600_000) for bar in minutes(later[-1], 3)]
    assert [fill.side for fill in run(class_limit, [*bars, *afternoon]).fills][:2] == [Side.BUY, Side.SELL]


class BuyThenSell(Strategy[Any]):
    key: ClassVar[str] = "buy-then-sell"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        if context.working_quantity:
            return None
        if not context.quantity:
            return PlaceOrder(Side.BUY, 100, OrderType.LO, 30_000, "in")
        return PlaceOrder(Side.SELL, 100, OrderType.LO, 30_000, "out")


def test_a_change_to_come_is_no_part_of_a_run_of_the_past():
    row = row_of((RuleSubject.LOT, Exchange.HOSE, None), date(2026, 12, 1), 10, "a notice")
    changed, table = spec(rules=built_in_history().with_rows([row])), BarTable.of(minutes(date(2024, 6, 3)))
    assert changed.fingerprint(table) == spec().fingerprint(table)
    earlier = row_of((RuleSubject.LOT, Exchange.HOSE, None), date(2024, 1, 1), 10, "a notice")
    others = spec(rules=built_in_history().with_rows([earlier]))
    assert others.fingerprint(table) != spec().fingerprint(table)
    assert [fill.quantity for fill in run(others, minutes(date(2024, 6, 3))).fills] == [10, 10]


def test_a_kept_study_brings_its_rules_with_it():
    row = row_of((RuleSubject.LOT, Exchange.HOSE, None), date(2024, 1, 1), 10, "a notice")
    study = Study(kind=StudyKind.RUN, spec=spec(rules=built_in_history().with_rows([row])))
    told = study_json(study)
    assert told["rules_version"] == study.spec.rules.version
    assert len(told["rules"]) == 1
    assert study_of_json(told).spec.rules == study.spec.rules
    assert "rules" not in study_json(Study(kind=StudyKind.RUN, spec=spec()))
