"""Numbers as the board shows them."""

import base64
import itertools
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from playwright._impl._driver import compute_driver_executable

from apps.notifications.services import sentence
from apps.portal.views import formats


@pytest.mark.parametrize(
    ("vnd", "kind", "text"),
    [
        (25_300, "STOCK", "25.30"),
        (9_990, "STOCK", "9.99"),
        (105_000, "STOCK", "105.00"),
        (1_234_500, "STOCK", "1,234.50"),
        (24_642, "STOCK", "24.64"),
        (24_645, "STOCK", "24.65"),
        (128_050_000, "FUTURE", "1,280.50"),
        (0, "STOCK", "–"),
        (None, "STOCK", "–"),
        (-150, "STOCK", "−0.15"),
    ],
)
def test_a_price_is_shown_in_thousand_vnd_or_points(vnd, kind, text):
    assert formats.price_text(vnd, kind) == text


@given(st.integers(min_value=1, max_value=10**7))
def test_a_price_of_whole_board_cents_reads_back_exactly(cents):
    shown = formats.price_text(cents * 10).replace(",", "")
    assert round(float(shown) * 1000) == cents * 10


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(300, 25_000, "+1.20%"), (-300, 25_000, "−1.20%"), (0, 25_000, "0.00%"), (1, 3, "+33.33%"), (1, 0, "–")],
)
def test_percent_has_a_sign_and_two_decimals(part, whole, text):
    assert formats.percent_text(part, whole) == text


@pytest.mark.parametrize(
    ("price", "css"),
    [
        (26_750, "c-ceiling"), (25_050, "c-up"), (25_000, "c-reference"), (24_950, "c-down"), (23_250, "c-floor"),
        (0, "c-none"),
    ],
)  # fmt: skip
def test_each_price_has_its_colour(price, css):
    assert formats.price_class(price, 25_000, 26_750, 23_250) == css


def test_without_a_reference_nothing_is_coloured():
    assert formats.price_class(25_000, 0, 0, 0) == "c-none"


def test_large_numbers_are_grouped():
    assert formats.quantity_text(1_234_500) == "1,234,500"
    assert formats.money_text(-5_000_000) == "−5,000,000"
    assert formats.signed(5, plus=True) == "+5"
    assert formats.billions_text(12_345_600_000_000) == "12,345.6"
    assert formats.index_text(128_050) == "1,280.50"
    assert formats.money_text(None) == "–"


SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "format.js"
AMOUNTS_VND = [0, 1, 9_990, 24_645, 25_300, -150, 1_234_500, 128_050_000, -2_500_000_000_000]


def said_by_the_script(calls):
    """What functions of static/js/format.js answer to ["name", [arguments]], in the browser's own language."""
    module = "data:text/javascript;base64," + base64.b64encode(SCRIPT.read_bytes()).decode()
    program = f"""const rules = await import({json.dumps(module)});
        console.log(JSON.stringify({json.dumps(calls)}.map(([name, given]) => rules[name](...given))))"""
    done = subprocess.run(
        [compute_driver_executable()[0], "--input-type=module", "-e", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_what_changes_on_a_page_is_written_as_what_stood_there():
    pairs = list(itertools.product(AMOUNTS_VND, [100_000, 24_000]))
    calls = [["price", [vnd, kind]] for vnd in AMOUNTS_VND for kind in ("STOCK", "FUTURE")]
    calls += [[name, [vnd]] for name in ("quantity", "money", "index", "billions") for vnd in AMOUNTS_VND if vnd >= 0]
    calls += [["change", [vnd, reference]] for vnd, reference in pairs if vnd >= 0]
    calls += [["percent", [part, whole]] for part, whole in pairs]
    texts = [formats.price_text(vnd, kind) for vnd in AMOUNTS_VND for kind in ("STOCK", "FUTURE")]
    for say in (formats.quantity_text, formats.money_text, formats.index_text, formats.billions_text):
        texts += [say(vnd) for vnd in AMOUNTS_VND if vnd >= 0]
    texts += [formats.change_text(vnd, reference) for vnd, reference in pairs if vnd >= 0]
    texts += [formats.percent_text(part, whole) for part, whole in pairs]
    assert list(zip(calls, said_by_the_script(calls), strict=True)) == list(zip(calls, texts, strict=True))


def test_a_day_and_a_time_of_the_script_are_those_of_vietnam():
    moment_ms = 1_795_383_903_000  # 2026-11-22 21:45:03 UTC
    assert said_by_the_script([["clock", [moment_ms]], ["day", [moment_ms]]]) == ["04:45:03", "23/11/2026"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_templates_write_by_themselves_has_the_same_form(language):
    moment = datetime(2026, 11, 22, 22, 25, 3, tzinfo=UTC)
    with translation.override(language), timezone.override("Asia/Ho_Chi_Minh"):
        page = Template("{{ ratio }} {{ ratio|floatformat:1 }} {{ ratio|floatformat:'2g' }} {{ at }} {{ at.date }}")
        shown = page.render(Context({"ratio": 1234.56, "at": moment}))
    assert shown == "1234.56 1234.6 1,234.56 23/11/2026 05:25:03 22/11/2026"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_alert_writes_numbers_as_the_board(language):
    facts = {"quantity": 1_200, "price_vnd": 25_300, "side": "BUY", "filled": 1_200, "of": 5_000}
    with translation.override(language):
        filled = sentence("FILL", "SSI", facts)
        changed = sentence("CHANGE_BELOW", "SSI", {"value": -250, "last_vnd": 24_645})
        future = sentence("PRICE_ABOVE", "VN30F1M", {"value": 128_050_000, "threshold": 128_000_000})
    assert {"1,200", "25.30", "(1,200/5,000)"} <= set(filled.split())
    assert {"-2.50%", "24.65"} <= set(changed.replace(",", " ").split())
    assert "1,280.50" in future
