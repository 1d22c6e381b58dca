"""A browser in front of a running system. The journeys share one system and run in the order of their files.

The market's day goes on while they run: continuous trading of the morning begins at 09:15 and lasts 13 minutes.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect, sync_playwright

from tests.e2e.browsers import CHROMIUM, launched
from tests.e2e.visitors import TIMEOUT_MS, Doors
from tests.system.reporting import add_log
from tests.system.running import RunningSystem, SystemOptions, started_system

HERE = Path(__file__).parent
MORNING = SystemOptions(start="09:14:30", speed=10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Together and in their own order: one system, one day of the market."""
    mine = sorted((item for item in items if item.path.is_relative_to(HERE)), key=lambda item: item.location[:2])
    for item in mine:
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.system)
        item.add_marker(pytest.mark.timeout(400))
        if CHROMIUM is None and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium"))
    items[:] = [item for item in items if item not in mine] + mine


@pytest.fixture(scope="package")
def system() -> Iterator[RunningSystem]:
    with started_system(MORNING) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shared_doors(browser: Browser, system: RunningSystem) -> Doors:
    return Doors(browser, system)


@pytest.fixture
def doors(shared_doors: Doors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Whoever came in leaves at the end of the test; a fault in one of their pages fails it."""
    try:
        yield shared_doors
        assert not shared_doors.faults, "\n".join(shared_doors.faults)
    finally:
        shared_doors.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        add_log(report, item)
        fixtures = getattr(item, "funcargs", {})
        if "doors" in fixtures:
            add_pictures(report, fixtures["doors"], fixtures["tmp_path_factory"])
    return report


def add_pictures(report: pytest.TestReport, doors: Doors, folders: pytest.TempPathFactory) -> None:
    try:
        pictures = [str(picture) for picture in doors.take_pictures(folders.mktemp("pictures"))]
    except Error as error:
        pictures = [f"no picture: {error}"]
    if pictures:
        report.sections.append(("pictures of the pages", "\n".join(pictures)))
