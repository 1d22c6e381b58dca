"""What the examination finds in runs that are lucky, that see the future, or that lean on where history begins."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, ClassVar

import pytest

from qts.backtest import BarPeriod, BarTable, FillAt, StrategyPart, run
from qts.backtest.honesty import Honesty, best_of_sweep, examine, reasons_to_doubt
from qts.backtest.report import report
from qts.backtest.sweep import SweepRow, sweep
from qts.backtest.tests.peers import spec_of
from qts.backtest.tests.test_sweep import table_of, walk
from qts.domain.market import VIETNAM
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import Bar, Context, Intent, Strategy, TargetPosition
from qts.quant.significance import Reshuffled

MODULE = "qts.backtest.tests.test_honesty"
SAW = [20_000 + 100 * abs(n % 40 - 20) for n in range(2_000)]


class Seer(Strategy[Any]):
    """Has read tomorrow's paper: it knows how many bars there are, and buys by the last of them."""

    key: ClassVar[str] = "seer"
    known: ClassVar[list[int]] = []

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return TargetPosition(100 if bar.close_vnd < self.known[-1] else 0, "seer")


class Fifty(Strategy[Any]):
    """Wants half a lot."""

    key: ClassVar[str] = "fifty"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return TargetPosition(50, "fifty")


class Leaner(Strategy[Any]):
    """Reads a sum without an end."""

    key: ClassVar[str] = "leaner"

    def indicator_names(self) -> tuple[str, ...]:
        return ("obv", "sma_7", "rsi_14")


class Bottom(Strategy[Any]):
    """Buys where the saw turns up, leaves where it turns down."""

    key: ClassVar[str] = "bottom"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        wanted = {20_000: 100, 22_000: 0}.get(bar.close_vnd)
        return None if wanted is None else TargetPosition(wanted, "bottom")


def spec(name: str) -> Any:
    return spec_of(FillAt.CLOSE, parts=[StrategyPart(f"{MODULE}:{name}")])


def examined(name: str, table: BarTable) -> Honesty:
    return examine(spec(name), table, run(spec(name), table))


def test_who_buys_at_the_bottom_is_not_lucky():
    found = examined("Bottom", table_of(SAW))
    assert found.luck_share == pytest.approx(1 / 1_001)
    assert found.trades is not None
    assert found.trades.pnl_vnd_low > 0
    assert (found.foresight, found.unsettled) == ([], [])
    assert list(reasons_to_doubt(found)) == []


def test_crosses_of_a_random_walk_are_luck():
    table, given = table_of(walk(3, 3_000)), spec_of(FillAt.CLOSE)
    found = examine(given, table, run(given, table))
    assert found.luck_share is not None
    assert found.luck_share > 0.05
    (told,) = [reason for reason in reasons_to_doubt(found) if "Entries at random" in reason]
    assert f"{found.luck_share:.0%}" in told
    assert found == examine(given, table, run(given, table))  # the same draws


def test_who_sees_the_future_is_found_out(monkeypatch):
    table = table_of(walk(8, 400))
    closes = table.close_vnd.tolist()
    whole_run = run

    def with_paper(given, bars, **more):
        Seer.known = bars.close_vnd.tolist()
        return whole_run(given, bars, **more)

    monkeypatch.setattr("qts.backtest.honesty.run", with_paper)
    Seer.known = closes
    found = examine(spec("Seer"), table, with_paper(spec("Seer"), table))
    assert found.foresight[0] == "It saw the future: without the last 75% of the bars it acted otherwise before them."
    assert "It saw the future" in report(whole_run(spec("Seer"), table), found)
    assert "CHANGES THE PAST" in report(whole_run(spec("Seer"), table), found)


def test_a_holiday_that_nobody_knew_of_is_not_the_future():
    """The history is cut off before a Friday without bars, which looks like a trading day then."""
    days = [date(2026, 11, day) for day in (9, 10, 11, 12, 16, 17, 18, 19)]
    times = [round(datetime.combine(day, time(), tzinfo=VIETNAM).timestamp() * 1_000) for day in days]
    table = BarTable.of_columns("A", times, *[[25_000] * 8] * 4, [9_000] * 8)
    given = spec_of(None, parts=[StrategyPart(f"{MODULE}:Fifty")], period=BarPeriod.DAY)
    result = run(given, table)
    assert len(result.refusals) == 8
    assert examine(given, table, result).foresight == []


def test_an_indicator_that_leans_on_the_beginning_is_named():
    found = examined("Leaner", table_of(walk(2, 2_000)))
    assert found.unsettled == ["obv"]
    assert list(reasons_to_doubt(found)) == [
        "The value of obv depends on where the history begins: live it will be another."
    ]
    assert examined("Leaner", table_of(walk(2, 300))).unsettled == []  # nothing to compare with


def test_a_run_without_trades_is_not_judged_by_them():
    found = examined("Leaner", table_of(walk(2, 300)))
    assert (found.luck_share, found.trades) == (None, None)
    told = report(run(spec("Leaner"), table_of(walk(2, 300))), found)
    assert "random entries" not in told
    assert "future cut off              changes nothing" in told


def test_what_the_trades_could_have_lost_is_told():
    found = Honesty(luck_share=0.01, trades=Reshuffled(-1_234_567, 2_000_000, 10, 20))
    assert list(reasons_to_doubt(found)) == [
        "The same trades drawn anew lose 1,234,567 VND or more in one draw of twenty."
    ]
    assert list(reasons_to_doubt(replace(found, trades=Reshuffled(1, 2, 3, 4)))) == []


def test_the_best_of_many_is_judged_by_how_many_there_were():
    table, given = table_of(walk(12, 4_000)), spec_of(FillAt.NEXT_OPEN)
    rows = sweep(given, table, {"fast": list(range(2, 12)), "slow": list(range(20, 60, 4))})
    found = best_of_sweep(given, table, rows)
    assert found.row.day_sharpe == max(row.day_sharpe for row in rows if row.day_sharpe is not None)
    assert found.tries == 100
    assert found.deflated_sharpe < 0.95
    assert "no more than what luck alone would show" in str(found)


def test_a_saw_is_no_luck_however_many_were_tried():
    """Every set rides its teeth, so the best is not best by chance."""
    table = table_of(SAW, minutes=360)
    given = spec_of(FillAt.CLOSE, fees=FeeSchedule(0, 0), cash_vnd=10_000_000)
    found = best_of_sweep(given, table, sweep(given, table, {"fast": [2, 3, 4], "slow": [6, 8]}))
    assert found.deflated_sharpe > 0.95
    assert "is more than what luck alone would show" in str(found)


def test_a_sweep_without_returns_is_not_judged():
    with pytest.raises(ValueError, match="fewer than two sets"):
        best_of_sweep(spec_of(FillAt.CLOSE), table_of(walk(1, 60)), [SweepRow({}, 1, 0, 0, None)] * 3)
