"""Size is a smell that can be measured, and some names say nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers"}
CLOCKS = {"time", "datetime", "date", "uuid"}
CLOCK_CALLS = {"now", "today", "time", "time_ns", "utcnow", "uuid4", "monotonic"}


def sources() -> list[Path]:
    folders = ["qts", "apps", "simulator", "tests", "benchmarks"]
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]
    return sorted([*found, ROOT / "conftest.py", ROOT / "manage.py"])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_there_is_something_to_measure():
    assert len(sources()) > 100


def test_no_file_is_longer_than_a_person_can_hold_in_mind():
    long = {str(path.relative_to(ROOT)): lines for path in sources() if (lines := _length(path)) > FILE_LINES_MAX}
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": lines
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_every_module_has_a_name_that_says_something():
    assert [str(path.relative_to(ROOT)) for path in sources() if EMPTY_NAMES & {path.stem, *path.parts}] == []


@pytest.mark.parametrize("folder", ["qts/domain", "qts/quant"])
def test_no_clock_and_no_chance_in_the_pure_parts(folder):
    impure = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "tests" not in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _reads_clock(node.func)
    ]
    assert impure == []


def test_importing_the_package_starts_nothing():
    assert (ROOT / "qts" / "__init__.py").read_text() == ""


def _length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _reads_clock(function: ast.Attribute) -> bool:
    owner = function.value
    return function.attr in CLOCK_CALLS and isinstance(owner, ast.Name) and owner.id in CLOCKS
