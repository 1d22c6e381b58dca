"""docs/broker-conformance.md names tests that exist, each case once, and enough of them."""

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.order_market import ROOT

ROW = re.compile(r"^\| ([A-Z])(\d+) \| (.+) \| `([\w/.]+)::(\w+)(?:\[(.+)\])?` \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "broker-conformance.md").read_text(encoding="utf-8")
CASES = [(f"{found[0]}{found[1]}", *found[2:]) for found in ROW.findall(PAGE)]
CASES_MIN = {"E": 64, "D": 26, "R": 35}


@cache
def source_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def names_in(file: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source_of(file))) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("case", "_what", "file", "test", "row"), CASES, ids=[case[0] for case in CASES])
def test_the_test_of_each_case_exists(case, _what, file, test, row):
    assert test.startswith("test_")
    assert test in names_in(file), f"{case}: {file} has no {test}"
    if row:  # of a parametrized test, or of one that goes through a table
        assert re.search(rf'["\']{re.escape(row)}["\']|^def {re.escape(row)}\(', source_of(file), re.MULTILINE), row


def test_every_row_of_the_page_is_a_case_and_none_is_there_twice():
    assert len(CASES) == len([line for line in PAGE.splitlines() if re.match(r"\| [A-Z]\d+ ", line)])
    assert [key for key, times in Counter(what for _, what, *_ in CASES).items() if times > 1] == []
    assert [key for key, times in Counter(tuple(case[2:]) for case in CASES).items() if times > 1] == []


def test_there_are_enough_of_each_kind_numbered_from_one():
    for letter, least in CASES_MIN.items():
        numbers = [int(case[0][1:]) for case in CASES if case[0][0] == letter]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= least
