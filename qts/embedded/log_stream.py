"""One stream of log lines from many processes: time, who, what; coloured on a terminal, plain in the file."""

import os
import sys
import time
from pathlib import Path
from typing import TextIO

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
NAME_WIDTH = 9


class LogStream:
    def __init__(self, file: Path | None = None, terminal: TextIO | None = None) -> None:
        self._terminal: TextIO | None = terminal or sys.stdout
        self._is_coloured = self._terminal.isatty() and "NO_COLOR" not in os.environ
        self._colour_of: dict[str, int] = {}
        self._file: TextIO | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                file.replace(file.with_suffix(".previous.log"))
            self._file = file.open("w", encoding="utf-8")

    def line(self, name: str, text: str) -> None:
        stamp = time.strftime("%H:%M:%S")
        if self._file is not None:
            self._file.write(f"{stamp} {name:<{NAME_WIDTH}} | {text}\n")
            self._file.flush()
        prefix = f"{stamp} {name:<{NAME_WIDTH}} |"
        if self._is_coloured:
            colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
            prefix = f"\033[{colour}m{prefix}\033[0m"
        self.plain(f"{prefix} {text}")

    def plain(self, text: str) -> None:
        """A line for the terminal alone. Whoever closed the terminal does not want the system stopped half-way."""
        if self._terminal is None:
            return
        try:
            self._terminal.write(text + "\n")
            self._terminal.flush()
        except (OSError, ValueError):
            self._terminal = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
