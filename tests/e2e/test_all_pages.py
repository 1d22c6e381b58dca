"""Every page once, in Vietnamese: no serious finding of axe-core in either theme, no English left, nothing refused by
the Content-Security-Policy (a fault of the visitor, as in every journey)."""

import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.e2e.every_page import walk
from tests.e2e.visitors import Doors

AXE: Final = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
SETTLING_MS: Final = 700
SERIOUS: Final = {"serious", "critical"}
FIND: Final = """(rules) => axe.run(document, {resultTypes: ["violations"], ...rules})
    .then((found) => found.violations)
    .then((found) => found.map((one) => [one.id, one.impact, one.nodes.map((node) => node.target.join(" "))]))"""
ALL_RULES: Final[dict[str, Any]] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST: Final[dict[str, Any]] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# words that every English sentence has and no Vietnamese one
ENGLISH: Final = re.compile(
    r"\b(the|and|of|is|are|was|not|with|from|this|that|has|have|been|for|which|when|your|will|cannot|only|must)\b", re.I
)
# what people wrote, what is marked as a program's own words, and what is a name in every language
NOT_OURS: Final = (
    "code, pre, kbd, .mono, [lang=en], [translate=no], script, style, template, textarea, option, .rule-lines"
)
TEXTS: Final = """(skipped) => {
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const holder = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (text && !holder.closest(skipped) && holder.checkVisibility()) texts.push(text);
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
        if (element.closest(skipped)) continue;
        for (const name of ["aria-label", "title", "placeholder", "alt"]) {
            if (element.getAttribute(name)) texts.push(element.getAttribute(name));
        }
    }
    return texts;
}"""


def test_every_page_is_accessible_in_both_themes_and_wholly_in_vietnamese(doors: Doors):
    visitor = doors.let_in("admin", reduced_motion="reduce")
    page, wrong = visitor.page, {}
    visitor.context.add_cookies([{"name": "django_language", "value": "vi", "url": doors.system.web_url}])
    for name, path in walk(page):
        if found := faults_of(page, is_ours=not name.startswith("admin")):
            wrong[f"{name} {path}"] = found
    assert wrong == {}


def faults_of(page: Page, *, is_ours: bool) -> list[str]:
    """Of the page as it is open: first in its own theme, then contrasts in the other."""
    page.evaluate(AXE)
    found = [f"{rule} ({impact}): {places[:4]}" for rule, impact, places in findings(page, ALL_RULES)]
    if is_ours:
        switch_theme(page)
        found += [f"other theme, {rule}: {places[:4]}" for rule, _, places in lasting(page, CONTRAST)]
        switch_theme(page)
        found += [f"English: {text}" for text in page.evaluate(TEXTS, NOT_OURS) if ENGLISH.search(text)]
    return found


def findings(page: Page, rules: dict[str, Any]) -> list[Any]:
    return [found for found in page.evaluate(FIND, rules) if found[1] in SERIOUS]


def lasting(page: Page, rules: dict[str, Any]) -> list[Any]:
    """What stands there a moment later too: a colour on its way is no fault."""
    if not findings(page, rules):
        return []
    page.wait_for_timeout(SETTLING_MS)
    return findings(page, rules)


def switch_theme(page: Page) -> None:
    """And wait until every colour has arrived."""
    page.evaluate("""() => {
        const root = document.documentElement;
        root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
            document.getAnimations().forEach((moving) => moving.finish());
            done();
        })));
    }""")
