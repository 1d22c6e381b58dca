"""A broker that wants a one-time code: the banner, the request, the code, and the order that waited for it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live
from tests.e2e.test_access_and_screens import SIDEWAYS
from tests.e2e.visitors import PHONE, Doors
from tests.system.running import SHELL, RunningSystem

NUMBER = "1184411"  # trader2's account: the other journeys trade on another connection
CUSTOMER = "118441"
INSIDE = "from tests.system.inside import *; "


@pytest.fixture
def page(doors: Doors, system: RunningSystem) -> Iterator[Page]:
    page = doors.let_in("trader2", path="/orders/").page
    is_live(page)
    system.manage(*SHELL, f"{INSIDE}want_codes({NUMBER!r})")
    yield page
    system.manage(*SHELL, f"{INSIDE}want_pin({NUMBER!r})")


def test_a_code_is_asked_for_entered_and_orders_go(page: Page, doors: Doors, system: RunningSystem):
    newest = page.locator("#orders-table tr[data-status]").first
    page.goto("/orders/")
    banner = page.locator(f"[data-code-wanted$='{CUSTOMER}']")
    expect(banner).to_contain_text("The broker wants a one-time code")
    expect(newest).to_have_attribute("data-status", "PENDING")
    take(page, "banner.png")
    banner.get_by_role("link").click()
    card = page.locator(f"[data-connection$='{CUSTOMER}']")
    expect(card).to_contain_text("code wanted")
    card.get_by_role("button", name="Request a code").click()
    expect(card).to_contain_text("valid for another")
    expect(card.locator("[data-left-s]")).to_have_text(re.compile(r"2:\d\d"))
    code = system.simulator("sim/state")["otps"][CUSTOMER]
    field = card.locator("input[name=code]")
    expect(field).to_be_focused()
    take(page, "requested.png")
    doors.visitors[-1].expect_fault(r"422 .*/enter/")
    field.fill(f"{(int(code) + 1) % 1_000_000:06d}")
    field.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("it is wrong, or it came too late")
    expect(card.locator("input[name=code]")).to_have_value("")
    take(page, "wrong.png")
    card.locator("input[name=code]").fill(code)
    card.get_by_role("button", name="Log in").click()
    expect(card).to_contain_text("valid until")
    expect(page.locator("main")).to_contain_text("Logged in: orders leave again.")
    take(page, "done.png")
    page.goto("/orders/")
    expect(banner).to_have_count(0)
    expect(newest).to_have_attribute("data-status", "OPEN")
    page.set_viewport_size(PHONE)
    page.goto("/broker-log-in/")
    is_live(page)
    assert page.evaluate(SIDEWAYS) == []
    take(page, "phone.png")


def take(page: Page, name: str) -> None:
    """For who looks at the pictures: QTS_PICTURES names the folder."""
    if folder := os.environ.get("QTS_PICTURES"):
        page.screenshot(path=Path(folder) / name)
