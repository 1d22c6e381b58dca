"""The terminal in front of a real server: Daphne over the database and the Valkey of this test run."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from textual.pilot import Pilot
from textual.widgets import Input

from apps.eventlog.services import publish_pending
from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import LiveState
from apps.orders.tests.conftest import DAY, MORNING
from apps.sso.tests.sessions import PASSWORD
from qts.adapters.bus import connect
from qts.tui import feed, language
from qts.tui.app import Terminal
from qts.tui.preferences import Preferences
from qts.tui.session import Session
from tests.conftest import Floor
from tests.market_pipeline import ROOT, database_url, free_port

WAIT_S = 15.0
Answer = TypeVar("Answer")
STANDING_CLOCK = f"affine:{DAY},10:15:00,{(MORNING + timedelta(hours=7, seconds=1)).time().isoformat()},9999999999,1"


@dataclass
class Server:
    """`python -m daphne` on a port of its own."""

    log_file: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port), "qts.asgi:application"]
        own = {
            "DATABASE_URL": database_url(),
            "REDIS_URL": django_settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": "qts.settings.test",
            "MARKET_CLOCK": STANDING_CLOCK,
        }
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
            )
        until = time.monotonic() + 60
        while not self.is_up():
            assert self._process.poll() is None, self.log_file.read_text()[-4000:]
            assert time.monotonic() < until, self.log_file.read_text()[-4000:]
            time.sleep(0.1)

    def is_up(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=2, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)


class Wire:
    """Carries bytes to the server until it is cut; a terminal cannot tell this from a server that went away."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._listener: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self.is_deaf = False  # then what the server answers is thrown away
        self.was_deaf = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for end in self._ends:
            end.transport.abort()
        await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        ends = {writer, far_writer}
        self._ends |= ends
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer, is_answer=True))
        self._ends -= ends

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while some := await reader.read(65_536):
                if is_answer and self.is_deaf:
                    self.was_deaf = self.was_deaf or some.startswith(b"HTTP/1.1 201")
                    continue
                writer.write(some)
                await writer.drain()
        writer.close()


@pytest.fixture(scope="session")
def shared_server(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("daphne") / "daphne.log")
    server.start()
    yield server
    server.stop()


@dataclass
class Seat:
    """Somebody in front of a terminal."""

    app: Terminal
    pilot: Pilot[None]
    wire: Wire

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline, f"{what}:\n{self.text()}"
            await self.pilot.pause(0.05)

    async def sees(self, *words: str) -> None:
        await self.until(lambda: all(word in self.text() for word in words), f"{words} not on the screen")

    def text(self) -> str:
        """What stands on the screen, with the dialog that is open."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def type(self, field_id: str, text: str) -> None:
        self.app.screen.query_one(f"#{field_id}", Input).focus()
        self.app.screen.query_one(f"#{field_id}", Input).value = text
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def give_password(self, username: str, password: str = PASSWORD) -> None:
        await self.sees("Log in to QTS")
        await self.type("user", username)
        await self.type("password", password)
        await self.press("enter")

    async def say_the_code(self, username: str, *, is_second: bool = False) -> None:
        """Each code works once: a second log-in within half a minute takes the next one, which is tolerated as well."""
        await self.type("code", await in_database(lambda: code_of(username, ahead=int(is_second))))
        await self.press("enter")
        await self.until(self._is_in, "not logged in")

    def _is_in(self) -> bool:
        return self.app.session.person is not None

    async def log_in(self, username: str) -> None:
        await self.give_password(username)
        await self.sees("The password is right")
        await self.say_the_code(username)
        await self.sees("● Live")
        await asyncio.sleep(0.3)  # the server's tail has found the end of the streams


Sit = Callable[..., Awaitable[Seat]]


@pytest.fixture
def in_english(tmp_path, monkeypatch) -> Iterator[None]:
    """And with a folder for preferences that is nobody's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    language.use("en")
    yield
    language.use("en")


@pytest.fixture
def sit(shared_server: Server, floor: Floor, market: LiveState, in_english: None, monkeypatch: pytest.MonkeyPatch):
    """`async with sit() as seat`: a terminal on the log-in, in front of the trader's floor."""
    monkeypatch.setattr(feed, "PAUSE_S_MAX", 1.0)

    @asynccontextmanager
    async def opened(size=(80, 24), replay=""):
        wire = Wire(shared_server.port)
        await wire.mend()
        async with Session(wire.url, market=replay) as session:
            app = Terminal(session, Preferences())
            async with app.run_test(size=size, notifications=True) as pilot:
                reporter = asyncio.create_task(_keep_reporting(market))
                yield Seat(app, pilot, wire)
                reporter.cancel()
        await wire.cut()

    return opened


async def _keep_reporting(live: LiveState) -> None:
    """As the stream worker does: the market is connected and has just been heard."""
    while True:
        now_ns = time.time_ns()
        report = partial(live.report, StreamState.CONNECTED, since_ns=now_ns, reported_ns=now_ns, last_frame_ns=now_ns)
        await asyncio.to_thread(report)
        await asyncio.sleep(1.0)


async def in_database(work: Callable[[], Answer]) -> Answer:
    """In a thread that gives its connection back: the test's database is to be dropped at the end."""
    answer: Answer = await database_sync_to_async(work)()
    return answer


async def relay() -> None:
    """What the trading worker does: tell the bus what was recorded."""
    await in_database(lambda: publish_pending(connect(django_settings.EVENT_BUS_URL)))


def code_of(username: str, *, ahead: int) -> str:
    factor = Authenticator.objects.get(user__username=username, type=Authenticator.Type.TOTP)
    return str(format_hotp_value(hotp_value(decrypt(factor.data["secret"]), int(time.time()) // 30 + ahead)))
