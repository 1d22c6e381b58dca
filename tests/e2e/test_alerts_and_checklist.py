"""The checklist arms and disarms for everybody at once; an alert rings on the page that somebody looks at."""

from playwright.sync_api import Page, expect

from tests.e2e.market_pages import Ticket, is_live
from tests.e2e.visitors import Doors

SYMBOL = "MWG"


def test_the_checklist_is_green_by_itself_and_a_person_can_take_it_back(doors: Doors):
    trader = doors.let_in("trader", path="/pre-open/")
    page = trader.page
    expect(page.locator(".check.ok")).to_have_count(10)
    expect(page.locator("[data-armed]")).to_have_attribute("data-armed", "yes")

    answered_with(page, "Disarm", "a look before the open")
    expect(page.locator("[data-armed]")).to_have_attribute("data-armed", "no")
    expect(page.locator("#banners [data-unarmed]")).to_be_visible()
    desk = trader.open_tab(f"/symbols/{SYMBOL}/")
    trader.expect_fault(r"422 .*/ticket/submit/")
    is_live(desk)
    ticket = Ticket(desk)
    ticket.fill(quantity=100, price="floor")
    ticket.send()
    assert ticket.refusal_codes() == ["ACCOUNT_NOT_ARMED"]

    answered_with(page, "Arm", "everything is there")
    expect(page.locator("[data-armed]")).to_have_attribute("data-armed", "yes")
    expect(page.locator("#banners [data-unarmed]")).to_have_count(0)


def test_an_alert_rings_where_somebody_looks_and_its_text_stays_text(doors: Doors):
    trader = doors.let_in("trader", path="/alerts/")
    page = trader.page
    expect(page.get_by_text("Nothing has come true yet")).to_be_visible()
    elsewhere = trader.open_tab("/orders/")
    page.locator("#rule-kind").select_option("CHANGE_ABOVE")
    page.locator("#rule-symbol").fill(SYMBOL)
    page.locator("#rule-threshold").fill("-90")  # it is there already: the next quote says so
    page.locator("#rule-note").fill("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Set the alert").click()

    expect(elsewhere.locator("#bell [data-unread]")).to_have_text("1")
    expect(elsewhere.locator("#toasts .toast")).to_contain_text(f"{SYMBOL} changed by")
    expect(page.locator("[data-alert=CHANGE_ABOVE]")).to_contain_text("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#unread")).to_have_count(0)
    expect(page.locator("#bell [data-unread]")).to_be_hidden()


def answered_with(page: Page, act: str, reason: str) -> None:
    page.get_by_role("button", name=act, exact=True).click()
    dialog = page.locator("#dialog")
    dialog.locator("input[name=reason]").fill(reason)
    dialog.get_by_role("button", name=act, exact=True).click()
    expect(dialog).to_be_hidden()
