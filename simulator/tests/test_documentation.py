"""docs/simulator.md is true: its program trades, its commands work, and it names every control."""

import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request

import pytest

from simulator.server.faults import FaultOrder, Faults
from simulator.tests.conftest import ROOT
from simulator.wire.malformed import market_frames, order_frames

PAGE = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8700/"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def commands():
    """(path, body or None) of each documented curl command."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl ")]
    for line in lines:
        words = shlex.split(line, comments=True)
        yield words[1].removeprefix(ADDRESS), words[words.index("-d") + 1] if "-d" in words else None


def table_of(heading):
    section = PAGE.split(f"### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))


def test_the_ten_lines_trade(launch):
    (program,) = blocks("python")
    assert len([line for line in program.splitlines() if line]) == 10
    simulator = launch()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(
        [sys.executable, "-c", program.replace(ADDRESS, simulator.url)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    simulator.wait_for_state(lambda state: [order["status"] for order in state["orders"]] == ["FF"])
    seen = []
    while not any('"orderStatus":"FF"' in line for line in seen):
        seen.append(running.stdout.readline())
        assert seen[-1], seen
    running.communicate("\n", timeout=10)
    assert running.returncode == 0
    assert any("'message': 'Success'" in line for line in seen)
    assert any('"type":"orderMatchEvent"' in line for line in seen)


def test_every_documented_command_works(launch):
    simulator = launch("09:30:00")
    for path, body in commands():
        data = None if body is None else body.encode()
        with urllib.request.urlopen(simulator.url + path, data=data, timeout=20) as answered:  # noqa: S310 loopback
            assert answered.status == 200, path
            assert json.load(answered), path
        if path == "sim/restart":
            simulator.wait_for_restart()
    assert simulator.control("state")["trading_day"] == "2026-11-25"


def test_every_control_is_documented_and_every_documented_one_exists(shared_simulator):
    controls = shared_simulator.control("")
    documented = {(path.removeprefix("sim/"), "GET" if body is None else "POST") for path, body in commands()}
    assert documented == {(name, method) for method, names in controls.items() for name in names}


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Switches", {*Faults.__struct_fields__, *FaultOrder.__struct_fields__}),
        ("Malformed messages", {*market_frames("", {}), *order_frames("")}),
    ],
)
def test_tables_name_exactly_what_there_is(heading, names):
    assert table_of(heading) == names


def test_the_readme_leads_here():
    assert "(docs/simulator.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
