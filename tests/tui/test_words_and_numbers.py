"""The terminal shares no code with the server; here what both say is compared."""

import ast
import re
import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from apps.portal.views import formats as portal
from qts.domain.errors import RuleCode
from qts.domain.orders import Status
from qts.domain.orders.life import WORKING
from qts.domain.risk import RULES
from qts.domain.values import OrderType, Session
from qts.tui import desk, formats, language, order_form, wire, wording
from qts.tui.board_colours import tone_of
from qts.tui.order_form import Typo, Verdict
from qts.tui.reasons import REASONS
from qts.tui.table import fitted

TUI = Path(formats.__file__).parent
CATALOGUE = TUI / "locale/vi/LC_MESSAGES/tui.po"
PORTAL_COLOURS = {
    "c-ceiling": "CEILING", "c-floor": "FLOOR", "c-reference": "REFERENCE", "c-up": "UP", "c-down": "DOWN",
    "c-none": "NONE",
}  # fmt: skip
amounts = st.integers(-(10**13), 10**13)


@pytest.fixture(autouse=True)
def english_again():
    language.use("en")
    yield
    language.use("en")


def messages() -> set[str]:
    """Every text that is marked for translation."""
    return {
        str(call.args[0].value)
        for path in TUI.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", "noop"}
        if isinstance(call.args[0], ast.Constant)
    }


def translations() -> dict[str, str]:
    """Of the file for translators, one line each."""
    text = CATALOGUE.read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid (".+")\nmsgstr (".+")$', text, re.MULTILINE)
    return {ast.literal_eval(original): ast.literal_eval(translated) for original, translated in pairs}


def test_every_text_has_its_vietnamese_and_no_other_does():
    assert len(messages()) > 200
    assert messages() == set(translations())


def test_the_compiled_catalogue_says_what_the_translators_file_says():
    language.use("vi")
    assert {original: language._(original) for original in messages()} == translations()


def test_translations_have_the_same_gaps_to_fill():
    def gaps(text: str) -> set[str | None]:
        return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}

    assert [original for original, text in translations().items() if gaps(original) != gaps(text)] == []


def test_every_refusal_has_a_sentence_and_the_unit_of_the_gate():
    assert REASONS.keys() == {str(code) for code in RuleCode}
    units = {str(code): str(rule.unit.value) for code, rule in RULES.items()}
    assert {code: unit for code, (_sentence, unit) in REASONS.items() if code in units} == units


def test_what_is_typed_again_is_what_the_gate_asks_for():
    assert {str(code): rule.typed.value for code, rule in RULES.items() if rule.is_soft} == wording.TYPED_AGAIN


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_state_session_and_side_has_a_word(spoken):
    language.use(spoken)
    for code in Status:
        assert wording.status(code) != code
    for code in Session:
        assert wording.session(code) != code or code in {"ATO", "ATC"}
    assert set(wording.ORDER_TYPES) == set(OrderType)
    assert {str(status) for status in WORKING} == desk.WORKING


@given(amounts, st.sampled_from(["STOCK", "FUTURE"]))
def test_prices_and_money_look_as_in_the_portal(amount, kind):
    assert formats.price(amount, kind) == portal.price_text(amount, kind)
    assert formats.money(amount) == portal.money_text(amount)


@given(amounts, amounts)
def test_percentages_look_as_in_the_portal(part, whole):
    assert formats.percent(part, whole) == portal.percent_text(part, whole)


@given(*[st.integers(0, 30)] * 4)
def test_colours_are_those_of_the_portals_board(price, ref, ceil, floor):
    quote = wire.Quote(ref=ref, ceil=ceil, floor=floor)
    assert tone_of(price, quote).name == PORTAL_COLOURS[portal.price_class(price, ref, ceil, floor)]


@given(st.integers(1, 10**9), st.sampled_from(["STOCK", "FUTURE"]))
def test_a_price_that_is_shown_can_be_typed(cents, kind):
    price_vnd = cents * formats.cent_vnd(kind)
    assert order_form.read_price(formats.price(price_vnd, kind).replace(",", ""), kind) == price_vnd


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "0",
        "-1",
        "25,3",
        "1,280.5",
        "25.3.1",
        "abc",
        "25.0001",
        "NaN",
        "Infinity",
        "1e999",
        "2e1",
        "+25",
        "٢٥",
        "9" * 30,
    ],
)
def test_a_price_that_could_mean_two_things_is_refused(typed):
    with pytest.raises(Typo):
        order_form.read_price(typed, "STOCK")


@pytest.mark.parametrize("typed", ["", "0", "-100", "1.5", "1,000", "1e3", "٣", "100x"])
def test_a_quantity_is_digits(typed):
    with pytest.raises(Typo):
        order_form.read_quantity(typed)


def test_one_hard_refusal_among_soft_ones_is_hard():
    soft, hard = wire.Breach("PRICE_FAR_FROM_LAST"), wire.Breach("PRICE_OFF_TICK")
    duplicate = wire.Breach("DUPLICATE_ORDER")
    assert order_form.verdict([]) is Verdict.PASSES
    assert order_form.verdict([soft, hard]) is Verdict.REFUSED
    assert order_form.verdict([wire.Breach("A_RULE_OF_TOMORROW")]) is Verdict.REFUSED
    assert order_form.verdict([soft, duplicate]) is Verdict.TO_BE_TYPED_AGAIN
    assert order_form.typed_again([soft, duplicate]) == ("price", "quantity")
    assert order_form.confirmations([soft, duplicate], price_vnd=25_000, quantity=300) == {
        "PRICE_FAR_FROM_LAST": 25_000, "DUPLICATE_ORDER": 300,
    }  # fmt: skip


@settings(max_examples=40)
@given(st.text(max_size=30), st.integers(2, 20), st.booleans())
def test_a_cell_is_exactly_as_wide_as_its_column(text, width, is_right):
    shown = fitted("".join(c for c in text if c.isprintable()), width, is_right=is_right)
    assert cell_len(shown) == width


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("quotes", b'{"SSI": {"last": "25"}}'),
        ("quotes", b'{"SSI": {"bids": [[1]]}}'),
        ("orders", b'{"orders": [{"id": 1}]}'),
        ("positions", b"{}"),
        ("status", b'{"stream": null}'),
        ("risk", b"[]"),
    ],
)
def test_a_message_of_another_shape_changes_nothing(channel, data):
    known = desk.Desk(quotes={"SSI": wire.Quote(last=25_000)})
    with pytest.raises(msgspec.ValidationError):
        known.hear(channel, msgspec.Raw(data), False)
    assert known == desk.Desk(quotes={"SSI": wire.Quote(last=25_000)})


def test_a_change_replaces_its_own_groups_only():
    known = desk.Desk()
    known.hear("quotes", msgspec.Raw(b'{"SSI": {"ref": 25000, "last": 25100, "bids": [[25100, 10]]}}'), True)
    known.hear("quotes", msgspec.Raw(b'{"SSI": {"last": 25200, "new_field": 1}}'), False)
    assert known.quotes == {"SSI": wire.Quote(ref=25_000, last=25_200, bids=[(25_100, 10)])}
    known.hear("quotes", msgspec.Raw(b'{"FPT": {"last": 1}}'), True)
    assert known.quotes.keys() == {"FPT"}, "a snapshot is all there is"
