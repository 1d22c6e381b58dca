"""Rules as YAML: what is read, and in which line something is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.adapters.rule_files import RulesUnreadable, read_rules

GOOD = """\
# long while it dips
title: Dips
enter:
  all:
    - rsi_14 < 30
    - any:
        - close > sma_200
        - prediction_up > 0.6
leave:
  any: [rsi_14 > 65, profit_percent <= -3]
size: {method: fixed, quantity: 300}
"""


def problems(text):
    with pytest.raises(RulesUnreadable) as raised:
        read_rules(text)
    return [(problem.line, problem.place) for problem in raised.value.problems]


def test_a_good_document_is_read():
    rules = read_rules(GOOD)
    assert (rules.title, rules.size.numbers, rules.wait_bars) == ("Dips", {"quantity": 300}, 0)
    assert rules.enter.text == "all of (rsi_14 < 30; any of (close > sma_200; prediction_up > 0.6))"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("    - rsi_14 < 30", "    - rsi_14 << 30", [(5, "enter.all[1]")]),
        ("        - close > sma_200", "        - 7", [(7, "enter.all[2].any[1]")]),
        ("quantity: 300", "quantity: many", [(11, "size.quantity")]),
        ("quantity: 300", "quantity: 2026-11-22", [(11, "size.quantity")]),
        ("title: Dips\n", "", [(1, "title")]),
        ("title: Dips", "title: Dips\ntitle: Peaks", [(3, "title")]),
        ("title: Dips", "title: [Dips", [(3, "document")]),
        ("title: Dips", "title: &a Dips", [(2, "document")]),
        ("title: Dips", "title: !!python/name:os.system", [(2, "title")]),
        ("title: Dips", "title: !!int x", [(2, "title")]),
        ("size: {method: fixed, quantity: 300}", "size: *a", [(11, "document")]),
        ("  all:", "  every:", [(3, "enter")]),
        ("leave:", "? [a]\n: b\nleave:", [(9, "document")]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before, after, expected):
    assert before in GOOD
    assert problems(GOOD.replace(before, after)) == expected


@pytest.mark.parametrize(("text", "place"), [("", "document"), ("just a text", "document"), ("- a\n- b", "document")])
def test_what_is_no_document_is_told(text, place):
    assert [found for _, found in problems(text)] == [place]


def test_a_document_of_references_that_grow_is_refused_at_once():
    bomb = "a: &a [x, x]\n" + "\n".join(f"{n}: &{n} [*{p}, *{p}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
    assert problems(bomb) == [(1, "document")]


def test_what_is_nested_too_deep_or_too_long_is_refused():
    for text in ("enter: " + "[" * 5_000 + "]" * 5_000, "enter: " + "[" * 15_000, "- " * 5_000, "{a: " * 4_000):
        with pytest.raises(RulesUnreadable, match="nested too deep"):
            read_rules(text)
    assert problems("# " + "x" * 20_000) == [(0, "document")]


@given(st.text(max_size=200))
def test_any_text_is_refused_with_what_is_wrong(text):
    assert problems(text)
