"""Files of bars, the words about a result, and the command."""

import csv
import gzip
import json
import re
from datetime import datetime
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from qts.backtest import BarPeriod, BarsUnreadable, read_bars
from qts.backtest.__main__ import main
from qts.backtest.report import report
from qts.backtest.result import BacktestResult, DayEquity, Fill
from qts.backtest.tests.test_backtest import MONDAY
from qts.backtest.tests.test_confined import CROSS, RULES
from qts.domain.market import VIETNAM
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


@pytest.mark.parametrize("moment", [str, lambda text: datetime.fromisoformat(text).replace(tzinfo=VIETNAM)])
def test_a_parquet_file_holds_the_same_bars(tmp_path, file, moment):
    rows = list(csv.DictReader((HEAD + GOOD).splitlines()))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    numbers = {name: [float(text) for text in columns[name]] for name in ("open", "high", "low", "close", "volume")}
    made = pyarrow.table(columns | numbers | {"time": [moment(text) for text in columns["time"]]})
    parquet.write_table(made, tmp_path / "bars.parquet")
    assert list(read_bars(tmp_path / "bars.parquet").bars()) == list(read_bars(file(HEAD + GOOD)).bars())


def test_a_parquet_file_that_is_none_or_wrong_is_said(tmp_path, file):
    with pytest.raises(BarsUnreadable, match="is no Parquet file"):
        read_bars(file(HEAD + GOOD, "bars.parquet"))
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(BarsUnreadable, match="cannot be read"):
        read_bars(tmp_path / "cut.parquet")
    parquet.write_table(pyarrow.table({"symbol": ["SSI"]}), tmp_path / "few.parquet")
    with pytest.raises(BarsUnreadable, match="has no column close, high"):
        read_bars(tmp_path / "few.parquet")
    wrong = {"symbol": ["SSI"], "time": ["2026-11-09"], "open": [2.0], "high": [1.0], "low": [1.0], "close": [1.0]}
    parquet.write_table(pyarrow.table(wrong | {"volume": [1]}), tmp_path / "wrong.parquet")
    with pytest.raises(BarsUnreadable, match="line 2: low, open"):
        read_bars(tmp_path / "wrong.parquet")


@pytest.mark.parametrize(
    ("period", "times", "told"),
    [
        (BarPeriod.DAY, ("2026-11-09 09:15", "2026-11-09 09:16"), "line 3: a second bar of SSI on one day"),
        (BarPeriod.MINUTE, ("2026-11-09 09:15:30", "2026-11-09 09:16"), "line 2: a bar of a minute begins"),
    ],
)
def test_bars_of_another_length_are_refused(file, period, times, told):
    text = HEAD + "".join(f"SSI,{one},1,1,1,1,1\n" for one in times)
    with pytest.raises(BarsUnreadable, match=told):
        read_bars(file(text), period=period)
    assert len(read_bars(file(text))) == 2


def test_a_file_of_too_many_bars_is_refused(file, monkeypatch):
    monkeypatch.setattr("qts.backtest.bars.ROWS_MAX", 1)
    with pytest.raises(BarsUnreadable, match="line 3: a backtest takes 1 bars at most"):
        read_bars(file(HEAD + GOOD))


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
        ({"fills": [sale(1)] * 40, "largest_share_percent": 9.0}, "9.0 % of its bar's volume"),
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


@pytest.mark.parametrize(("name", "text"), [("mine.py", CROSS), ("mine.yaml", RULES)])
def test_the_command_takes_a_file_of_ones_own(file, tmp_path, capsys, name, text):
    """By its path; what is stored has its text, so it is repeated when the file is another by then."""
    rows = "".join(
        f"SSI,2026-{month:02}-{day:02},{price},{price},{price},{price},900000\n"
        for month in (9, 10) for day in range(1, 31)
        if (price := round(25 + abs(day % 12 - 6) * 0.3, 2))
    )  # fmt: skip
    bars, own, stored, spec = file(HEAD + rows), tmp_path / name, tmp_path / "found.json", tmp_path / "spec.json"
    own.write_text(text)
    assert main([str(own), "--bars", str(bars), "--daily", "--symbol", "SSI", "--json", str(stored)]) == 0
    first = json.loads(stored.read_text())
    assert first["document"]["figures"]["fills"] > 2
    own.write_text("another text")
    spec.write_text(json.dumps(first["study"]))
    assert main(["--bars", str(bars), "--spec", str(spec), "--json", str(stored)]) == 0
    assert json.loads(stored.read_text()) == first
    capsys.readouterr()
    own.write_text("title: [" if name.endswith("yaml") else "class (:")
    assert main([str(own), "--bars", str(bars), "--symbol", "SSI"]) == 2
    assert "line 1" in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--set", "fast=1"], "fast must be between"),
        (["--set", "fast"], "write NAME=NUMBER"),
        (["--set", "fast=x"], "write NAME=NUMBER"),
        (["--cash", "0"], "begins with money"),
        (["--study", "SWEEP"], "choose a parameter to vary"),
        (["--study", "SWEEP", "--vary", "fast"], "write 5,8,13 or FROM:TO:STEP"),
        (["--spec", "/nowhere.json"], "is no specification"),
    ],
)
def test_the_command_says_what_is_wrong(file, capsys, more, told):
    asked = ["moving_average_cross", "--bars", str(file(HEAD + GOOD)), "--symbol", "SSI", *more]
    assert main(asked) == 2
    assert told in capsys.readouterr().err


def test_a_study_on_the_command_line_is_stored_and_repeated(file, tmp_path, capsys):
    rows = "".join(
        f"SSI,2026-{month:02}-{day:02},{price},{price},{price},{price},100000\n"
        for month in (9, 10) for day in range(1, 31)
        if (price := round(25 + abs(day % 12 - 6) * 0.3, 2))
    )  # fmt: skip
    bars, stored, spec = file(HEAD + rows), tmp_path / "found.json", tmp_path / "spec.json"
    asked = ["--bars", str(bars), "--json", str(stored)]
    vary = ["--vary", "fast=2:4", "--vary", "slow=5,7", "--daily", "--symbol", "SSI"]
    assert main(["moving_average_cross", *asked, "--study", "SWEEP", *vary]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Verdict: The best of 6 sets")
    assert "The best of them: it" in said
    first = json.loads(stored.read_text())
    spec.write_text(json.dumps(first["study"]))
    assert main([*asked, "--spec", str(spec)]) == 0
    assert capsys.readouterr().out == said
    assert json.loads(stored.read_text()) == first
    assert main(["moving_average_cross", *asked, "--study", "WALK_FORWARD", *vary]) == 0
    assert "on days that it was not fitted to" in capsys.readouterr().out
