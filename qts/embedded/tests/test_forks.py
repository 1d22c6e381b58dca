"""The real fork server with small programs: it loads the system, but needs no database to do so."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from qts.embedded import fork_server, processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.forks import ForkClient
from qts.embedded.options import ROOT
from qts.embedded.processes import Command

pytestmark = pytest.mark.skipif(not processes.IS_LINUX, reason="programs are forked on Linux only")
LOAD_TIMEOUT_S = 120


def module(*arguments):
    return Command(argv=(sys.executable, "-m", *arguments), cwd=ROOT, may_fork=True)


SLEEPER = module("timeit", "-n", "1", "-r", "1", "-s", "import time", "time.sleep(600)")


@asynccontextmanager
async def started(client):
    command = client.prepare()
    server = await asyncio.create_subprocess_exec(
        *command.argv,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        **processes.spawn_options(command),
    )
    assert server.stdout
    output = b""
    while fork_server.READY_TEXT.encode() not in output:
        line = await asyncio.wait_for(server.stdout.readline(), LOAD_TIMEOUT_S)
        assert line, output.decode()
        output += line
    try:
        yield server
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def ended(process):
    async with asyncio.timeout(20):
        while process.returncode is None:
            await asyncio.sleep(0.02)
    return process.returncode


async def test_forked_programs_look_like_started_ones(tmp_path):
    client = ForkClient({**os.environ, "DJANGO_SETTINGS_MODULE": "qts.settings.test", "QTS_DATA_DIR": str(tmp_path)})
    with pytest.raises(EmbeddedError, match="never started"):
        await client.fork("early", SLEEPER)
    async with started(client) as server:
        calendar = await client.fork("calendar", module("calendar", "2026", "11"))
        assert b"November 2026" in await calendar.stdout.read()
        assert await ended(calendar) == 0

        wrong = await client.fork("wrong", module("json.tool", "/missing/file"))
        assert b"No such file" in await wrong.stdout.read()
        assert await ended(wrong) not in {0, None}

        asleep = await client.fork("asleep", SLEEPER)
        async with asyncio.timeout(20):
            while os.getsid(asleep.pid) != asleep.pid:  # so that its group can be killed with it
                await asyncio.sleep(0.02)
        assert processes.program_name(asleep.pid) == "qts-asleep"
        assert asleep.returncode is None
        asleep.send_signal(signal.SIGTERM)
        assert await ended(asleep) == -signal.SIGTERM

        orphan = await client.fork("orphan", SLEEPER)
        server.kill()
        await server.wait()
        assert await ended(orphan) == -signal.SIGKILL  # the kernel ends it with its parent
        assert processes.mark_of(orphan.pid) is None
    async with started(client):
        again = await client.fork("again", module("calendar", "2026", "12"))
        assert b"December 2026" in await again.stdout.read()
        assert await ended(again) == 0
