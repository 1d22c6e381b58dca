"""A study in a process of its own: what it says, what it may not do, and what is left when it is killed."""

import os
import signal
import time
from typing import Any, ClassVar

import pytest

from qts.backtest import StrategyPart
from qts.backtest.packing import pack
from qts.backtest.process import Begun, Failed, Finished, Moved, StudyBroken, StudyProcess
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind, study_json
from qts.backtest.tests.peers import spec_of
from qts.backtest.tests.test_studies import GRID, TABLE, study
from qts.domain.strategy import Bar, Context, Intent, Strategy

MODULE = "qts.backtest.tests.test_process"
PACKED = pack(TABLE)


class Sleeper(Strategy[Any]):
    key: ClassVar[str] = "sleeper"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        time.sleep(60)
        return None


class Glutton(Strategy[Any]):
    key: ClassVar[str] = "glutton"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        bytearray(5 << 30)
        return None


def heard(made, **more):
    with StudyProcess(study_json(made), PACKED, **more) as process:
        return [message for message in process.messages(pause_s=5) if message is not None]


def of(name):
    return Study(kind=StudyKind.RUN, spec=spec_of(None, parts=[StrategyPart(f"{MODULE}:{name}")]))


def test_a_process_finds_what_a_call_finds():
    begun, *moved, finished = heard(study(StudyKind.SWEEP))
    assert isinstance(begun, Begun)
    assert isinstance(finished, Finished)
    assert finished.document == conduct(study(StudyKind.SWEEP), TABLE)
    steps = [step for one in moved if isinstance(one, Moved) for step in one.steps]
    assert [step["parameters"]["fast"] for step in steps] == [3, 3, 5, 5, 8, 8]
    assert moved[-1].progress == (6, 6)
    # begun again with the first four: two are left to do, and the result is the same
    _, *moved, again = heard(study(StudyKind.SWEEP), kept=steps[:4], code_hash=begun.code_hash)
    assert again == finished
    assert [len(one.steps) for one in moved if one.steps] == [2]


def test_steps_of_other_code_are_not_taken_up():
    begun, *moved, _ = heard(study(StudyKind.SWEEP), kept=[{"day_sharpe": 99.0}], code_hash="other")
    assert begun.takes_up is False
    assert sum(len(one.steps) for one in moved) == len(GRID["fast"]) * len(GRID["slow"])


def test_a_strategy_that_wants_all_memory_is_told(tmp_path):
    failed = heard(of("Glutton"))[-1]
    assert isinstance(failed, Failed)
    assert failed.problem == "it needs more than 4 GB of memory"
    assert "bytearray(5 << 30)" in failed.trace


def test_what_is_no_study_is_told_in_a_sentence():
    with StudyProcess({"kind": "DREAM"}, PACKED) as process:
        assert list(filter(None, process.messages(pause_s=5))) == [
            Failed("'DREAM' is none of RUN, SWEEP, WALK_FORWARD, SEARCH", "")
        ]


def test_a_process_that_is_killed_is_no_result():
    with StudyProcess(study_json(of("Sleeper")), PACKED) as process:
        messages = process.messages(pause_s=0.2)
        while not isinstance(next(messages), Begun):
            pass
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(StudyBroken, match="status -9"):
            list(messages)


def test_whoever_leaves_takes_the_process_along():
    with StudyProcess(study_json(of("Sleeper")), PACKED) as process:
        pid = process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
