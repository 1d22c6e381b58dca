"""Every text that pages show has Vietnamese words: `makemessages` would add none of them."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils.translation.trans_real import translation

from qts.domain.strategy import examples
from qts.domain.strategy.parameters import describe_parameters

CALLS = {
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "_",
    "ngettext",
    "pgettext",
    "pgettext_lazy",
    "ngettext_lazy",
    "noop",
    "Said",
}
WITH_CONTEXT = {"pgettext", "pgettext_lazy"}
TRANSLATE = re.compile(
    r"""^(?:trans|translate)\s+(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')(?:.*\bcontext\s+["'](.*?)["'])?"""
)
NOT_SAID = {"tests", "migrations", "tui"}  # the terminal has a catalogue of its own
ROOT = Path(settings.BASE_DIR)
FILE = "vi/LC_MESSAGES/django.po"


def texts_of_code() -> Iterator[tuple[str, str, str]]:
    """(where, context, text) of each literal that is given to a function of gettext."""
    for file in sorted([*(ROOT / "apps").rglob("*.py"), *(ROOT / "qts").rglob("*.py")]):
        if not NOT_SAID.isdisjoint(file.relative_to(ROOT).with_suffix("").parts):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in CALLS or not node.args:
                continue
            literals = [part.value for part in node.args if isinstance(part, ast.Constant)]
            has_context = getattr(node.func, "id", "") in WITH_CONTEXT
            if len(literals) > has_context and isinstance(literals[has_context], str):
                context = str(literals[0]) if has_context else ""
                yield f"{file.relative_to(ROOT)}:{node.lineno}", context, str(literals[has_context])


def texts_of_templates() -> Iterator[tuple[str, str, str]]:
    for file in sorted((ROOT / "templates").rglob("*.html")):
        for token in Lexer(file.read_text(encoding="utf-8")).tokenize():
            if token.token_type == TokenType.BLOCK and (found := TRANSLATE.match(token.contents)):
                text = found[1] if found[1] is not None else found[2]
                # as Django asks for it: a sign of percent is no place for a value
                yield f"{file.relative_to(ROOT)}:{token.lineno}", found[3] or "", text.replace("%", "%%")


def is_translated(context: str, text: str) -> bool:
    catalogue = translation("vi")._catalog  # type: ignore[attr-defined]  # of gettext, which its stubs leave out
    key = f"{context}\x04{text}" if context else text
    return bool(catalogue.get(key) or catalogue.get((key, 0)))  # Vietnamese has one form for any number


@pytest.mark.parametrize("source", [texts_of_code, texts_of_templates])
def test_every_text_has_its_vietnamese_words(source):
    found = list(source())
    assert len(found) > 300
    assert [(where, text) for where, context, text in found if text and not is_translated(context, text)] == []


def entries() -> Iterator[str]:
    """The texts of an entry are lines of their own: the catalogues are not wrapped."""
    for folder in settings.LOCALE_PATHS:
        yield from (folder / FILE).read_text(encoding="utf-8").strip().split("\n\n")[1:]


def test_no_refusal_is_english_alone():
    """A sentence that is given to an exception of refusal can be said in another language."""
    plain = []
    for file in sorted((ROOT / "apps").rglob("*.py")):
        if NOT_SAID.isdisjoint(file.relative_to(ROOT).parts):
            calls = [one for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(one, ast.Call)]
            refused = [
                one for one in calls if re.search("Refused$", getattr(one.func, "id", getattr(one.func, "attr", "")))
            ]
            said = [part for one in refused for part in one.args]
            said += [part for one in said if isinstance(one, ast.List) for part in one.elts]
            plain += [f"{file.relative_to(ROOT)}:{one.lineno}" for one in said if is_plain_english(one)]
    assert plain == []


def is_refusal(called: ast.expr) -> bool:
    return str(getattr(called, "id", getattr(called, "attr", ""))).endswith("Refused")


def is_plain_english(given: ast.expr) -> bool:
    return isinstance(given, ast.JoinedStr) or (isinstance(given, ast.Constant) and " " in str(given.value))


def test_no_entry_is_empty_or_a_guess():
    found = list(entries())
    assert len(found) > 2500
    assert [one for one in found if re.search(r'^msgstr(\[0\])? ""$(?!\n")', one, re.M) or "fuzzy" in one] == []


def test_what_the_examples_say_of_themselves_has_words():
    said = set()
    for module in pkgutil.iter_modules(examples.__path__):
        for found in vars(importlib.import_module(f"{examples.__name__}.{module.name}")).values():
            if isinstance(found, type) and getattr(found, "summary", ""):
                parameters = describe_parameters(found.parameters_class)
                said |= {found.summary, *(one.help for one in parameters), *(one.unit for one in parameters)} - {"%"}
    assert len(said) > 20
    assert sorted(text for text in said if not is_translated("", text)) == []
