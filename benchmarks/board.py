"""The price board in a browser, 1,600 symbols, 5,000 messages a second: `python -m benchmarks.board [--seconds 20]`.

A served page: PostgreSQL, Valkey, Daphne with the settings of production's static files, headless Chromium. Measured
are the first page, cold, and then three ways of looking, each with messages and, as its floor, without: standing still,
ordered by the change in per cent, and scrolling all the time. A frame is what Chromium's trace says was drawn, and
what `requestAnimationFrame` was called for; the worst second counts beside the average. Needs Debian's Chromium.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.figures import Section, progress
from qts.embedded.options import ROOT
from qts.embedded.ports import free_port
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.processes import wait_until
from qts.embedded.valkey import EmbeddedValkey

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
RATE: Final = 5_000
FIRST_PAGES: Final = 5
# static files of other pages: compressing them takes most of a minute
_NOT_NEEDED: Final = [f"--ignore={name}/*" for name in ("admin", "unfold", "drf_spectacular_sidecar", "rest_framework")]
WAYS: Final = ("standing still", "ordered by change", "scrolling")
_COUNT_FRAMES: Final = """() => {
    window.frames_at = [];
    window.long_ms = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) window.long_ms += one.duration; })
        .observe({ type: "longtask" });
    const count = (now) => { window.frames_at.push(now); requestAnimationFrame(count); };
    requestAnimationFrame(count);
}"""
_BEGIN: Final = "() => { window.frames_at = []; window.long_ms = 0; }"
_SCROLL: Final = """(isOn) => {
    clearInterval(window.scroller);
    const box = document.querySelector(".board-wrap");
    let by = 45;
    if (isOn) window.scroller = setInterval(() => {
        const before = box.scrollTop;
        box.scrollTop += by;
        if (box.scrollTop === before) by = -by;
    }, 16);
}"""
_FIRST_PRICES: Final = """() => [...document.querySelectorAll("#board-rows [data-f=last]")]
    .filter((cell) => /\\d/.test(cell.textContent)).length >= 20"""
_TRACED: Final = ["devtools.timeline", "disabled-by-default-devtools.timeline.frame"]


@dataclass(frozen=True, slots=True)
class Look:
    """What one way of looking cost; `worst` is the fewest frames in any one second, `work_ms_per_s` what the page's
    main thread had of a processor, which neighbours on the machine change little."""

    frames_per_s: float
    worst: float
    drawn_per_s: float
    long_ms_per_s: float
    work_ms_per_s: float
    batches_per_s: float
    heap_mb: float

    @property
    def ms_per_frame(self) -> float:
        return self.work_ms_per_s / self.drawn_per_s

    def ms_per_batch(self, quiet: "Look") -> float:
        """Above what the page does without messages."""
        return (self.work_ms_per_s - quiet.work_ms_per_s) / self.batches_per_s


@dataclass(frozen=True, slots=True)
class Watch:
    """Counts what a page draws; its traces are those of Chromium's performance panel, packed."""

    browser: Browser
    page: Page
    client: CDPSession
    seconds: float

    def look(self, trace: Path) -> Look:
        worked_s = self.worked_s()
        self.browser.start_tracing(page=self.page, categories=_TRACED)
        self.page.evaluate(_BEGIN)
        self.page.wait_for_timeout(self.seconds * 1_000)
        at, long_ms = self.page.evaluate("[window.frames_at, window.long_ms]")
        worked_s = self.worked_s() - worked_s
        told = self.browser.stop_tracing()
        trace.write_bytes(gzip.compress(told))
        seen = Counter(event["name"] for event in json.loads(told)["traceEvents"])
        self.client.send("HeapProfiler.collectGarbage")
        heap = self.client.send("Runtime.getHeapUsage")["usedSize"]
        took_s = (at[-1] - at[0]) / 1_000
        each = [sum(second <= (one - at[0]) / 1_000 < second + 1 for one in at) for second in range(int(took_s))]
        return Look(
            frames_per_s=len(at) / took_s,
            worst=min(each),
            drawn_per_s=seen["DrawFrame"] / took_s,
            long_ms_per_s=long_ms / took_s,
            work_ms_per_s=worked_s * 1_000 / took_s,
            batches_per_s=seen["WebSocketReceive"] / took_s,
            heap_mb=heap / 1e6,
        )

    def worked_s(self) -> float:
        told = self.client.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in told if one["name"] == "TaskDuration")


class Market:
    """The process that sends; one line in, one line out."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.board_market", str(RATE)],
            cwd=ROOT, env=os.environ | environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.session: str = self.answer()["session"]

    def begin(self, seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


def run(section: Section, folder: Path, *, seconds: float, trace: Path) -> None:
    with served(folder) as (environment, url), sync_playwright() as playwright:
        market = Market(environment)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            section.begin(f"1,600 symbols, {RATE:,} messages a second")
            page, client = first_page(section, browser, url, market.session)
            page.evaluate(_COUNT_FRAMES)
            quiet, busy = measure(Watch(browser, page, client, seconds), market, trace)
        finally:
            browser.close()
            market.close()
    for way in WAYS:
        section.add(f"{way}: frames", "1/s", [busy[way].frames_per_s])
        section.add(f"{way}: frames in the worst second", "1/s", [busy[way].worst])
        section.add(f"{way}: frames drawn by the trace", "1/s", [busy[way].drawn_per_s])
        section.add_ratio(
            f"{way}: frames against those without messages", *[[one[way].frames_per_s] for one in (busy, quiet)]
        )
        section.add(f"{way}: main thread's processor time", "ms/s", [busy[way].work_ms_per_s])
        section.add(f"{way}: the same a frame drawn", "ms", [busy[way].ms_per_frame])
        section.add(f"{way}: the same a message batch", "ms", [busy[way].ms_per_batch(quiet[way])])
        section.add(f"{way}: in tasks over 50 ms", "ms/s", [busy[way].long_ms_per_s])
        section.add(f"{way}: heap afterwards", "MB", [busy[way].heap_mb])


def first_page(section: Section, browser: Browser, url: str, session: str) -> tuple[Page, CDPSession]:
    """Nothing in the browser's memory, each time: until twenty rows have their prices. The server's own first answers,
    for which it reads its programs and templates, count apart. The last page stays open."""
    times_s = []
    for number in range(1 + FIRST_PAGES):
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, locale="en-US")
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        page = context.new_page()
        client = context.new_cdp_session(page)
        received: list[float] = []
        client.on("Network.loadingFinished", lambda event, seen=received: seen.append(event["encodedDataLength"]))
        client.send("Network.enable")
        began = time.monotonic()
        page.goto("/board/", wait_until="commit")
        page.wait_for_function(_FIRST_PRICES, timeout=60_000)
        times_s.append(time.monotonic() - began)
        page.wait_for_load_state("networkidle")
        if number < FIRST_PAGES:
            context.close()
    section.add("first page of a server that has just started, until prices stand in its rows", "s", times_s[:1])
    section.add("first page, nothing kept in the browser, until prices stand in its rows", "s", times_s[1:])
    section.add("first page: everything that was loaded, compressed", "kB", [sum(received) / 1_000])
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    return page, client


def measure(watch: Watch, market: Market, trace: Path) -> tuple[dict[str, Look], dict[str, Look]]:
    """Without messages and with them, in turns."""
    quiet: dict[str, Look] = {}
    busy: dict[str, Look] = {}
    for way in WAYS:
        arrange(watch.page, way)
        quiet[way] = watch.look(trace.with_name("quiet"))
        market.begin(watch.seconds + 2)
        watch.page.wait_for_timeout(1_000)
        busy[way] = watch.look(trace.with_name(f"{trace.name}-{way.replace(' ', '-')}.json.gz"))
        progress(f"{way}: {market.answer()['per_s']:,.0f} messages a second went out")
    trace.with_name("quiet").unlink()
    return quiet, busy


def arrange(page: Page, way: str) -> None:
    if way == "ordered by change":
        page.locator("#board [data-sort=percent]").click()
    page.evaluate(_SCROLL, way == "scrolling")
    page.wait_for_timeout(1_000)


@contextmanager
def served(folder: Path) -> Iterator[tuple[Mapping[str, str], str]]:
    """The environment and the address of one web process with static files as production serves them."""
    postgres = EmbeddedPostgres(folder / "board-postgres", is_durable=False)
    valkey = EmbeddedValkey(folder / "board-valkey", is_durable=False)
    web: subprocess.Popen[bytes] | None = None
    try:
        postgres.start()
        valkey.start()
        port = free_port()
        environment = _environment(folder, postgres.url, valkey.url)
        for command in (("migrate", "-v", "0"), ("collectstatic", "-v", "0", "--noinput", *_NOT_NEEDED)):
            progress(command[0])
            subprocess.run(
                [sys.executable, str(ROOT / "manage.py"), *command], env=os.environ | environment, check=True
            )
        web = subprocess.Popen(
            [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "qts.asgi:application"],
            cwd=ROOT, env=os.environ | environment,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: _answers(url), 120.0), "the web process does not answer"
        yield environment, url
    finally:
        if web is not None:
            web.terminate()
            web.wait(timeout=20)
        valkey.stop()
        postgres.stop()


def _environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    var = folder / "board-var"
    var.mkdir()
    (var / "secret.key").write_text("only-for-this-run-" * 5, encoding="utf-8")
    return {
        "DJANGO_SETTINGS_MODULE": "qts.settings.base",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "QTS_DATA_DIR": str(var),
        "QTS_SECRET_KEY_FILE": str(var / "secret.key"),
        "MARKET_CLOCK": f"affine:2026-11-23,10:00:00,15:00:00,{time.time():.3f},1",
    }


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each way of looking")
    parser.add_argument("--trace", type=Path, help="where the traces go, as NAME-WAY.json.gz; else nowhere")
    given = parser.parse_args(arguments)
    if CHROMIUM is None:
        parser.error("there is no Chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="qts-bench-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent)
        folder.chmod(0o755)  # the servers' user must pass through when this runs as root
        run(Section("board"), folder, seconds=given.seconds, trace=given.trace or folder / "trace")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
