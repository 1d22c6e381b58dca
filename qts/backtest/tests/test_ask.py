"""The few lines of a notebook: what `run` takes, and what a result looks like."""

import re
from typing import Any, ClassVar

import pytest

from qts.backtest import BacktestSpec, BarPeriod, BarTable, SpecWrong, StrategyPart, examined, run
from qts.backtest.picture import picture
from qts.backtest.tests.test_confined import CROSS, RULES
from qts.backtest.tests.test_studies import SPEC, TABLE
from qts.domain.market import Instrument
from qts.domain.strategy import Bar, Context, Intents, Strategy, TargetPosition
from qts.domain.values import Exchange, InstrumentKind

STARTS = {"cash_vnd": 50_000_000}


class Toggle(Strategy[Any]):
    key: ClassVar[str] = "toggle"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return TargetPosition(0 if context.quantity else 100, "<script>")


def test_a_key_a_class_a_file_rules_and_a_specification_are_all_taken(tmp_path):
    known = run("moving_average_cross", TABLE, parameters={"fast": 3, "slow": 8}, **STARTS)
    part = StrategyPart("moving_average_cross", {"fast": 3, "slow": 8})
    instruments = {"A": Instrument("A", Exchange.HOSE, InstrumentKind.STOCK)}
    assert known == run(BacktestSpec(parts=[part], instruments=instruments, **STARTS), TABLE)
    assert run(Toggle, TABLE, **STARTS).fills
    (tmp_path / "mine.py").write_text(CROSS)
    (tmp_path / "mine.yaml").write_text(RULES)
    for path in (tmp_path / "mine.py", str(tmp_path / "mine.yaml")):
        assert run(path, TABLE, **STARTS).fills
    assert run(RULES, TABLE, **STARTS).fills == run(tmp_path / "mine.yaml", TABLE, **STARTS).fills


def test_bars_may_be_a_file_and_days_are_known_by_their_times(tmp_path):
    rows = "".join(f"{symbol},2026-09-{day:02},25,26,24,25.5,900000\n" for day in range(1, 29) for symbol in "AB")
    (tmp_path / "days.csv").write_text(f"symbol,time,open,high,low,close,volume\n{rows}")
    found = run(Toggle, tmp_path / "days.csv", symbols=["B"], **STARTS)
    assert found.asked.spec.period is BarPeriod.DAY
    assert {fill.symbol for fill in found.fills} == {"B"}
    assert run(Toggle, TABLE, **STARTS).asked.spec.period is BarPeriod.MINUTE


def test_what_cannot_be_asked_is_told():
    class Inner(Toggle):
        pass

    for asked, more, told in (
        (Inner, {}, "define it at the top of a cell"), ("nothing", {}, "there is no strategy 'nothing'"),
        (SPEC, {"cash_vnd": 1}, "change the specification"), ("nowhere.py", {}, "cannot be read"),
        ("a: [\n", {}, "it is no YAML"),
    ):  # fmt: skip
        with pytest.raises(SpecWrong, match=re.escape(told)):
            run(asked, TABLE, **more)


def test_a_result_is_shown_with_verdict_curves_and_figures():
    result = run("moving_average_cross", TABLE, parameters={"fast": 3, "slow": 8}, **STARTS)
    html = result._repr_html_()
    assert html.index("<li") < html.index("<svg") < html.index("<table>")
    assert html.count("<polyline") == 2
    assert f"{result.last_equity_vnd - result.first_equity_vnd:,}" in html
    drawn = [re.findall(r"[\d.]+,([\d.]+)", points) for points in re.findall(r"points='([^']+)'", html)]
    heights = [float(y) for line in drawn for y in line]
    assert (min(heights), max(heights)) == (6.0, 214.0)  # the highest and the lowest touch the margins
    report = examined(result)
    assert "Entries at random" in report._repr_html_() or report.honesty.luck_share <= 0.05
    assert str(report).startswith("Verdict: ")
    assert repr(result).startswith("<BacktestResult 50,000,000 -> ")
    assert len(repr(result)) < 120


def test_what_a_strategy_says_is_no_markup_and_a_run_without_a_day_is_words():
    assert "<script" not in run(Toggle, TABLE, **STARTS)._repr_html_()
    result = run(Toggle, TABLE, **STARTS)
    bare = result.__class__(**{name: getattr(result, name) for name in result.__slots__ if name != "asked"})
    assert picture(bare).startswith("<pre>Verdict: ")
    with pytest.raises(ValueError, match="run it again"):
        examined(bare)
    assert isinstance(TABLE, BarTable)
