"""A purchase in the overview and in the settlement calendar, at a desk and on a phone."""

import os
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.market_pages import Ticket, is_live, newest_order
from tests.e2e.visitors import DESK, PHONE, Doors, resize

SYMBOL = "FPT"
PICTURES = os.environ.get("QTS_PORTFOLIO_PICTURES", "")  # a folder: what was seen is kept there


def test_a_purchase_is_seen_in_the_overview_and_the_calendar(doors: Doors):
    page = doors.let_in("trader", path=f"/symbols/{SYMBOL}/").page
    is_live(page)
    ticket = Ticket(page)
    ticket.fill(quantity=500, price="ceiling")
    ticket.send()
    ticket.accepted()
    expect(newest_order(page)).to_have_attribute("data-status", "FILLED")
    the_overview(page)
    the_calendar(page)
    for name in ("trades", "performance", "statement"):
        page.goto(f"/positions/{name}/")
        look(page, name)


def the_overview(page: Page) -> None:
    page.goto("/positions/overview/")
    is_live(page)
    expect(page.locator(f"[data-part={SYMBOL}]")).to_be_visible()
    expect(page.locator("[data-part=CASH]")).to_be_visible()
    expect(page.locator("[data-money=day_pnl]").first).not_to_have_text("–")
    look(page, "overview")


def the_calendar(page: Page) -> None:
    """Bought today: to be sold from T+2, which is two days from now at least."""
    page.get_by_role("link", name="Cash", exact=True).click()
    row = page.locator("#settlement-calendar tr[data-day]", has_text=SYMBOL)
    expect(row).to_be_visible()
    expect(row.locator("[data-f=shares]")).to_contain_text(f"{SYMBOL} ")
    assert date.fromisoformat(row.get_attribute("data-day") or "") - timedelta(days=2) >= first_day(page)
    expect(page.locator(f"[data-shares={SYMBOL}]")).to_be_visible()
    look(page, "cash")


def first_day(page: Page) -> date:
    """The market's own day, from its clock in the head of the page."""
    milliseconds = int(page.locator("#market-state").get_attribute("data-market-now") or 0)
    return date(1970, 1, 1) + timedelta(milliseconds=milliseconds + 7 * 3_600_000)


def look(page: Page, name: str) -> None:
    """Nothing is wider than the screen, at a desk and on a phone."""
    for label, size in (("desktop", DESK), ("phone", PHONE)):
        resize(page, size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, label)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{label}.png", full_page=True)
    resize(page, DESK)
