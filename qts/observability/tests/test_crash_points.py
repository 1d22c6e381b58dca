"""Every place is passed in the code, every passed place is named, and nothing but the tests' settings arms one."""

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from qts.observability import crash_points

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [
    file
    for part in ("apps", "qts")
    for file in (ROOT / part).rglob("*.py")
    if "tests" not in file.relative_to(ROOT).parts
]


def test_each_place_is_in_the_code_once():
    passed = Counter(
        name
        for file in SOURCES
        if file.name != "crash_points.py"
        for name in re.findall(r'(?:passing|_pass)\("([\w.]+)"\)', file.read_text(encoding="utf-8"))
    )
    assert passed == Counter(dict.fromkeys(crash_points.CRASH_POINTS, 1))
    assert len(passed) >= 25


def test_only_the_settings_of_the_tests_arm_one():
    armed = re.compile(r"^arm\(|crash_points\.arm\(|QTS_CRASH_AT", re.MULTILINE)
    arming = {
        file.relative_to(ROOT).as_posix()
        for file in SOURCES
        if file.name != "crash_points.py" and armed.search(file.read_text(encoding="utf-8"))
    }
    assert arming == {"qts/settings/test.py"}


@pytest.mark.parametrize(
    ("order", "passes", "status"),
    [
        ("claim.committed", ["claim.written", "claim.committed"], -signal.SIGKILL),
        ("claim.committed:2", ["claim.committed"], 0),
        ("claim.committed:2", ["claim.committed", "claim.committed"], -signal.SIGKILL),
        ("", ["claim.committed"], 0),
    ],
)
def test_an_armed_place_kills_and_the_others_do_nothing(order, passes, status):
    program = (
        "from qts.observability.crash_points import arm, passing\n"
        f"arm({order!r})\nfor name in {passes!r}: passing(name)\nprint('alive')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (status, "alive\n" if status == 0 else "")


def test_a_place_that_does_not_exist_is_refused():
    with pytest.raises(KeyError):
        crash_points.arm("claim.comitted")
