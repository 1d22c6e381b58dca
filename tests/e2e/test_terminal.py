"""The terminal client in a real terminal: tmux types the keys and reads the screen."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qts.embedded.options import ROOT
from tests.e2e.visitors import code_of_seed, seeds_of
from tests.system.running import RunningSystem

TMUX = shutil.which("tmux")
WAIT_S = 60.0
SYMBOL = "SHB"  # cheap, always traded, and used by no other journey
REASON = "Rehearsal at the terminal"

pytestmark = pytest.mark.skipif(TMUX is None, reason="no tmux on this machine: apt-get install tmux")


@dataclass
class Pane:
    """A terminal of 80 columns and 24 lines, as over SSH."""

    socket: Path

    def open(self, url: str, home: Path) -> None:
        variables = ["LC_ALL=C.UTF-8", "TERM=screen-256color", f"XDG_CONFIG_HOME={home}", f"PATH={os.environ['PATH']}"]
        program = [sys.executable, "-m", "qts.tui", "--url", url, "--lang", "en", "--symbols", SYMBOL]
        size = ["-x", "80", "-y", "24"]
        self._tmux("-f", os.devnull, "new-session", "-d", *size, "-c", str(ROOT), "env", *variables, *program)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def sees(self, pattern: str) -> None:
        until = time.monotonic() + WAIT_S
        while not re.search(pattern, self.text()):
            assert time.monotonic() < until, f"{pattern} is not on the screen:\n{self.text()}"
            time.sleep(0.1)

    def is_open(self) -> bool:
        command = [str(TMUX), "-S", str(self.socket), "has-session"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def close(self) -> None:
        if self.is_open():
            self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = [str(TMUX), "-S", str(self.socket), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    pane = Pane(tmp_path / "tmux")
    yield pane
    pane.close()


def log_in(pane: Pane, system: RunningSystem, name: str, seed: str) -> None:
    pane.sees("Log in to QTS")
    pane.type(name)
    pane.press("Enter")
    pane.type(system.passwords[name])
    pane.press("Enter")
    pane.sees("The password is right")
    pane.type(code_of_seed(seed))
    pane.press("Enter")
    pane.sees(rf"● Live .*{name}")
    pane.sees(rf"{SYMBOL} +[▲▼■]")


def leave(pane: Pane) -> None:
    pane.press("q")
    until = time.monotonic() + WAIT_S
    while pane.is_open():
        assert time.monotonic() < until, pane.text()
        time.sleep(0.1)


def test_a_trader_buys_and_an_officer_stops_at_the_keyboard(system: RunningSystem, pane: Pane, tmp_path: Path):
    seeds = seeds_of(system)
    pane.open(system.web_url, tmp_path)
    log_in(pane, system, "trader", seeds["trader"])
    pane.press("b")
    pane.sees("Order on account")
    pane.press("Enter")
    pane.sees(f"Enter sends: Buy 100 {SYMBOL} LO @")
    pane.press("Enter")
    pane.sees(rf"{SYMBOL} +Buy +LO +100 .* Filled")
    pane.press("2")
    pane.sees(rf"{SYMBOL} +100 +0 ")
    leave(pane)

    pane.open(system.web_url, tmp_path)
    log_in(pane, system, "risk2", seeds["risk2"])
    pane.press("k")
    pane.sees("Kill switch")
    choose_symbol_scope(pane)
    for text in (SYMBOL, REASON, "STOP"):  # over "sales", which stays as it is
        pane.press("Tab", *(["Tab"] if text == REASON else []))
        pane.type(text)
    pane.press("Enter")
    pane.sees(f"Stopped: symbol {SYMBOL}")
    pane.sees(rf"■ STOPPED[\s\S]*symbol {SYMBOL}: {REASON}")
    leave(pane)


def choose_symbol_scope(pane: Pane) -> None:
    pane.press("Tab")
    until = time.monotonic() + WAIT_S
    while "‹ symbol ›" not in pane.text():
        assert time.monotonic() < until, pane.text()
        pane.press("Right")
        time.sleep(0.2)
