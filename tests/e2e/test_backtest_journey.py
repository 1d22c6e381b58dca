"""A backtest in a browser: asked for on the demo's own bars, watched, read, swept, and compared."""

import os
import re

from playwright.sync_api import Page, expect

from tests.e2e.visitors import Doors, Visitor

SYMBOL = "SSI"
_DRAWN = """(selector) => [...document.querySelectorAll(`${selector} canvas`)].some((canvas) => {
    if (!canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 100) found += 1;
    return found > 500;
})"""


def test_a_backtest_from_the_form_to_the_comparison(doors: Doors):
    trader = doors.let_in("trader")
    page = trader.page
    page.get_by_role("link", name="Backtests").first.click()
    page.get_by_role("link", name="New backtest").first.click()
    wrong_number_is_told(trader)
    run(page, fast=2, name="Quick cross")
    the_report_is_read(page)
    page.get_by_role("button", name="Repeat it").click()
    expect(page.locator("[data-backtest]")).to_have_attribute("data-status", "DONE")
    page.get_by_role("link", name="Change and run").click()
    expect(page.locator("input[name=p0-fast]")).to_have_value("2")
    run(page, fast=3, name="Slower cross")
    the_two_are_compared(page)


def test_a_sweep_is_watched_and_its_heat_map_read(doors: Doors):
    page = doors.let_in("trader", path="/backtests/new/").page
    page.get_by_text("Grid sweep").click()
    page.locator("input[name=v-fast]").fill("2:4")
    page.locator("input[name=v-slow]").fill("5:9:2")
    page.locator("input[name=symbols]").fill(SYMBOL)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-backtest]")).to_have_attribute("data-status", "DONE")
    expect(page.locator("#verdict")).to_contain_text(re.compile("of 9 sets|Fewer than two sets"))
    expect(page.locator("#heat-map tbody td")).to_have_count(9)
    page.locator("#heat-map").get_by_role("button", name="Return").click()
    expect(page.locator("#heat-map tbody td.is-best")).to_contain_text("%")
    picture(page, "sweep")


def wrong_number_is_told(trader: Visitor) -> None:
    page = trader.page
    trader.expect_fault(r"422 .*/backtests/new/")
    page.locator("input[name=symbols]").fill(SYMBOL)
    page.locator("input[name=p0-fast]").fill("1")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator(".errorlist")).to_contain_text("greater than or equal to 2")
    expect(page.locator("input[name=symbols]")).to_have_value(SYMBOL)
    picture(page, "form")


def run(page: Page, *, fast: int, name: str) -> None:
    """On the bars of the demo's store; its progress is seen, and the report comes by itself."""
    for field, value in (("p0-fast", fast), ("p0-slow", 5), ("p0-quantity", 1_000), ("name", name)):
        page.locator(f"input[name={field}]").fill(str(value))
    page.get_by_role("button", name="Run it").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#backtest-progress").or_(page.locator("#verdict"))).to_be_visible()
    expect(page.locator("[data-backtest]")).to_have_attribute("data-status", "DONE")


def the_report_is_read(page: Page) -> None:
    expect(page.locator("#verdict li").first).to_contain_text(
        re.compile(r"It (earned|lost) [\d,]+ VND|It never traded")
    )
    expect(page.locator("#figures")).to_contain_text("Buy and hold")
    for chart in ("#equity-chart", "#chart"):
        page.wait_for_function(_DRAWN, arg=chart)
    fills = page.locator("#trades tr[data-fill]").count()
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    rows = begun.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == fills + 1
    picture(page, "report")


def the_two_are_compared(page: Page) -> None:
    page.goto("/backtests/")
    expect(page.locator("tr[data-status=DONE]")).to_have_count(3)
    for name in ("Quick cross", "Slower cross"):
        page.locator("tr", has=page.get_by_role("link", name=name)).last.locator("input[name=run]").check()
    picture(page, "list")
    page.get_by_role("button", name="Compare the chosen").click()
    expect(page.locator("#compare-figures thead th")).to_have_count(3)
    page.wait_for_function(_DRAWN, arg="#compare-chart")
    picture(page, "compare")
    shown = {link.get_attribute("href") for link in page.locator(".compare thead a").all()}
    assert len(shown) == 2


def picture(page: Page, name: str) -> None:
    """Of the whole page, for whoever wants to look at it; at the width of a phone too."""
    folder = os.environ.get("QTS_PICTURES")
    if not folder:
        return
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/backtest-{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
