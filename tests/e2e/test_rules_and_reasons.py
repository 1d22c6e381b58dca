"""Rules are written, tried and saved; then why nothing happened, and the day's signals, as a trader reads them."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.visitors import Doors, Visitor

# A page that is left while it asks for its banners: htmx calls that an error.
LEFT = r"console: htmx:(afterRequest|sendAbort)"

RULES = """title: Never
enter:
  all:
    - close < 10
leave:
  any:
    - close > 20
size: {method: fixed, quantity: 100}
"""


def test_rules_are_checked_while_typed_tried_and_saved_and_a_draft_outlives_the_page(doors: Doors):
    page = let_in(doors, "/strategies/rules/").page
    area, told = page.locator("#rules-text"), page.locator("#rules-told")
    area.fill(RULES.replace("close < 10", "close << 10"))
    told.get_by_role("button", name="line 4, column 7").click()
    assert area.evaluate("(area) => area.value.slice(0, area.selectionStart).split('\\n').length") == 4
    area.fill(RULES)
    expect(told).to_contain_text("the close is below 10")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#preview-figures [data-preview=entries]")).to_have_text("0")
    page.locator("#rules-name").fill("never")
    area.press("Control+s")
    expect(page).to_have_url(re.compile("/strategies/rules/never/"))
    expect(page.locator("tr[data-version]")).to_have_count(1)
    page.locator("#rules-text").fill(RULES.replace("title: Never", "title: Hardly ever"))
    expect(page.locator("#rules-told")).to_contain_text("Hardly ever")
    page.reload()
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("#rules-text")).to_have_value(re.compile("Hardly ever"))
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("[data-saved]")).to_be_visible()


def test_why_nothing_happened_and_the_signals_of_the_day(doors: Doors):
    page = let_in(doors, "/strategies/rules/never/").page
    page.get_by_role("button", name="Make a strategy of it").click()
    dialog = page.locator("#dialog")
    dialog.locator("input[name=name]").fill("Never")
    dialog.locator("input[name=symbols]").fill("SSI HPG VNM FPT")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog).to_be_hidden()
    page.goto("/strategies/")
    page.get_by_role("link", name="Never", exact=True).click()
    page.get_by_role("button", name="Start").click()
    page.locator("#dialog").get_by_role("button", name="Start").click()
    expect(page.locator("[data-strategy=Never]")).to_have_attribute("data-status", "RUNNING")
    page.get_by_role("link", name="Why did nothing happen?").click()
    the_rule_came_nearest(page)
    page.goto("/strategies/signals/?lane=symbol")
    expect(page.locator("#lanes")).to_be_visible()
    page.locator("#signal-outcome").select_option("DENIED")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("outcome=DENIED"))
    assert page.locator("tr[data-decision]:not([data-outcome=DENIED])").count() == 0


def let_in(doors: Doors, path: str) -> Visitor:
    trader = doors.let_in("trader", path=path)
    trader.allow_fault(LEFT)
    return trader


def the_rule_came_nearest(page: Page) -> None:
    expect(page.locator("[data-finding=RUNS]")).to_be_visible()
    missed = page.locator("[data-finding=RULE_MISSED]").first
    expect(missed).to_contain_text("close < 10 came nearest at", timeout=90_000)
    expect(page.locator("[data-rule$=enter] tbody tr").first).to_contain_text("close < 10")
