"""Every page once, in Vietnamese: no serious finding of axe-core in either theme, no English left, nothing wider than
a phone, nothing refused by the Content-Security-Policy. The pages stand still while they are looked at; one walk serves
all that is asked of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.e2e.english import english_of
from tests.e2e.every_page import walk
from tests.e2e.standstill import Standstill
from tests.e2e.visitors import DESK, PHONE, Doors, resize

AXE: Final = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WALK_S_MAX: Final = 1200  # on a machine that does other things beside it
SERIOUS: Final = ("serious", "critical")
NODES_MAX: Final = 4
PAGES_MIN: Final = 50  # fewer: the walk found no links
# a summary names colours, contrast and what would be enough
FIND: Final = """([rules, serious, nodesMax]) => axe.run(document, {resultTypes: ["violations"], runOnly: rules})
    .then((found) => found.violations.filter((one) => serious.includes(one.impact)))
    .then((found) => found.flatMap((one) => one.nodes.slice(0, nodesMax).map((node) =>
        `${one.id} (${one.impact}, ${one.nodes.length} in all) at ${node.target.join(" ")}: `
        + node.html.slice(0, 160) + ": " + node.failureSummary.replace(/\\s+/g, " "))))"""
STICKING_OUT: Final = """(nodesMax) => document.scrollingElement.scrollWidth <= innerWidth ? [] :
    [`${document.scrollingElement.scrollWidth} pixels`, ...[...document.querySelectorAll("main *")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth)
        .slice(0, nodesMax).map((one) => one.outerHTML.slice(0, 160))]"""
ALL_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CONTRAST: Final = {"type": "rule", "values": ["color-contrast"]}


@dataclass
class Findings:
    """One line each, with the page and the element."""

    inaccessible: list[str] = field(default_factory=list)
    english: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    pages: int = 0


@pytest.fixture(scope="module")
def findings(shared_doors: Doors) -> Iterator[Findings]:
    """Of all pages, as an administrator who reads Vietnamese sees them."""
    found = Findings()
    try:
        visitor = shared_doors.let_in("admin")
        visitor.context.add_cookies([{"name": "django_language", "value": "vi", "url": shared_doors.system.web_url}])
        standstill, names = Standstill(visitor.context), shared_doors.system.passwords.keys()
        for name, path in walk(visitor.page):
            standstill.settle(visitor.page)
            look_at(visitor.page, f"{name} {path}", found, names, is_ours=not name.startswith("admin"))
        found.faults = shared_doors.faults
        yield found
    finally:
        shared_doors.close()


@pytest.mark.timeout(WALK_S_MAX)
def test_every_page_is_accessible_in_both_themes(findings: Findings):
    refuse_any(findings.inaccessible)
    assert findings.pages > PAGES_MIN


@pytest.mark.timeout(WALK_S_MAX)
def test_every_page_is_wholly_in_vietnamese(findings: Findings):
    refuse_any(findings.english)


@pytest.mark.timeout(WALK_S_MAX)
def test_no_page_is_wider_than_a_phone(findings: Findings):
    refuse_any(findings.too_wide)


@pytest.mark.timeout(WALK_S_MAX)
def test_no_page_has_a_fault_or_is_refused_anything_by_its_policy(findings: Findings):
    refuse_any(findings.faults)


def refuse_any(lines: list[str]) -> None:
    """The findings themselves are the first thing that a report shows."""
    if lines:
        pytest.fail("\n".join([f"{len(lines)} findings", *lines]), pytrace=False)


def look_at(page: Page, where: str, found: Findings, names: Collection[str], *, is_ours: bool) -> None:
    """At the page as it is open: first in its own theme, then contrasts in the other."""
    page.evaluate(AXE)
    found.pages += 1
    found.inaccessible += [f"{where}: {one}" for one in axe(page, ALL_RULES)]
    if is_ours:
        switch_theme(page)
        found.inaccessible += [f"{where}, other theme: {one}" for one in axe(page, CONTRAST)]
        found.english += [f"{where}: {one}" for one in english_of(page, names)]
        found.too_wide += [f"{where}: {one}" for one in too_wide(page)]


def too_wide(page: Page) -> list[str]:
    """What makes the page itself scroll sideways on a phone; a table or a chart may, within its own frame."""
    resize(page, PHONE)
    found: list[str] = page.evaluate(STICKING_OUT, NODES_MAX)
    resize(page, DESK)
    return found


def axe(page: Page, rules: Any) -> list[str]:
    found: list[str] = page.evaluate(FIND, [rules, SERIOUS, NODES_MAX])
    return found


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
