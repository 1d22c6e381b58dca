"""English that stands on a page in Vietnamese."""

import re
from collections.abc import Collection
from functools import cache
from typing import Final

from django.utils.translation.trans_real import translation
from playwright.sync_api import Page

HTML_MAX: Final = 160
# words that every English sentence has and no Vietnamese one
_ENGLISH: Final = re.compile(
    r"\b(the|and|of|is|are|was|not|with|from|this|that|has|have|been|for|which|when|your|will|cannot|only|must)\b", re.I
)
_PLACE: Final = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
_LETTERS_MIN: Final = 6  # of a text with places for values, beside them: of "{n} s" nothing is left to recognise
# what people wrote, what is marked as a program's own words, and what is a name in every language
_NOT_OURS: Final = "code, pre, kbd, .mono, [lang=en], [translate=no], script, style, template, textarea, .rule-lines"
_TEXTS: Final = """([skipped, htmlMax]) => {
    const texts = [];
    const told = (element, text) => texts.push([text.replace(/\\s+/g, " "), element.outerHTML.slice(0, htmlMax)]);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const holder = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (text && !holder.closest(skipped) && (holder.tagName === "OPTION" || holder.checkVisibility())) {
            told(holder, text);
        }
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
        if (element.closest(skipped)) continue;
        for (const name of ["aria-label", "title", "placeholder", "alt"]) {
            if (element.getAttribute(name)) told(element, element.getAttribute(name));
        }
    }
    return texts;
}"""


def english_of(page: Page, names: Collection[str]) -> list[str]:
    """Each text that is English, with the element that holds it; the `names` of people are in no language."""
    texts = page.evaluate(_TEXTS, [_NOT_OURS, HTML_MAX])
    return [f"{text!r} in {html}" for text, html in texts if text not in names and is_english(text)]


def is_english(text: str) -> bool:
    """By its words, or because the catalogue has other words for it."""
    return bool(_ENGLISH.search(text)) or text in _known()[0] or bool(_known()[1].fullmatch(text))


@cache
def _known() -> tuple[frozenset[str], "re.Pattern[str]"]:
    """The texts of the catalogue whose Vietnamese differs: those that are whole, and those with places for values."""
    catalogue = translation("vi")._catalog  # type: ignore[attr-defined]  # of gettext, which its stubs leave out
    whole: set[str] = set()
    filled: set[str] = set()
    for key in catalogue.keys():  # noqa: SIM118  # it is no dict
        words = catalogue[key]
        text = " ".join((key[0] if isinstance(key, tuple) else key).rpartition("\x04")[2].split())
        if not text or text == words:
            continue
        (filled if _PLACE.search(text) else whole).add(text.replace("%%", "%"))
    patterns = [
        ".+".join(map(re.escape, _PLACE.split(text))) for text in sorted(filled) if _letters(text) >= _LETTERS_MIN
    ]
    return frozenset(whole), re.compile("|".join(patterns))


def _letters(text: str) -> int:
    return sum(letter.isalpha() for letter in _PLACE.sub("", text))
