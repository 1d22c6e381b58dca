"""The morning that is under way, played again beside itself: chosen, steered by keyboard, watched, and never traded."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live, wait_for_change
from tests.e2e.visitors import Doors, without_reload

NOTHING_ORDERED = """async () => {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const body = new URLSearchParams({symbol: "FPT", side: "BUY", quantity: "100"});
  const answer = await fetch("/ticket/submit/", {method: "POST", headers, body});
  return [answer.status, await answer.text()];
}"""


TO_THE_BEGINNING = "(handle) => { handle.value = handle.min; handle.dispatchEvent(new Event('change')); }"


def test_a_recorded_morning_is_just_another_market(doors: Doors):
    visitor = doors.let_in("trader", path="/replay/")
    page = visitor.page
    row = page.locator("tr[data-day]").first
    row.locator("select[name=speed]").select_option("60")
    row.get_by_role("button", name="Play").click()
    expect(page).to_have_url(re.compile("/replay/[0-9a-f]{16}/"))
    banner = page.locator("#replay-banner")
    expect(banner).to_have_attribute("data-state", re.compile("playing|at_end"))
    expect(page.locator("#replay-speed")).to_have_text("×60")
    with without_reload(page):
        page.keyboard.press("[")
        expect(page.locator("#replay-speed")).to_have_text("×30")
        steer(page)
    page.locator('#board-rows tr[data-symbol="FPT"] a').click()
    expect(page).to_have_url(re.compile("/replay/[0-9a-f]{16}/symbols/FPT/"))
    expect(banner).to_contain_text("nothing can be ordered here")
    expect(page.locator("#chart canvas").first).to_be_visible()
    assert page.locator("#ticket").count() == 0
    visitor.expect_fault("409")
    status, said = page.evaluate(NOTHING_ORDERED)
    assert status == 409
    assert "replay" in said
    live = visitor.open_tab("/board/")
    is_live(live)
    assert live.locator("#replay-banner").count() == 0
    page.locator("#replay-banner form button", has_text="End").click()
    expect(page).to_have_url(re.compile("/replay/$"))
    ended(page)


def ended(page: Page) -> None:
    """Its player hears of it within a moment, and the list says so when it is asked again."""
    for _ in range(20):
        if not page.locator("tr[data-replay]").count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError("it plays on")


def steer(page: Page) -> None:
    """To the first minutes and on from there; paused, nothing moves."""
    page.locator("#replay-place").evaluate(TO_THE_BEGINNING)
    expect(page.locator("#replay-banner")).to_have_attribute("data-state", "playing")
    wait_for_change(page, "#board-rows [data-f=b1q]")
    page.locator("h1").first.evaluate("() => document.activeElement?.blur()")
    page.keyboard.press("Space")
    expect(page.locator("#replay-banner")).to_have_attribute("data-state", "paused")
    page.wait_for_timeout(600)
    stood = page.locator("#board-rows").inner_text()
    at = page.locator("#replay-now").inner_text()
    page.wait_for_timeout(900)
    assert page.locator("#board-rows").inner_text() == stood
    assert page.locator("#replay-now").inner_text() == at
    page.keyboard.press(",")
    expect(page.locator("#replay-now")).not_to_have_text(at)
    page.keyboard.press("Space")
    expect(page.locator("#replay-banner")).to_have_attribute("data-state", re.compile("playing|at_end"))
