"""Fixtures for tests of the whole system. One after the other, in one worker, the browser journeys among them."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.reporting import add_log
from tests.system.running import RunningSystem, SystemOptions, started_system

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.system)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="module")
def running_system(request: pytest.FixtureRequest) -> Iterator[RunningSystem]:
    """One system for a module. Other options:

    `@pytest.mark.parametrize("running_system", [SystemOptions(speed=60)], indirect=True)`
    """
    with started_system(getattr(request, "param", None)) as system:
        yield system


@pytest.fixture
def start_system() -> Iterator[Callable[..., RunningSystem]]:
    """A system for one test alone, which may break it: `start_system(SystemOptions(start="14:40:00"))`."""
    with ExitStack() as stack:

        def start(options: SystemOptions | None = None) -> RunningSystem:
            return stack.enter_context(started_system(options))

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        add_log(report, item)
    return report
