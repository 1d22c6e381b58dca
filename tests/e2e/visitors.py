"""People in front of a browser. Each has a context of their own, in which every fault of a page is remembered.

A fault is: an error in the console, an exception in a page, a request to another machine, and whatever the
Content-Security-Policy refuses. A test names those that it
provokes with `expect_fault`; any other fails it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    ViewportSize,
    WebError,
    expect,
)

from tests.system.running import SHELL, RunningSystem

LOOPBACK = "127.0.0.1"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
LESS_TO_DRAW = "reduce"  # of motion: no processor time for prices that flash
TIMEOUT_MS = 60_000
CODES_TRIED_MAX = 3  # a code can run out between its making and its typing
CODE_PERIOD_S = 30

# what the Content-Security-Policy refuses
REPORT_REFUSED = """document.addEventListener("securitypolicyviolation", (event) =>
    window.noteRefused(`${event.violatedDirective} ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`))"""


@dataclass
class Visitor:
    """`page` is the first tab. `faults` are those that no test has expected."""

    name: str
    context: BrowserContext
    page: Page
    _seen: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)
    _allowed: list[str] = field(default_factory=list)

    def expect_fault(self, pattern: str) -> None:
        """The test provokes it: it must come at least once."""
        self._expected.append(pattern)

    def allow_fault(self, pattern: str) -> None:
        """What the test does may provoke it, when the page happens to look at that moment."""
        self._allowed.append(pattern)

    @property
    def faults(self) -> list[str]:
        known = self._expected + self._allowed
        unexpected = [seen for seen in self._seen if not any(re.search(pattern, seen) for pattern in known)]
        missing = [pattern for pattern in self._expected if not any(re.search(pattern, seen) for seen in self._seen)]
        return unexpected + [f"expected, but did not come: {pattern}" for pattern in missing]

    def open_tab(self, path: str) -> Page:
        tab = self.context.new_page()
        tab.goto(path)
        return tab

    def watch(self) -> None:
        self.context.expose_binding(
            "noteRefused", lambda _, refused: self._seen.append(f"refused by policy: {refused}")
        )
        self.context.add_init_script(REPORT_REFUSED)
        self.context.on("page", self._watch_page)
        self.context.on("request", lambda request: self._note_address(request.url))
        self.context.on("console", self._note_console)
        self.context.on("weberror", self._note_exception)

    def _watch_page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._note_address(socket.url))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._seen.append(f"console: {message.text} {message.location.get('url', '')}")

    def _note_exception(self, caught: WebError) -> None:
        self._seen.append(f"exception in the page: {caught.error.stack or caught.error}")

    def _note_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != LOOPBACK:
            self._seen.append(f"request to another machine: {url}")


@dataclass
class Doors:
    """Lets people in. Each types password and code once; later visits go on with that session."""

    browser: Browser
    system: RunningSystem
    _sessions: dict[str, StorageState] = field(default_factory=dict)
    _seeds: dict[str, str] = field(default_factory=dict)
    visitors: list[Visitor] = field(default_factory=list)

    def let_in(self, name: str, *, path: str = "/", **context_options: Any) -> Visitor:
        """A user in a new context, at `path`; the first time through the log-in pages."""
        visitor = self._enter(name, path, storage_state=self._sessions.get(name), **context_options)
        if name not in self._sessions:
            log_in(visitor.page, self, name)
            self._sessions[name] = visitor.context.storage_state()
        return visitor

    def code(self, name: str) -> str:
        """What the user's authenticator app shows now."""
        if not self._seeds:
            self._seeds = seeds_of(self.system)
        return code_of_seed(self._seeds[name])

    def stranger(self, **context_options: Any) -> Visitor:
        return self._enter("nobody", "/", **context_options)

    def _enter(self, name: str, path: str, **context_options: Any) -> Visitor:
        known = {"locale": "en-US", "viewport": DESK, "base_url": self.system.web_url, "reduced_motion": LESS_TO_DRAW}
        options = known | context_options
        context = self.browser.new_context(**options)
        context.set_default_timeout(TIMEOUT_MS)
        visitor = Visitor(name, context, page=None)  # type: ignore[arg-type]  # set below, when it is watched
        visitor.watch()
        visitor.page = context.new_page()
        self.visitors.append(visitor)
        visitor.page.goto(path)
        return visitor

    @property
    def faults(self) -> list[str]:
        return [f"{visitor.name}: {fault}" for visitor in self.visitors for fault in visitor.faults]

    def take_pictures(self, folder: Path) -> Iterator[Path]:
        """Of every open tab; for the report of a failure."""
        for visitor in self.visitors:
            for number, page in enumerate(visitor.context.pages):
                picture = folder / f"{visitor.name}-{number}.png"
                page.screenshot(path=picture)
                yield picture

    def close(self) -> None:
        while self.visitors:
            self.visitors.pop().context.close()


def log_in(page: Page, doors: Doors, name: str) -> None:
    """Password, then code, as a person types them. Ends on the page that was asked for."""
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.locator("input[name=login]").fill(name)
    password = page.locator("input[name=password]")
    password.fill(doors.system.passwords[name])
    password.press("Enter")
    for _ in range(CODES_TRIED_MAX):
        code = page.locator("input[name=code]")
        code.fill(doors.code(name))
        code.press("Enter")
        page.wait_for_load_state()
        if "/accounts/" not in page.url:
            return
    raise AssertionError(f"{name} does not get in: {page.locator('main').inner_text()}")


def seeds_of(system: RunningSystem) -> dict[str, str]:
    """The secret of each user's authenticator."""
    shown = system.manage(*SHELL, "from tests.system.inside import *; show_seeds()")
    return dict(line.split() for line in shown.splitlines())


def code_of_seed(seed: str) -> str:
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // CODE_PERIOD_S)))


@contextmanager
def without_reload(*pages: Page) -> Iterator[None]:
    """Whatever changes inside happens in the documents that are open now."""
    for page in pages:
        page.evaluate("window.isTheSameDocument = true")
    yield
    for page in pages:
        assert page.evaluate("window.isTheSameDocument === true"), f"{page.url} was loaded again"


def resize(page: Page, size: ViewportSize) -> None:
    """Until the page is laid out anew: for a frame it may still have the layout of the other width."""
    page.set_viewport_size(size)
    page.evaluate(_DRAWN)
