"""Files of bars, the words about a result, and the command."""

import gzip
import re
from typing import Any

import pytest

from qts.backtest import BarsUnreadable, read_bars
from qts.backtest.__main__ import main
from qts.backtest.report import report
from qts.backtest.result import BacktestResult, DayEquity, Fill
from qts.backtest.tests.test_backtest import MONDAY
from qts.domain.values import Side

HEAD = "symbol,time,open,high,low,close,volume\n"
GOOD = "SSI,2026-11-09 09:15,25.0,25.1,24.95,25.05,1000\nHPG,2026-11-09 09:15,30,30,30,30,5\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="bars.csv"):
        path = tmp_path / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz"])
def test_bars_are_whole_dong_in_order_of_time(file, name):
    later = "SSI,2026-11-09 09:16,25.05,25.05,25.05,25.05,0\n"
    bars = list(read_bars(file(HEAD + GOOD + later, name), symbols=["SSI", "HPG"]).bars())
    assert [(one.symbol, one.open_vnd, one.high_vnd, one.low_vnd, one.close_vnd, one.volume) for one in bars] == [
        ("HPG", 30_000, 30_000, 30_000, 30_000, 5),
        ("SSI", 25_000, 25_100, 24_950, 25_050, 1_000),
        ("SSI", 25_050, 25_050, 25_050, 25_050, 0),
    ]
    assert bars[0].ts_start_ms == round(MONDAY.replace(hour=9, minute=15).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "has no column close, high"),
        (HEAD, "holds no bar of SSI"),
        (HEAD + "SSI,yesterday,1,1,1,1,1\n", "line 2"),
        (HEAD + "SSI,2026-11-09 09:15,1,1,1,x,1\n", "line 2"),
        (HEAD + "SSI,2026-11-09 09:15,nan,1,1,1,1\n", "line 2"),
        (HEAD + "SSI,2026-11-09 09:15,inf,1,1,1,1\n", "line 2"),
        (HEAD + "SSI,2026-11-09 09:15,1,1,1\n", "line 2"),
        (HEAD + "SSI,2026-11-09 09:15,2,1,1,1,1\n", "line 2: low, open, close, high and volume contradict"),
        (HEAD + "SSI,2026-11-09 09:15,0,1,0,1,1\n", "line 2: low, open"),
        (HEAD + "SSI,2026-11-09 09:15,1,1,1,1,-1\n", "line 2: low, open"),
        (HEAD + GOOD + "SSI,2026-11-09 09:15,25,25,25,25,1\n", "line 4: .* does not come after"),
    ],
)
def test_what_is_no_bar_is_named_with_its_line(file, text, told):
    with pytest.raises(BarsUnreadable, match=told):
        read_bars(file(text), symbols=["SSI"])


def test_a_file_that_is_none_is_said(tmp_path, file):
    with pytest.raises(BarsUnreadable, match="cannot be read"):
        read_bars(tmp_path / "nowhere.csv", symbols=["SSI"])
    with pytest.raises(BarsUnreadable, match="cannot be read"):
        read_bars(file("no gzip").rename(tmp_path / "bars.gz"), symbols=["SSI"])


def result(**more) -> BacktestResult:
    days = [DayEquity(MONDAY.date().replace(day=9 + n), vnd, 0) for n, vnd in enumerate((1_010, 990, 1_100))]
    given: dict[str, Any] = {
        "fingerprint": "f" * 64, "bar_count": 3, "cash_vnd": 1_100, "first_equity_vnd": 1_000, "fills": [],
        "refusals": [], "equity": days, "lowest_from_peak_vnd": 20, "largest_share_percent": 0.0, "locked_bars": 0,
        "expired_orders": 0,
    }  # fmt: skip
    return BacktestResult(**(given | more))


def sale(pnl_vnd: int, costs_vnd: int = 1) -> Fill:
    return Fill(0, "SSI", Side.SELL, 1, 100, costs_vnd, 0, pnl_vnd, "s")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "It never traded"),
        ({"fills": [sale(1)] * 5}, "5 closed trades are too few"),
        ({"fills": [sale(1)] * 40, "largest_share_percent": 9.0}, "9.0 % of its minute's volume"),
        ({"fills": [sale(1)] * 40, "locked_bars": 3}, "3 times its order stood at a locked limit"),
        ({"fills": [sale(1, 10)] * 40}, "Fees and tax took 400 VND, more than the result itself"),
    ],
)
def test_the_verdict_names_each_reason_to_doubt(more, told):
    assert told in report(result(**more))


def test_a_sound_result_is_told_without_doubts():
    first = report(result(fills=[sale(2)] * 40)).splitlines()[0]
    assert first == "Verdict: it earned 100 VND (+10.00%) after fees and tax."


def test_a_ruined_account_has_no_ratios():
    ruined = result(equity=[DayEquity(MONDAY.date(), 0, 0)])
    assert report(ruined) == "Verdict: the account was worth nothing or less."
    assert report(result(equity=[])) == "No trading day was run."


def test_the_command_prints_the_report_and_writes_the_fills(file, tmp_path, capsys):
    rows = "".join(
        f"SSI,2026-11-09 {9 + (20 + n) // 60:02}:{(20 + n) % 60:02},{price},{price},{price},{price},100000\n"
        for n, price in enumerate([25 - 0.05 * n for n in range(25)] + [23.8 + 0.05 * n for n in range(25)])
    )
    fills = tmp_path / "fills.csv"
    asked = ["moving_average_cross", "--bars", str(file(HEAD + rows)), "--symbol", "SSI", "--fills", str(fills)]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert re.search(r"fills, closed trades\s+1, 0", out)
    assert fills.read_text().splitlines()[1].split(",")[1:4] == ["SSI", "BUY", "500"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--set", "fast=1"], "fast must be between"),
        (["--set", "fast"], "write NAME=NUMBER"),
        (["--set", "fast=x"], "write NAME=NUMBER"),
        (["--cash", "0"], "begins with money"),
    ],
)
def test_the_command_says_what_is_wrong(file, capsys, more, told):
    asked = ["moving_average_cross", "--bars", str(file(HEAD + GOOD)), "--symbol", "SSI", *more]
    assert main(asked) == 2
    assert told in capsys.readouterr().err
