"""What is wrong with a person's file is said in one sentence and with its line; no database is needed for that."""

import os

import pytest

from apps.strategies import services
from qts.adapters.sandbox.source import FILE_BYTES_MAX, SourceUnreadable, StrategySource, read_source

COUNTER = """
from dataclasses import dataclass
from qts.domain.strategy import Parameters, Strategy, TargetPosition, parameter

@dataclass(frozen=True)
class CounterParameters(Parameters):
    quantity: int = parameter(100, minimum=100, maximum=900, unit="shares", help="Shares to hold.")

class Counter(Strategy[CounterParameters]):
    key = "counter"
    title = "Counter"
    summary = "Counts its bars."
    parameters_class = CounterParameters
    count = 0

    def on_bar(self, bar, context):
        self.count += 1
        return TargetPosition(self.parameters.quantity, f"VERSION bar {self.count}")

    def state(self):
        return {"count": self.count}

    def take_over(self, state):
        self.count = state["count"]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_here", ["counter.py: ModuleNotFoundError: No module named 'nothing_here'", "line 1"]),
        ("x = 1\n\ny = x / 0", ["ZeroDivisionError", 'File "counter.py", line 3', "y = x / 0"]),
        ("def f(:", ["SyntaxError", 'File "counter.py", line 1']),
        ("x = 1", ["holds one subclass of Strategy; found: none"]),
        ("import os\nos._exit(0)", ["it ended with status 0"]),
        ("import socket\nsocket.socket()", ["PermissionError", "line 2"]),
        (COUNTER.replace('title = "Counter"', "pass"), ["Counter needs a title"]),
        (COUNTER.replace("minimum=100", "minimum=200"), ["quantity must be between 200 and 900 shares"]),
        (COUNTER + "\n    def indicator_names(self):\n        return ('smaa_7',)", ["Nobody computes 'smaa_7'"]),
        (COUNTER + "\n    def indicator_names(self):\n        return 7", ["TypeError", "not iterable"]),
        (COUNTER + "\n    def timers(self):\n        return ('14:30',)", ["a timer is a time of whole minutes"]),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(text, said):
    with pytest.raises(services.StrategyRefused) as refused:
        services.examine(StrategySource("counter.py", text))
    assert all(part in str(refused.value) for part in said), str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"   ", "counter.py is empty"),
        (b"#" * (FILE_BYTES_MAX + 1), "is larger than"),
        (b"\xff\xfe", "is no UTF-8 text"),
    ],
)
def test_what_is_no_text_is_not_run(content, said, tmp_path):
    (tmp_path / "counter.py").write_bytes(content)
    with pytest.raises(SourceUnreadable, match=said):
        read_source(tmp_path, "counter")


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "counter.py")
    with pytest.raises(SourceUnreadable, match="is no file"):
        read_source(tmp_path, "counter")
