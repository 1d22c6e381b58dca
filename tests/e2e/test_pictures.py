"""The pictures of the README, taken of the running system. Written only where QTS_WRITE_PICTURES=1 asks for them."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from qts.embedded.options import ROOT
from tests.e2e.market_pages import Ticket, is_live, newest_order, wait_for_change
from tests.e2e.visitors import Doors

FOLDER = ROOT / "docs" / "images"
BYTES_MAX = 400_000
SYMBOL = "FPT"

pytestmark = pytest.mark.skipif(
    os.environ.get("QTS_WRITE_PICTURES") != "1", reason="pictures are written with QTS_WRITE_PICTURES=1 only"
)


@pytest.fixture
def page(doors: Doors) -> Page:
    return doors.let_in("trader").page


def test_board(page: Page):
    page.goto("/board/")
    is_live(page)
    wait_for_change(page, "#board-rows [data-f=last]")
    take(page, "board.png")


def test_symbol(page: Page):
    page.goto(f"/symbols/{SYMBOL}/")
    is_live(page)
    ticket = Ticket(page)
    ticket.fill(quantity=500, price="ceiling")
    ticket.send()
    ticket.accepted()
    expect(newest_order(page)).to_have_attribute("data-status", "FILLED")
    ticket.fill(quantity=200, price="reference")
    expect(ticket.place.locator("#ticket-preview .cost-total")).to_be_visible()
    wait_for_change(page, "#depth .depth-row")
    take(page, "symbol.png")


def test_explanation(page: Page):
    page.goto("/strategies/")
    is_live(page)
    start = page.locator("section[data-strategy='MA cross']").get_by_role("button", name="Start")
    if start.is_visible():
        start.click()
        page.locator("#dialog").get_by_role("button", name="Start").click()
    why = page.locator("tr[data-decision]").get_by_role("link", name="Why?").first
    why.click(timeout=150_000)
    expect(page.locator("[data-step-kind=filled]").first).to_be_visible()
    page.locator("[data-step-kind=message] summary").click()
    page.locator("[data-step-kind=message]").scroll_into_view_if_needed()
    take(page, "explanation.png")


def take(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture: Path = FOLDER / name
    page.screenshot(path=picture)
    assert picture.stat().st_size < BYTES_MAX
