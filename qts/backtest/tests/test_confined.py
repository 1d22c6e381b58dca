"""A person's own file in a backtest: it runs, its text is what is stored, and a hostile one gets nothing.

The attempts are those made on the live host (`qts/adapters/sandbox/tests/hostile.py`).
"""

import json
import os
import re
import socket
import sys
import time
from textwrap import indent

import pytest

from qts.adapters.sandbox.source import StrategySource
from qts.adapters.sandbox.tests.hostile import EXHAUSTING, REACHING, source_of
from qts.backtest import SpecWrong, StrategyPart, run
from qts.backtest.loading import class_of
from qts.backtest.outline import NoDocument, checked
from qts.backtest.packing import pack
from qts.backtest.process import Failed, Finished, StudyProcess
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind, study_json, study_of_json
from qts.backtest.tests.peers import spec_of
from qts.backtest.tests.test_studies import TABLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are those of Linux")

HERE = TABLE.until(500)
PACKED = pack(HERE)
CROSS = """from dataclasses import dataclass

from qts.domain.strategy import Parameters, Strategy, TargetPosition, parameter


@dataclass(frozen=True)
class CrossParameters(Parameters):
    fast: int = parameter(3, minimum=2, maximum=20, unit="bars", help="Fast.")
    slow: int = parameter(8, minimum=3, maximum=60, unit="bars", help="Slow.")


class Mine(Strategy[CrossParameters]):
    title = "Mine"
    summary = "A cross of my own."
    parameters_class = CrossParameters

    def indicator_names(self):
        return (f"sma_{self.parameters.fast}", f"sma_{self.parameters.slow}")

    def on_bar(self, bar, context):
        fast, slow = (context.indicators.get(name) for name in self.indicator_names())
        if fast is None or slow is None:
            return None
        return TargetPosition(100 if fast > slow else 0, "cross")
"""
RULES = """title: Rules of mine
enter:
  all:
    - close > sma_10
leave:
  any:
    - close < sma_10
size: {method: fixed, quantity: 100}
"""
SECRET = "the signer's key"
# what replaces or ends the process has one of its own below
TOGETHER = {name: body for name, body in REACHING.items() if name not in {"becomes_a_program", "stops_itself"}}
ALL_OF_THEM = """import ctypes, os, signal, socket, sys
from qts.domain.strategy import Strategy, Parameters

def syscall(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, *arguments)
    if answer < 0:
        raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer

{functions}

class Hostile(Strategy[Parameters]):
    title = "Hostile"
    summary = "Tries what it must not."

    def on_bar(self, bar, context):
        got = {{}}
        for name in {names!r}:
            try:
                got[name] = str(globals()[name]())[:100]
            except BaseException:
                pass
        raise RuntimeError(f"tried {{len({names!r})}}, got {{got}}")
"""


def part_of(source, **more):
    return StrategyPart("file:mine", source=source, **more)


def mine(kind=StudyKind.RUN, text=CROSS, name="mine.py", **more):
    part = part_of(StrategySource(name, text), parameters=more.pop("parameters", {}))
    return Study(kind=kind, spec=spec_of(None, cash_vnd=50_000_000, parts=[part]), **more)


def heard(study, **limits):
    told = study if isinstance(study, dict) else study_json(study)
    with StudyProcess(told, PACKED, **({"memory_bytes": 1 << 30, "answer_s": 2} | limits)) as process:
        return [message for message in process.messages(pause_s=0.2) if message is not None]


def hostile(body, **limits):
    last = heard(Study(kind=StudyKind.RUN, spec=spec_of(None, parts=[part_of(source_of(body))])), **limits)[-1]
    assert isinstance(last, Failed), last
    return last


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (StudyKind.RUN, {}),
        (StudyKind.SEARCH, {"grid": {"fast": [3, 9], "slow": [10, 40]}, "tries": 14}),
        (StudyKind.WALK_FORWARD, {"grid": {"fast": [3, 5]}, "folds": 2}),
    ],
)
def test_a_file_of_ones_own_is_studied_in_its_process_as_here(kind, more):
    asked = mine(kind, **more)
    finished = heard(asked)[-1]
    assert isinstance(finished, Finished), finished
    assert finished.document == conduct(asked, HERE)


def test_rules_are_run_as_code_is():
    asked = mine(text=RULES, name="mine.yaml")
    finished = heard(asked)[-1]
    assert isinstance(finished, Finished), finished
    assert finished.document["figures"]["fills"] > 5
    assert finished.document["trades_hash"] == conduct(asked, HERE)["trades_hash"]


def test_the_text_is_stored_and_part_of_the_fingerprint():
    asked = mine()
    told = json.loads(json.dumps(study_json(asked)))
    assert study_json(study_of_json(told)) == told
    assert study_of_json(told).spec.fingerprint(TABLE) == asked.spec.fingerprint(TABLE)
    other = mine(text=CROSS.replace("100 if", "200 if"))
    assert asked.spec.fingerprint(TABLE) != other.spec.fingerprint(TABLE)
    assert run(asked.spec, TABLE).fills != run(other.spec, TABLE).fills
    told["parts"][0]["source"]["text"] += "# changed behind its back"
    with pytest.raises(SpecWrong, match=r"the text of mine.py is not the one whose hash"):
        study_of_json(told)


def test_nothing_of_a_file_runs_where_it_is_only_asked_for(tmp_path):
    proof = tmp_path / "ran"
    asked = mine(text=f"open({str(proof)!r}, 'w')\n{CROSS}")
    assert study_of_json(study_json(asked)).spec.fingerprint(TABLE)
    assert not proof.exists()
    last = heard(asked)[-1]
    assert isinstance(last, Failed)
    assert "Operation not permitted" in last.problem
    assert "(mine.py, line 1)" in last.problem
    assert not proof.exists()
    class_of(asked.spec.parts[0])  # as one's own, in one's own process
    assert proof.exists()


BROKEN = [
    ("def f(:\n  pass", "mine.py, line 1: it is no Python: invalid syntax", "mine.py"),
    ("x = 1", "holds one subclass of Strategy; found: none", "mine.py"),
    (CROSS.replace("fast > slow", "fast > slo"), "NameError: name 'slo' is not defined (mine.py, line 24)", "mine.py"),
    (CROSS.replace("TargetPosition(100 if fast > slow else 0, ", "float('nan') or ("), "TypeError", "mine.py"),
    (RULES.replace("> sma_10", "> smaa_10"), "smaa_10", "mine.yaml"),
    (RULES.replace("close < sma_10", "close <"), "Line 7", "mine.yaml"),
]


@pytest.mark.parametrize(("text", "told", "name"), BROKEN)
def test_what_is_wrong_with_a_file_is_told_with_its_line(text, told, name):
    last = heard(mine(text=text, name=name))[-1]
    assert isinstance(last, Failed)
    assert told in last.problem


def test_wrong_parameters_and_values_are_told_in_the_process():
    assert heard(mine(parameters={"fast": 1}))[-1] == Failed("fast must be between 2 and 20 bars.", "")
    last = heard(mine(StudyKind.SWEEP, grid={"slow": [8, 99]}))[-1]
    assert last == Failed("slow must be between 3 and 60 bars", "")


def test_none_of_the_attempts_on_the_live_host_gets_anything(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    key = tmp_path / "data" / "secret.key"
    key.write_text(SECRET)
    monkeypatch.setenv("QTS_TEST_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as database, socket.socket(socket.AF_UNIX) as by_path:
        by_path.bind(str(tmp_path / "socket"))
        by_path.listen()
        placed = {
            "@SECRET@": str(key), "@DATA@": str(tmp_path / "data"), "@PARENT@": str(os.getpid()),
            "@PORT@": str(database.getsockname()[1]), "@SOCKET@": str(tmp_path / "socket"),
            "@FREE@": str(tmp_path / "free"),
        }  # fmt: skip
        functions = "\n\n".join(f"def {name}():\n{indent(body.strip(), '    ')}" for name, body in TOGETHER.items())
        for name, value in placed.items():
            functions = functions.replace(name, value)
        text = ALL_OF_THEM.format(functions=functions, names=list(TOGETHER))
        failed = heard(mine(text=text), answer_s=20)[-1]
    assert isinstance(failed, Failed)
    assert failed.problem.startswith(f"the strategy raised RuntimeError: tried {len(TOGETHER)}, got {{}}")
    assert key.read_text() == SECRET
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "socket"]


def test_it_does_not_become_another_program():
    assert "PermissionError" in hostile(REACHING["becomes_a_program"]).problem


EXHAUSTED = {
    "loops_and_catches_all": "did not answer: hostile.py, line",
    "counts_for_ever": "did not answer|said nothing for 8 s",
    "takes_memory": r"needs more than 1 GB of memory \(hostile.py, line",
    "recurses": "RecursionError",
    "crashes": "ended by SIGSEGV",
    "leaves": "ended itself with status 7",
    "leaves_politely_and_hangs": "SystemExit",
    "opens_without_end": "Too many open files",
    "forks_without_end": "Operation not permitted",
}


@pytest.mark.parametrize("name", EXHAUSTED)
def test_it_uses_nothing_up(name):
    began = time.monotonic()
    failed = hostile(EXHAUSTING[name], answer_s=9 if name == "takes_memory" else 1, silence_s=8)
    assert re.search(EXHAUSTED[name], failed.problem), failed.problem
    assert time.monotonic() - began < 30


LIES = {
    "nonsense": (b"[[[[\n", "what is no message"),
    "another_progress": (b'{"steps": [], "progress": [5, 1]}\n', "a progress that is none"),
    "steps_without_end": (b'{"steps": [' + b"{}," * 3_000 + b'{}], "progress": null}\n', "a progress that is none"),
    "a_result": (b'{"document": {"kind": "RUN", "verdict": []}}\n', "NoDocument|no message"),
    "a_flood": (b'{"alive": true}\n' * 300_000, "more than a study has to say"),
}


@pytest.mark.parametrize("name", LIES)
def test_what_it_says_in_place_of_the_engine_is_not_believed(name):
    """The descriptor of the messages can be found by trying: it is the parent that looks."""
    line, told = LIES[name]
    body = f"""
line = {_as_code(line)}
for number in range(3, 32):
    try:
        while line:
            line = line[os.write(number, line):]
    except OSError: pass
return 'said'"""
    failed = hostile(body)
    assert re.search(told, failed.problem), failed.problem


def _as_code(line):
    """Shorter than itself, where it repeats."""
    if len(line) < 1_000:
        return repr(line)
    if line.startswith(b'{"alive"'):
        return "b'{\"alive\": true}\\n' * 300_000"
    return "b'{\"steps\": [' + b'{},' * 3_000 + b'{}], \"progress\": null}\\n'"


def test_what_it_prints_is_no_message():
    printing = "        import os\n        print('{}')\n        os.write(1, b'[]')\n"
    finished = heard(mine(text=CROSS.replace("        fast, slow =", f"{printing}        fast, slow =")))[-1]
    assert isinstance(finished, Finished)
    assert finished.document["trades_hash"] == conduct(mine(), HERE)["trades_hash"]


def test_a_document_is_looked_at_before_anybody_draws_it():
    asked = mine()
    document = conduct(asked, HERE)
    assert checked(json.loads(json.dumps(document)), "RUN") == json.loads(json.dumps(document))
    for change in (
        {"kind": "SWEEP"}, {"figures": {"pnl_vnd": "much"}}, {"verdict": [{"code": "PRAISE", "values": {}}]},
        {"verdict": [{"code": "EARNED", "values": {}}]}, {"fills": [[1]]}, {"benchmark": None},
    ):  # fmt: skip
        with pytest.raises(NoDocument):
            checked(json.loads(json.dumps(document)) | change, "RUN")
