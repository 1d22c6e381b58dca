"""What the terminal client costs: processor time of `python -m qts.tui` on a live market, in a terminal of its own.

`python -m benchmarks --only terminal`. The market runs at ten times real speed, so that prices move as on a busy
day; the client draws at most every 100 ms. Once in 80 columns with one panel, once in 160 x 50 with all of them.
Processor time of the client's process alone; neighbours on the machine change it little.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import django

from benchmarks.arrangement import TRADER
from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section
from benchmarks.processes import memory_mib, processor_s
from qts.embedded.options import ROOT
from tests.system.running import RunningSystem

SIZES: Final = {"80 x 24, one panel": (24, 80), "160 x 50, all panels": (50, 160)}
SHOWN_WITHIN_S: Final = 60.0
SETTLING_S: Final = 5.0


class Terminal:
    """A pseudo terminal: what is typed goes in, what is drawn is kept and counted."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master
        self._drawn = bytearray()
        self.bytes_drawn = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._master, 1 << 16)
            except OSError:  # the client has ended
                return
            self._drawn += some
            self.bytes_drawn += len(some)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def sees(self, pattern: bytes) -> None:
        until = time.monotonic() + SHOWN_WITHIN_S
        while not re.search(pattern, bytes(self._drawn)):
            assert time.monotonic() < until, f"{pattern!r} was not drawn: {bytes(self._drawn[-2_000:])!r}"
            time.sleep(0.1)
        self._drawn.clear()


def run(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    seconds, repeats = (10.0, 1) if quick else (20.0, 3)
    section.begin(f"thirty symbols at ten times the market's speed, stretches of {seconds:.0f} s")
    for name, (rows, columns) in SIZES.items():
        cores, written, memory = [], [], []
        with opened(system.running, rows, columns) as terminal:
            for _ in range(repeats):
                spent_s, drawn, began = processor_s(terminal.process.pid), terminal.bytes_drawn, time.monotonic()
                time.sleep(seconds)
                took_s = time.monotonic() - began
                cores.append((processor_s(terminal.process.pid) - spent_s) / took_s * 100)
                written.append((terminal.bytes_drawn - drawn) / took_s / 1_000)
                memory.append(memory_mib(terminal.process.pid))
        section.add(f"{name}: processor time", "% of a core", cores)
        section.add(f"{name}: written to the terminal", "kB/s", written)
        section.add(f"{name}: memory", "MiB", memory)


@contextmanager
def opened(system: RunningSystem, rows: int, columns: int) -> Iterator[Terminal]:
    """Somebody is logged in, and prices move."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.test")
    django.setup()  # allauth's arithmetic of log-in codes
    from tests.e2e.visitors import CODE_PERIOD_S, code_of_seed, seeds_of

    seed = seeds_of(system)[TRADER]
    with (
        TemporaryDirectory(prefix="qts-bench-") as home,
        started(system.web_url, rows, columns, Path(home)) as terminal,
    ):
        terminal.sees(b"Password")
        terminal.type(f"{TRADER}\t{system.passwords[TRADER]}\r")
        terminal.sees(b"[Cc]ode")
        time.sleep(0.5)
        time.sleep(CODE_PERIOD_S - time.time() % CODE_PERIOD_S)  # the code of this half minute may be used up
        terminal.type(f"{code_of_seed(seed)}\r")
        terminal.sees(rb"FPT")
        time.sleep(SETTLING_S)
        yield terminal


@contextmanager
def started(url: str, rows: int, columns: int, home: Path) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    variables = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "qts.tui", "--url", url, "--lang", "en"],
        cwd=ROOT, env=os.environ | variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.terminate()
        process.wait(timeout=20)
        os.close(master)
