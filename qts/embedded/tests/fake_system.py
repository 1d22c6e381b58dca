"""A supervisor with small children, run as a process by the tests: `python fake_system.py <run folder> <child>...`.

A child is `name:level:behaviour`; it prints what happens to it, so the log tells the order.
"""

import asyncio
import os
import sys
from pathlib import Path

from qts.embedded.errors import EmbeddedError
from qts.embedded.log_stream import LogStream
from qts.embedded.processes import Command
from qts.embedded.run_folder import RunFolder
from qts.embedded.supervisor import Child, Supervisor

CHILD = Path(__file__).with_name("fake_child.py")


def child(text: str) -> Child:
    name, level, behaviour = text.split(":")
    program = "/missing/program" if behaviour == "missing" else sys.executable
    command = Command(argv=(program, str(CHILD), behaviour), cwd=Path("/"), env=dict(os.environ))
    return Child(name, lambda: command, level=int(level), patience_s=1.0)


async def job(supervisor: Supervisor, children: list[str]) -> None:
    for text in children:
        await supervisor.start(child(text))
    supervisor.say("all started")
    await asyncio.Event().wait()


def main() -> int:
    run_folder = RunFolder(Path(sys.argv[1]))
    try:
        run_folder.lock()
        print("leftovers:", ",".join(run_folder.stop_leftovers()), flush=True)
        supervisor = Supervisor(run_folder, LogStream())
        asyncio.run(supervisor.run(job(supervisor, sys.argv[2:])))
    except EmbeddedError as error:
        print(f"refused: {error}", flush=True)
        return 1
    print("over", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
