"""Backtests of persons' own files: the version that was chosen, kept with the run, and never run in this process."""

import sys
from functools import partial

import pytest

from apps.strategies import selectors, services
from apps.strategies.services import BacktestRefused, backtest_work
from apps.strategies.tests.conftest import NOW, TRADER
from apps.strategies.tests.test_backtests import asked, done, stored
from qts.backtest.process import StudyProcess
from qts.backtest.tests.test_confined import CROSS, RULES

__all__ = ["stored"]

pytestmark = pytest.mark.django_db
LOOP = CROSS.replace("        fast, slow =", "        while True: pass\n        fast, slow =")


@pytest.fixture
def taken_in(stored, settings, tmp_path):
    """Takes a text in under a name; its hash."""
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    folder = services.strategies_folder()

    def take(text=CROSS, name="mine", suffix=".py"):
        (folder / f"{name}{suffix}").write_text(text)
        return services.register_file(name, actor=TRADER, now=NOW)

    return take


def mine(name="mine", **more):
    return {"strategy": f"file:{name}", "parameters": {}, **more}


def test_a_file_is_offered_with_its_parameters_and_versions(taken_in):
    first, second = taken_in(), taken_in(CROSS.replace("A cross of my own", "Another one"))
    (view,) = [one for one in selectors.backtest_strategies() if one.key == "file:mine"]
    assert (view.content_hash, view.summary) == (second, "Another one.")
    assert [one.content_hash for one in view.versions] == [second, first]
    assert [(one.name, one.maximum) for one in view.parameters] == [("fast", 20), ("slow", 60)]
    assert selectors.backtest_file("file:mine", first).summary == "A cross of my own."


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("RUN", {}),
        ("SWEEP", {"grid": {"fast": [3, 5]}}),
        ("SEARCH", {"grid": {"fast": [3, 9]}, "tries": 5}),
        ("WALK_FORWARD", {"grid": {"fast": [3, 5]}, "folds": 2}),
    ],
)
def test_every_kind_of_study_takes_a_file(taken_in, kind, more):
    content_hash = taken_in()
    found = done(asked(kind, parts=[mine()], **more))
    assert found.status == "DONE", found.problem
    assert found.study["parts"][0]["source"] == {
        "file_name": "mine.py", "text": CROSS, "content_hash": content_hash,
    }  # fmt: skip
    assert found.strategies == ["file:mine"]
    assert "strategy_file" not in sys.modules  # nothing of it ran here


def test_rules_and_code_share_an_account(taken_in):
    taken_in()
    taken_in(RULES, "ruled", ".yaml")
    found = done(asked(parts=[mine(), mine("ruled")]))
    assert found.status == "DONE", found.problem
    assert {fill[-1] for fill in selectors.backtest_document(found.id)["fills"]} == {0, 1}


def test_a_newer_version_changes_no_run_that_was_there(taken_in):
    first = taken_in()
    before = done(asked(parts=[mine()]))
    second = taken_in(CROSS.replace("100 if", "300 if"))
    after = done(asked(parts=[mine()]))
    assert after.trades_hash != before.trades_hash
    assert after.study["parts"][0]["source"]["content_hash"] == second
    again = done(services.repeat_backtest(before.id, actor=TRADER, now=NOW))
    assert (again.trades_hash, again.code_hash) == (before.trades_hash, before.code_hash)
    chosen = done(asked(parts=[mine(version=first)]))
    fingerprints = {selectors.backtest_document(run.id)["fingerprint"] for run in (before, again, chosen)}
    assert len(fingerprints) == 1


WRONG = [
    ({"parts": [mine(parameters={"fast": 1})]}, "fast must be between 2 and 20 bars."),
    ({"parts": [mine(version="f" * 64)]}, "There is no version ffffffff of file:mine."),
    ({"parts": [mine("other")]}, "There is no strategy 'file:other'."),
    ({"parts": [{"strategy": "pairs", "version": "f" * 64}]}, "pairs comes with QTS and has no versions."),
    ({"kind": "SWEEP", "parts": [mine()], "grid": {"slow": [8, 99]}}, "slow must be between 3 and 60 bars"),
    ({"kind": "SWEEP", "parts": [mine()], "grid": {"pace": [8]}}, "file:mine has no parameter 'pace'"),
]


@pytest.mark.parametrize(("more", "told"), WRONG)
def test_what_a_file_does_not_take_is_refused_before_it_is_queued(taken_in, more, told):
    taken_in()
    with pytest.raises(BacktestRefused, match=told):
        asked(**({"kind": "RUN"} | more))


def test_what_somebody_sends_along_is_no_source(taken_in):
    taken_in()
    sent = {"file_name": "mine.py", "text": "import os", "content_hash": "0" * 64}
    found = selectors.backtest(asked(parts=[mine(source=sent)]))
    assert found.study["parts"][0]["source"]["text"] == CROSS
    with pytest.raises(BacktestRefused, match="There is no strategy 'file:theirs'"):
        asked(parts=[mine("theirs", source=sent)])


def test_one_that_loops_fails_with_its_line_and_the_others_go_on(taken_in, monkeypatch):
    """It answers while it is examined without bars; then it does not."""
    monkeypatch.setattr(backtest_work, "StudyProcess", partial(StudyProcess, answer_s=1))
    taken_in(LOOP)
    taken_in(name="good")
    loops, good = asked(parts=[mine()]), asked(parts=[mine("good")])
    assert done(good).status == "DONE"
    found = done(loops)
    assert (found.status, found.problem, found.attempt) == (
        "FAILED", "the strategy did not answer: mine.py, line 21, in on_bar", 1,
    )  # fmt: skip
    assert "while True: pass" in found.trace
