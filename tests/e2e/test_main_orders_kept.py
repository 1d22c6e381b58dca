"""Orders that QTS keeps, in a browser: a trailing stop follows the live market and becomes an order by itself."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.visitors import Doors

SYMBOL = "HPG"


def test_a_trailing_purchase_goes_out_by_itself_at_the_first_price_that_rises(doors: Doors):
    page = doors.let_in("trader").page
    page.goto("/orders/conditional/?show=all")
    expect(page.locator("tr[data-plan]")).to_have_count(0)
    place_trailing_purchase(page)
    row = page.locator("tr[data-plan]")
    expect(row).to_have_count(1)
    expect(row).to_have_attribute("data-status", "TRIGGERED")
    row.locator("[data-leg=TRAIL] a").click()
    order = page.locator("#story [data-status]").first
    expect(order).to_have_attribute("data-status", "FILLED")
    page.goto("/orders/")
    expect(page.locator(".orders tbody tr", has_text=SYMBOL).first).to_contain_text("condition")


def place_trailing_purchase(page: Page) -> None:
    page.locator("main input[name=symbol]").fill(SYMBOL)
    page.get_by_role("button", name="New").click()
    dialog = page.locator("#dialog")
    expect(dialog.locator("#plan-kind")).to_be_visible()
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    dialog.locator("#plan-kind").select_option("TRAILING_STOP")
    dialog.locator("label.seg-buy").click()
    dialog.locator("#plan-quantity").fill("100")
    dialog.locator("#plan-trail").fill("0.05")
    dialog.locator("#plan-step").fill("0.05")
    dialog.get_by_role("button", name="Check the order").click()
    expect(dialog).to_contain_text(re.compile("Watch for this"))
    dialog.get_by_role("button", name="Watch it").click()
    expect(dialog.locator("form")).to_have_count(0)
