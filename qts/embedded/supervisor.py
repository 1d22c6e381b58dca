"""Starts named children, keeps them running, stops them in reverse order; nothing it started outlives it.

A child leads its own session, so Ctrl-C in the terminal reaches the supervisor alone. Three things end a child: the
supervisor's stop (signal, patience, SIGKILL to its group), the kernel when the supervisor dies (Linux), and the next
supervisor on the same folder for whatever is still left.
"""

import asyncio
import signal
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from qts.embedded import processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.forks import ForkClient, ForkedProcess, is_forkable
from qts.embedded.log_stream import LogStream
from qts.embedded.processes import RUN_VARIABLE, Command
from qts.embedded.run_folder import RunFolder, kill_offspring

NAME = "qts"  # of the supervisor's own lines
POLL_S = 0.05
LAST_LINES_S = 0.5  # a grandchild in a session of its own may keep the pipe open
RESTART_DELAY_S_MIN = 0.5
RESTART_DELAY_S_MAX = 30.0
STEADY_S = 10.0  # a child that ran so long starts again at once, without the delay of its earlier failures
PATIENCE_S = 5.0

AnyProcess = Process | ForkedProcess


@dataclass(frozen=True, slots=True)
class Child:
    """`prepare` runs in a thread before each start, also before a restart. Ready means that `is_ready` says so, or that
    a line with `ready_text` was printed; a child with neither counts as ready at once. Higher levels are stopped first,
    all children of one level together; `patience_s` is how long a child has before SIGKILL."""

    name: str
    prepare: Callable[[], Command]
    is_ready: Callable[[], bool] | None = None
    ready_text: str = ""
    ready_timeout_s: float = 60.0
    level: int = 2
    patience_s: float = PATIENCE_S


@dataclass(slots=True)
class _Running:
    child: Child
    keeper: asyncio.Task[None] | None = None
    process: AnyProcess | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    first_start: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Supervisor:
    def __init__(self, run_folder: RunFolder, log: LogStream) -> None:
        self._run_folder = run_folder
        self._log = log
        self._children: dict[str, _Running] = {}
        self._forks: ForkClient | None = None
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._signals_seen = 0

    async def run(self, job: Coroutine[Any, Any, None]) -> None:
        """Run `job` (it starts children, then waits for ever) until it ends, fails or a signal asks to stop.

        A second signal kills everything at once. Raises what the job raised, after all children were stopped.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(job)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number, task)
        try:
            with suppress(asyncio.CancelledError):
                await task
        finally:
            await self.stop_all()

    def fork_from(self, forks: ForkClient) -> None:
        """From now on fork what may be forked; the fork server itself is a child like any other."""
        self._forks = forks

    async def start(self, child: Child) -> None:
        """Start a child and wait until it is ready. Raises EmbeddedError when it ends or stays silent instead."""
        running = _Running(child)
        running.first_start.add_done_callback(lambda done: done.cancelled() or done.exception())
        running.keeper = asyncio.create_task(self._keep(running), name=f"keep {child.name}")
        self._children[child.name] = running
        await asyncio.shield(running.first_start)

    async def start_together(self, *children: Child) -> None:
        await asyncio.gather(*(self.start(child) for child in children))

    async def step(self, name: str, command: Command) -> None:
        """Run a program that ends by itself. Raises EmbeddedError when it fails."""
        process = await self._spawn(name, command, on_line=None)
        try:
            code = await self._ended(process)
        finally:
            processes.signal_group(process.pid, signal.SIGKILL)
            await _exit_code(process)
            self._run_folder.forget(name)
        if code != 0:
            raise EmbeddedError(f"The step {name!r} failed with code {code}; its last lines above say why.")

    async def stop_all(self) -> None:
        """Levels from high to low, each child with its patience; afterwards nothing of ours is left."""
        levels = sorted({running.child.level for running in self._children.values()}, reverse=True)
        for level in levels:
            stopping = [running for running in self._children.values() if running.child.level == level]
            await asyncio.gather(*(self._stop(running) for running in stopping))
        self._children.clear()
        kill_offspring(self._run_folder.token)

    def say(self, text: str) -> None:
        self._log.line(NAME, text)

    def tell(self, text: str) -> None:
        """Text for the person at the terminal, without prefix."""
        self._log.plain(text)

    def _on_signal(self, number: signal.Signals, task: asyncio.Future[None]) -> None:
        self._signals_seen += 1
        if self._signals_seen == 1:
            self.say(f"{signal.Signals(number).name}: stopping everything (once more: at once)")
            task.cancel()
            return
        self.say("stopping at once")
        for running in self._children.values():
            if running.process is not None and running.process.returncode is None:
                processes.signal_group(running.process.pid, signal.SIGKILL)

    async def _keep(self, running: _Running) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            problem = await self._live_once(running)
            if not running.first_start.done():
                running.first_start.set_exception(EmbeddedError(f"{running.child.name} {problem}."))
                return
            failures = 0 if time.monotonic() - started > STEADY_S else failures + 1
            delay = min(RESTART_DELAY_S_MAX, RESTART_DELAY_S_MIN * 2 ** (failures - 1)) if failures else 0.0
            self.say(f"{running.child.name} {problem}; it starts again in {delay:g} s")
            await asyncio.sleep(delay)

    async def _live_once(self, running: _Running) -> str:
        """One life of a child, from its start to its end; returns what ended it, as the rest of a sentence."""
        child = running.child
        printed_ready = asyncio.Event()

        def on_line(line: str) -> None:
            if child.ready_text in line:
                printed_ready.set()

        try:
            command = await asyncio.to_thread(child.prepare)
            running.stop_signal = command.stop_signal
            running.process = process = await self._spawn(child.name, command, on_line if child.ready_text else None)
        except (EmbeddedError, OSError) as error:
            return f"cannot start: {error}"
        asks = child.is_ready or (printed_ready.is_set if child.ready_text else None)
        is_ready = await self._wait_ready(asks, child.ready_timeout_s, process)
        if is_ready and not running.first_start.done():
            running.first_start.set_result(None)
        if not is_ready and process.returncode is None:
            processes.signal_group(process.pid, signal.SIGKILL)
            await self._ended(process)
            return f"was not ready within {child.ready_timeout_s:g} s"
        code = await self._ended(process)
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    async def _spawn(self, name: str, command: Command, on_line: Callable[[str], object] | None) -> AnyProcess:
        process: AnyProcess
        if self._forks is not None and is_forkable(command):
            process = await self._forks.fork(name, command)
        else:
            env = {**command.env, RUN_VARIABLE: self._run_folder.token}
            process = await asyncio.create_subprocess_exec(
                *command.argv, stdout=PIPE, stderr=STDOUT, **processes.spawn_options(replace(command, env=env))
            )
        self._run_folder.note(name, process.pid, command.stop_signal)
        self._readers[process.pid] = asyncio.create_task(self._copy_output(name, process, on_line))
        return process

    async def _ended(self, process: AnyProcess) -> int:
        """Wait for the end of a child, take its offspring along, and let its last lines be written."""
        code = await _exit_code(process)
        processes.signal_group(process.pid, signal.SIGKILL)
        if reader := self._readers.pop(process.pid, None):
            await asyncio.wait([reader], timeout=LAST_LINES_S)
        return code

    async def _copy_output(self, name: str, process: AnyProcess, on_line: Callable[[str], object] | None) -> None:
        assert process.stdout is not None  # noqa: S101 (narrowing; _spawn asks for a pipe)
        rest = b""
        while chunk := await process.stdout.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in (raw.decode("utf-8", errors="replace").rstrip() for raw in lines):
                self._log.line(name, line)
                if on_line is not None:
                    on_line(line)
        if rest:
            self._log.line(name, rest.decode("utf-8", errors="replace").rstrip())

    async def _wait_ready(self, is_ready: Callable[[], bool] | None, timeout_s: float, process: AnyProcess) -> bool:
        deadline = time.monotonic() + timeout_s
        while process.returncode is None and time.monotonic() < deadline:
            if is_ready is None or await asyncio.to_thread(is_ready):
                return process.returncode is None
            await asyncio.sleep(POLL_S)
        return False

    async def _stop(self, running: _Running) -> None:
        if running.keeper is not None:
            running.keeper.cancel()
            with suppress(asyncio.CancelledError):
                await running.keeper
        process = running.process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(running.stop_signal)
            try:
                await asyncio.wait_for(_exit_code(process), running.child.patience_s)
            except TimeoutError:
                self.say(f"{running.child.name} did not stop within {running.child.patience_s:g} s: killed")
        if process is not None:
            processes.signal_group(process.pid, signal.SIGKILL)
            await self._ended(process)
        self._run_folder.forget(running.child.name)


async def _exit_code(process: AnyProcess) -> int:
    """The child's end alone: Process.wait() also waits for its pipe, which a grandchild may keep open (3.12+)."""
    while process.returncode is None:
        await asyncio.sleep(POLL_S)
    return process.returncode
