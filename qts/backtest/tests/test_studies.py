"""Studies: what they find, what they say, and that one which was broken off ends as if it had not been."""

import json
from dataclasses import replace

import numpy as np
import pytest

from qts.backtest import BarPeriod, BarTable, FillAt, SpecWrong, StrategyPart
from qts.backtest.data_check import data_doubts
from qts.backtest.engine import run
from qts.backtest.packing import pack, unpack
from qts.backtest.robustness import broadness, robustness
from qts.backtest.search import Search
from qts.backtest.statements import TEMPLATES, Say, Statement
from qts.backtest.studies import Notebook, conduct
from qts.backtest.study import SETS_MAX, Study, StudyKind, study_json, study_of_json, values_of
from qts.backtest.tests.peers import spec_of
from qts.backtest.tests.test_sweep import START_MS, by_bars, table_of, walk
from qts.backtest.walk_forward import FoldResult, folds_of, judged
from qts.domain.market import Instrument
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.strategy import ParameterError
from qts.domain.values import Exchange, InstrumentKind

TABLE = table_of(walk(3, 1_200))
GRID = {"fast": [3, 5, 8], "slow": [13, 21]}
SPEC = spec_of(None, cash_vnd=50_000_000)


def study(kind, **more):
    grid = {} if kind is StudyKind.RUN else GRID
    return Study(**({"kind": kind, "spec": SPEC, "grid": grid, "tries": 8, "folds": 3} | more))


FOLD = FoldResult("", "", "", {}, 0.2, 0.2, 0.02, 3, ["2026-11-09", "2026-11-10"], [0.011, 0.009])


class BrokenOff(Exception):
    pass


def broken_off_after(count, made):
    """The steps that had been told when the study was broken off."""
    told = []

    def take(step):
        told.append(json.loads(json.dumps(step)))
        if len(told) == count:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        conduct(made, TABLE, Notebook(on_step=take))
    return told


@pytest.mark.parametrize(("kind", "steps"), [(StudyKind.SWEEP, 6), (StudyKind.SEARCH, 16), (StudyKind.WALK_FORWARD, 3)])
def test_a_study_that_was_broken_off_ends_as_if_it_had_not_been(kind, steps):
    asked = study(kind, tries=16)
    whole = conduct(asked, TABLE)
    for count in (1, steps - 1):
        kept = broken_off_after(count, asked)
        again = []
        document = conduct(asked, TABLE, Notebook(kept, again.append))
        assert json.dumps(document) == json.dumps(whole)
        assert len(again) == steps - count  # and nothing was done twice


def test_a_stored_study_gives_the_same_trades():
    made = study(StudyKind.RUN)
    first = conduct(made, TABLE)
    stored = json.loads(json.dumps(study_json(made)))
    again = conduct(study_of_json(stored), unpack(pack(TABLE)))
    assert first["fills"]
    assert again == first
    other = conduct(replace(made, spec=replace(SPEC, parts=[StrategyPart("moving_average_cross")])), TABLE)
    assert other["trades_hash"] != first["trades_hash"]


@pytest.mark.parametrize("kind", list(StudyKind))
def test_progress_rises_to_the_end(kind):
    told = []
    conduct(study(kind), TABLE, Notebook(on_progress=lambda *one: told.append(one)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert len({count for _, count in told}) == 1


def test_the_best_of_a_sweep_is_reported_and_judged():
    found = conduct(study(StudyKind.SWEEP), TABLE)
    sharpes = [row["day_sharpe"] for row in found["rows"]]
    best = found["rows"][found["best"]]
    assert best["day_sharpe"] == max(one for one in sharpes if one is not None)
    result = by_bars(SPEC, TABLE, best["parameters"])
    assert found["report"]["figures"]["last_equity_vnd"] == best["last_equity_vnd"] == result.last_equity_vnd
    assert found["verdict"][0]["code"] in {"BEST_IS_MORE", "BEST_IS_LUCK"}
    assert found["overfitting"]["halves"] == 252
    assert [row["parameters"]["fast"] for row in found["rows"]] == [3, 3, 5, 5, 8, 8]


def test_a_search_stays_in_its_ranges_and_repeats_itself():
    found = conduct(study(StudyKind.SEARCH, seed=5), TABLE)
    assert len(found["rows"]) == 8
    assert all(3 <= row["parameters"]["fast"] <= 8 and 13 <= row["parameters"]["slow"] <= 21 for row in found["rows"])
    assert conduct(study(StudyKind.SEARCH, seed=5), TABLE) == found
    assert conduct(study(StudyKind.SEARCH, seed=6), TABLE)["rows"] != found["rows"]


def test_a_search_looks_where_it_found_something():
    search, tried = Search({"a": (0, 1_000), "b": (0, 1_000)}, seed=1), []
    for _ in range(60):
        tried.append(search.next_set())
        search.tell(-abs(tried[-1]["a"] - 700) - abs(tried[-1]["b"] - 200))
    missed = [abs(one["a"] - 700) + abs(one["b"] - 200) for one in tried]
    assert np.mean(missed[-20:]) < np.mean(missed[:10]) / 2
    with pytest.raises(SpecWrong, match="9 is above 5"):
        Search({"a": (9, 5)}, seed=1)
    with pytest.raises(RuntimeError, match="answers next_set"):
        search.tell(1.0)


def test_what_a_search_was_told_is_what_the_runs_found():
    """The eleventh try is the first that depends on the ten before it."""
    search = Search(study(StudyKind.SEARCH).ranges, seed=1)
    for row in conduct(study(StudyKind.SEARCH, tries=16), TABLE)["rows"]:
        asked = search.next_set()
        assert {name: row["parameters"][name] for name in asked} == asked
        search.tell(row["day_sharpe"])


def test_walking_forward_never_looks_ahead():
    """Another future changes no choice that was made before it, and no trade."""
    folds = folds_of(TABLE, 3)
    found = conduct(study(StudyKind.WALK_FORWARD), TABLE)
    cut = int(np.searchsorted(TABLE.ts_start_ms, folds[2].test * DAY_MS - VIETNAM_AHEAD_MS))
    closes = TABLE.close_vnd.copy()
    closes[cut:] = closes[cut:][::-1]
    other = conduct(study(StudyKind.WALK_FORWARD), table_of(closes))
    assert other["folds"][:2] == found["folds"][:2]
    assert other["folds"][2]["parameters"] == found["folds"][2]["parameters"]
    assert other["folds"][2]["returns"] != found["folds"][2]["returns"]


def test_test_periods_follow_each_other_without_a_gap():
    found = conduct(study(StudyKind.WALK_FORWARD), TABLE)
    days = [day for fold in found["folds"] for day in fold["days"]]
    assert days == sorted(set(days))
    assert [day for day, _ in found["equity"]] == days
    rolling, anchored = folds_of(TABLE, 3), folds_of(TABLE, 3, is_anchored=True)
    assert [(one.test, one.end) for one in rolling] == [(one.test, one.end) for one in anchored]
    assert len({one.train for one in anchored}) == 1
    assert all(one.train < one.test < one.end for one in rolling)
    assert rolling[-1].end == int((TABLE.ts_start_ms[-1] + VIETNAM_AHEAD_MS) // DAY_MS) + 1
    with pytest.raises(SpecWrong, match="4 periods need 21 trading days, and there are 5"):
        folds_of(table_of(walk(1, 100)), 4)


def test_nothing_is_traded_before_trading_begins():
    begins_ms = int(TABLE.ts_start_ms[700])
    late = run(replace(SPEC, trades_from_ms=begins_ms), TABLE)
    assert late.fills
    assert min(fill.ts_ms for fill in late.fills) > begins_ms
    assert {one.ts_ms for one in late.refusals if one.ts_ms < begins_ms} == set()
    assert late.fingerprint != run(SPEC, TABLE).fingerprint


def test_a_walk_that_loses_outside_says_so():
    found = conduct(study(StudyKind.WALK_FORWARD), TABLE)
    assert found["verdict"][0]["code"] == ("OUTSIDE_EARNED" if found["figures"]["total_return"] > 0 else "OUTSIDE_LOST")
    outside = [one for fold in found["folds"] for one in fold["returns"]]
    assert found["figures"]["total_return"] == pytest.approx(np.prod([1 + one for one in outside]) - 1)
    losing = replace(FOLD, test_return=-0.1, returns=[-0.05, -0.052])
    assert [one.code for one in judged([FOLD, losing])] == [
        Say.OUTSIDE_LOST, Say.OUTSIDE_WEAKER, Say.OUTSIDE_MOSTLY_LOSES,
    ]  # fmt: skip
    assert [one.code for one in judged([FOLD])] == [Say.OUTSIDE_EARNED]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"grid": {}}, "choose a parameter to vary"),
        ({"grid": {"speed": [1]}}, "has no parameter 'speed'"),
        ({"grid": {"fast": [1, 5]}}, "fast must be between 2 and 100 bars"),
        ({"grid": {"fast": list(range(2, 90)), "slow": list(range(10, 100))}}, f"{SETS_MAX:,} are the most"),
        ({"spec": spec_of(None, parts=[*SPEC.parts, *SPEC.parts])}, "one strategy at a time"),
        ({"kind": StudyKind.SEARCH, "tries": 4}, "5 to 2000 tries"),
        ({"kind": StudyKind.WALK_FORWARD, "folds": 21}, "2 to 20 periods"),
        ({"spec": replace(SPEC, parts=[StrategyPart("nobody")])}, "no strategy 'nobody'"),
    ],
)
def test_what_is_no_study_is_said(more, told):
    with pytest.raises(SpecWrong, match=told):
        study(more.pop("kind", StudyKind.SWEEP), **more)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "DREAM"}, "'DREAM' is none of RUN, SWEEP"),
        ({"cash_vnd": 1.5}, "1.5 is no whole number"),
        ({"period": "HOUR"}, "'HOUR' is none of TICK, MINUTE, DAY"),
        ({"parts": None}, "is not readable"),
        ({"parts": [{"strategy": "moving_average_cross", "symbols": ["ZZZ"]}]}, "which is no instrument"),
    ],
)
def test_what_is_no_specification_is_said(changes, told):
    with pytest.raises(SpecWrong, match=told):
        study_of_json(study_json(study(StudyKind.RUN)) | changes)
    with pytest.raises(SpecWrong, match="lacks 'fee_rate_bps'"):
        study_of_json({name: one for name, one in study_json(study(StudyKind.RUN)).items() if name != "fee_rate_bps"})
    parts = [{"strategy": "moving_average_cross", "parameters": {"fast": 1}}]
    with pytest.raises(ParameterError, match="fast must be between"):
        study_of_json(study_json(study(StudyKind.RUN)) | {"parts": parts})


@pytest.mark.parametrize(
    ("text", "values"), [("5,8,13", [5, 8, 13]), ("8, 5,8", [5, 8]), ("5:9:2", [5, 7, 9]), ("3:5", [3, 4, 5])]
)
def test_values_are_a_list_or_a_range(text, values):
    assert values_of(text) == values


@pytest.mark.parametrize("text", ["", "a", "9:5", "5:9:0", "1:2:3:4", "0:99999999:1"])
def test_what_are_no_values_is_said(text):
    with pytest.raises(SpecWrong, match=r"write 5,8,13 or FROM:TO:STEP"):
        values_of(text)


def test_neighbours_are_one_step_away_in_one_parameter():
    grid = {"a": [1, 2, 3], "b": [10, 20]}
    rows = [({"a": a, "b": b}, float(a * b) if a != 3 else None) for a in grid["a"] for b in grid["b"]]
    assert robustness(rows, grid) == [(20 + 20) / 2, (40 + 10) / 2, (10 + 0 + 40) / 3, (20 + 0 + 20) / 3, 10.0, 20.0]
    assert robustness([({"a": 1}, 1.0)], {"a": [1]}) == [None]
    assert broadness(2.0, 0.5) == Statement(Say.FRAGILE, share=0.25)
    assert broadness(2.0, 1.8) == Statement(Say.BROAD, share=0.9)
    assert broadness(-1.0, 1.0) is None


def days(symbol_days, closes):
    times = [START_MS - 9 * 3_600_000 + day * DAY_MS for day in symbol_days]
    return BarTable.of_columns("A", times, closes, closes, closes, closes, [1_000] * len(closes))


def test_holes_and_impossible_jumps_are_told():
    said = list(data_doubts(days([0, 1, 15, 16], [100, 101, 102, 200])))
    assert said == [
        Statement(Say.HOLE, symbol="A", days=9, since="2026-11-11"),
        Statement(Say.JUMP, symbol="A", share=200 / 102 - 1, day="2026-11-25"),
    ]
    assert list(data_doubts(days([0, 1, 11, 12], [100, 107, 114, 121]))) == []  # a long new year, and ceilings


def test_a_report_holds_what_a_page_draws():
    symbols = ("A", "B")
    tables = [days(range(0, 60), walk(4, 60).tolist())]
    other = tables[0]
    tables.append(BarTable(("B",), *(getattr(other, name) for name in list(BarTable.__dataclass_fields__)[1:])))
    listed = {name: Instrument(name, Exchange.HOSE, InstrumentKind.STOCK) for name in symbols}
    parts = [
        StrategyPart("moving_average_cross", {"fast": 2, "slow": 5, "quantity": 100}, ["A"]),
        StrategyPart("rsi_mean_reversion", {"period": 3}, ["B"]),
    ]
    spec = spec_of(FillAt.CLOSE, symbols=symbols, parts=parts, instruments=listed, period=BarPeriod.DAY)
    found = conduct(Study(kind=StudyKind.RUN, spec=spec), BarTable.merged(tables))
    assert {fill[1] for fill in found["fills"]} == {"A", "B"}
    assert {fill[-1] for fill in found["fills"]} == {0, 1}
    assert len(found["equity"]) == len(found["benchmark"]["equity"]) == 60
    assert found["verdict"][1]["code"] == "FRICTIONLESS"
    total = 1.0
    for one in found["months"][0]["months"] + found["months"][1]["months"]:
        total *= 1 + (one or 0.0)
    assert total - 1 == pytest.approx(found["figures"]["total_return"])
    assert json.loads(json.dumps(found)) == found


def test_holding_is_what_the_first_close_bought():
    table = days([0, 1, 2], [10_000, 11_000, 12_000])
    spec = spec_of(FillAt.CLOSE, cash_vnd=1_002_000, period=BarPeriod.DAY)
    found = conduct(Study(kind=StudyKind.RUN, spec=spec), table)
    assert found["benchmark"]["equity"] == [1_000_000, 1_100_000, 1_200_000]  # 100 shares, and 2,000 of fee
    assert {"code": "BEHIND_HOLDING", "values": {"share": 1_200_000 / 1_002_000 - 1}} in found["verdict"]


def test_a_statement_survives_as_json():
    made = Statement(Say.LUCK, share=0.25)
    assert made == "Entries at random, held as long, did as well in 25% of the draws."
    again = Statement.of_json(json.loads(json.dumps(made.as_json())))
    assert (again, again.code, again.tone) == (made, Say.LUCK, made.tone)
    assert set(TEMPLATES) == set(Say)
