"""The supervisor as a process, with small children: what the log says, and what is still alive afterwards."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qts.embedded import processes
from qts.embedded.options import ROOT
from qts.embedded.processes import ProcessMark
from qts.embedded.run_folder import RunFolder

PROGRAM = Path(__file__).with_name("fake_system.py")


class FakeSystem:
    def __init__(self, run_folder: Path, log: Path, children: tuple[str, ...]) -> None:
        self.run_folder = run_folder
        self.log = log
        self.child_count = len(children)
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(run_folder), *children],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

    def wait_for(self, pattern: str, times: int = 1, timeout_s: float = 15.0) -> None:
        found = processes.wait_until(lambda: len(re.findall(pattern, self.log.read_text())) >= times, timeout_s)
        assert found, self.log.read_text()

    def wait_until_up(self) -> None:
        self.wait_for("all started")
        self.wait_for(r"\| started", times=self.child_count)

    def pids(self) -> dict[str, int]:
        return RunFolder(self.run_folder).pids()

    def end(self) -> str:
        """Ctrl-C; returns the whole log."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(10) == 0, self.log.read_text()
        return self.log.read_text()


@pytest.fixture
def start(tmp_path):
    systems: list[FakeSystem] = []

    def starter(*children: str) -> FakeSystem:
        system = FakeSystem(tmp_path / "run", tmp_path / f"log{len(systems)}", children)
        systems.append(system)
        return system

    yield starter
    for system in systems:
        system.process.kill()
        system.process.wait()
    RunFolder(tmp_path / "run").stop_leftovers()


def all_gone(pids: list[int]) -> bool:
    return processes.wait_until(lambda: not any(processes.mark_of(pid) for pid in pids), 5.0)


def test_children_stop_in_reverse_order_of_their_levels_and_none_is_left(start):
    system = start("base:0:steady", "middle:1:steady", "top:2:steady")
    system.wait_until_up()
    pids = system.pids()
    assert sorted(pids) == ["base", "middle", "top"]
    log = system.end()
    assert re.findall(r"(\w+) +\| asked to stop", log) == ["top", "middle", "base"]
    assert all_gone(list(pids.values()))
    assert list(system.run_folder.glob("*.json")) == []


def test_a_child_that_ignores_the_signal_is_killed_after_its_patience(start):
    system = start("mule:2:stubborn")
    system.wait_until_up()
    pid = system.pids()["mule"]
    began = time.monotonic()
    log = system.end()
    assert 1.0 <= time.monotonic() - began < 4.0
    assert "mule did not stop within 1 s: killed" in log
    assert all_gone([pid])


def test_a_second_ctrl_c_does_not_wait(start):
    system = start("mule:2:stubborn", "ox:1:stubborn", "ass:0:stubborn")
    system.wait_until_up()
    pids = list(system.pids().values())
    system.process.send_signal(signal.SIGINT)
    system.wait_for("asked to stop")
    began = time.monotonic()
    log = system.end()
    assert time.monotonic() - began < 1.5  # three patiences of one second would be longer
    assert "stopping at once" in log
    assert all_gone(pids)


def test_a_child_that_keeps_dying_starts_again_with_growing_delays(start):
    system = start("moth:2:dies")
    system.wait_for(r"moth ended with code 3", times=3)
    log = system.end()
    assert re.findall(r"moth ended with code 3; it starts again in ([\d.]+) s", log)[:3] == ["0.5", "1", "2"]


def test_a_killed_child_is_replaced_and_the_others_stay(start):
    system = start("one:2:steady", "two:2:steady")
    system.wait_until_up()
    before = system.pids()
    os.kill(before["one"], signal.SIGKILL)
    system.wait_for("one was killed by SIGKILL")
    system.wait_for(r"one +\| started", times=2)
    after = system.pids()
    assert after["one"] != before["one"]
    assert after["two"] == before["two"]
    system.end()


def test_offspring_in_a_session_of_its_own_does_not_outlive_the_stop(start):
    system = start("parent:2:parent")
    system.wait_for(r"offspring \d+")
    found = re.search(r"offspring (\d+)", system.log.read_text())
    assert found
    offspring = int(found[1])
    assert processes.mark_of(offspring)
    system.end()
    assert all_gone([offspring])


@pytest.mark.skipif(not processes.IS_LINUX, reason="the kernel ends children only on Linux")
def test_kill_9_of_the_supervisor_takes_its_children_with_it(start):
    system = start("one:2:steady", "mule:2:stubborn")
    system.wait_until_up()
    pids = list(system.pids().values())
    system.process.kill()
    system.process.wait()
    assert all_gone(pids)


def test_the_next_supervisor_ends_what_a_killed_one_left(start):
    system = start("parent:2:parent")
    system.wait_for(r"offspring \d+")
    found = re.search(r"offspring (\d+)", system.log.read_text())
    assert found
    system.process.kill()
    system.process.wait()
    assert processes.mark_of(int(found[1]))  # not a child of the supervisor, so the kernel left it
    successor = start("one:2:steady")
    successor.wait_until_up()
    assert all_gone([int(found[1])])
    successor.end()


def test_a_process_that_only_has_the_noted_pid_is_left_alone(tmp_path):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        mark = processes.mark_of(bystander.pid)
        assert mark
        stale = replace(mark, started="another boot:1")
        note = {"pid": stale.pid, "started": stale.started, "stop_signal": 15, "token": "not theirs"}
        (tmp_path / "web.json").write_text(json.dumps(note))
        assert RunFolder(tmp_path).stop_leftovers() == []
        assert bystander.poll() is None
        assert not (tmp_path / "web.json").exists()
        (tmp_path / "web.json").write_text(json.dumps(note | {"started": mark.started}))
        assert RunFolder(tmp_path).stop_leftovers() == ["web"]
        assert bystander.wait(5) == -signal.SIGTERM


def test_a_note_can_be_read_at_any_moment_while_it_is_written(tmp_path):
    """A reader in another process that met half a note must neither fail nor take the child for gone."""
    folder, ended = RunFolder(tmp_path), threading.Event()
    folder.note("web", os.getpid(), signal.SIGTERM)

    def note_again_and_again():
        for _ in range(300):
            folder.note("web", os.getpid(), signal.SIGTERM)
        ended.set()

    threading.Thread(target=note_again_and_again).start()
    while not ended.is_set():
        assert RunFolder(tmp_path).pids() == {"web": os.getpid()}


def test_one_supervisor_for_one_folder(start):
    first = start("one:2:steady")
    first.wait_until_up()
    second = start("one:2:steady")
    second.wait_for(rf"refused: QTS already runs on .* \(pid {first.process.pid}\)")
    assert second.process.wait(5) == 1
    assert first.process.poll() is None
    first.end()


def test_the_lock_of_a_killed_supervisor_does_not_hinder_the_next(start):
    first = start("one:2:steady")
    first.wait_until_up()
    first.process.kill()
    first.process.wait()
    second = start("one:2:steady")
    second.wait_until_up()
    second.end()


def test_a_child_that_cannot_start_at_all_stops_the_whole_and_says_so(start):
    system = start("one:2:steady", "ghost:2:missing")
    system.wait_for("refused: ghost cannot start: .*No such file")
    assert system.process.wait(5) == 1
    assert list(system.run_folder.glob("*.json")) == []


def test_a_mark_is_one_process_only():
    mark = processes.mark_of(os.getpid())
    assert mark
    assert processes.is_running(mark)
    assert not processes.is_running(ProcessMark(os.getpid(), "another boot:1"))
