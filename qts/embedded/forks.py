"""The supervisor's side of the fork server: forked programs that look like processes started here."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from qts.embedded import fork_server, processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.options import ROOT
from qts.embedded.processes import Command, ProcessMark

ANSWER_TIMEOUT_S = 60.0  # it may be loading once more
CODE_PATIENCE_S = 0.5  # between the end of a process and the message with its code


class ForkedProcess:
    """The part of asyncio's Process that the supervisor uses."""

    def __init__(self, mark: ProcessMark | None, pid: int, stdout: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout: asyncio.StreamReader | None = stdout
        self._mark = mark
        self._code: int | None = None
        self._seen_gone_at = 0.0

    @property
    def returncode(self) -> int | None:
        """None while it runs. When the fork server died with it, nobody can tell the code: killed, then."""
        if self._code is None and (self._mark is None or not processes.is_running(self._mark)):
            self._seen_gone_at = self._seen_gone_at or time.monotonic()
            if time.monotonic() - self._seen_gone_at > CODE_PATIENCE_S:
                self._code = -signal.SIGKILL
        return self._code

    def ended(self, code: int) -> None:
        self._code = code

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkClient:
    """One fork server at a time; `prepare` makes the socket for the next one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._attached: socket.socket | None = None
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._living: dict[int, ForkedProcess] = {}
        self._early_codes: dict[int, int] = {}

    def prepare(self) -> Command:
        """The command of the next fork server. Runs in a thread, so the event loop's socket is left to `fork`."""
        if self._theirs is not None:
            self._theirs.close()
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)
        descriptor = self._theirs.fileno()
        argv = (sys.executable, "-m", fork_server.__name__, str(descriptor))
        return Command(argv=argv, cwd=ROOT, env=self._env, pass_fds=(descriptor,))

    async def fork(self, name: str, command: Command) -> ForkedProcess:
        """Start `python -m <module> ...` by a fork. Raises EmbeddedError when the fork server does not answer."""
        channel = self._attach()
        self._next_id += 1
        number = self._next_id
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        reading, writing = os.pipe()
        try:
            request = json.dumps({"id": number, "name": name, "argv": command.argv[2:]}).encode()
            socket.send_fds(channel, [request], [writing])
            pid = await asyncio.wait_for(answer, ANSWER_TIMEOUT_S)
        except OSError as error:  # TimeoutError is one
            os.close(reading)
            raise EmbeddedError("the fork server does not answer") from error
        finally:
            os.close(writing)
            self._waiting.pop(number, None)
        process = ForkedProcess(processes.mark_of(pid), pid, await _reader_of(reading))
        self._living[pid] = process
        if pid in self._early_codes:
            process.ended(self._early_codes.pop(pid))
        return process

    def _attach(self) -> socket.socket:
        if self._ours is None:
            raise EmbeddedError("the fork server was never started")
        if self._attached is not self._ours:
            loop = asyncio.get_running_loop()
            if self._attached is not None:
                loop.remove_reader(self._attached)
                self._attached.close()
            self._living.clear()
            self._early_codes.clear()
            loop.add_reader(self._ours, self._on_message, self._ours)
            self._attached = self._ours
        return self._ours

    def _on_message(self, channel: socket.socket) -> None:
        message: dict[str, Any] = json.loads(channel.recv(fork_server.MESSAGE_BYTES_MAX))
        if "id" in message:
            waiting = self._waiting.get(message["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(message["pid"])
        elif process := self._living.pop(message["pid"], None):
            process.ended(message["code"])
        else:
            self._early_codes[message["pid"]] = message["code"]


def is_forkable(command: Command) -> bool:
    """Forking a loaded interpreter is sound on Linux only: system libraries of macOS do not survive it."""
    return processes.IS_LINUX and command.may_fork


async def _reader_of(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader
