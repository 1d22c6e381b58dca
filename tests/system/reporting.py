"""What a failed test of the whole system tells: the last lines of the system's log."""

import pytest

from tests.system.running import RunningSystem

LOG_TAIL_CHARACTERS = 6000


def add_log(report: pytest.TestReport, item: pytest.Item) -> None:
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, RunningSystem):
            report.sections.append(("log of the system", value.output()[-LOG_TAIL_CHARACTERS:]))
