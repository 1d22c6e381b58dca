"""One risk officer stops everything, two let it go; the trader sees it happen and can do nothing about it."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.market_pages import Ticket, approve, is_live, newest_order
from tests.e2e.visitors import Doors, without_reload

SYMBOL = "VIB"
REASON = "Rehearsal of the firm-wide stop"
RELEASE_REASON = "The rehearsal is over"


def test_the_firm_wide_stop_cancels_and_refuses_until_it_is_released(doors: Doors):
    trader = doors.let_in("trader", path=f"/symbols/{SYMBOL}/")
    page, ticket = trader.page, Ticket(trader.page)
    officer = doors.let_in("risk", path="/risk/")
    is_live(page)
    with without_reload(page):
        ticket.fill(quantity=100, price="floor")  # nobody sells there: it stays in the book
        ticket.send()
        ticket.accepted()
        expect(newest_order(page)).to_have_attribute("data-status", "OPEN")
        waiting = page.locator(f"tr[data-order='{newest_order(page).get_attribute('data-order')}']")

        officer.expect_fault(r"422 .*/risk/kill-switch/")
        stop_needs_the_word_and_a_reason(officer.page)
        expect(page.locator("#banners .banner.bad")).to_contain_text("Kill switch engaged: no order leaves.")
        expect(page.locator("#banners .banner.bad")).to_contain_text(REASON)
        expect(waiting).to_have_attribute("data-status", "CANCELLED")

        trader.expect_fault(r"422 .*/ticket/submit/")
        ticket.fill(quantity=100, price="floor")
        ticket.send()
        assert ticket.refusal_codes() == ["KILL_SWITCH_ENGAGED"]
        expect(newest_order(page)).to_have_attribute("data-status", "DENIED")

        ask_for_release(officer.page)
        expect(page.locator("#banners .banner.bad")).to_be_visible()  # one person does not let go
        approve(doors.let_in("risk2").page, RELEASE_REASON)
        expect(everything(officer.page)).to_contain_text("released · risk2")
        expect(page.locator("#banners .banner")).to_have_count(0)
        the_next_order_passes(ticket)


def everything(officer: Page) -> Locator:
    return officer.locator(".kill-console [data-scope=firm]")


def stop_needs_the_word_and_a_reason(officer: Page) -> None:
    everything(officer).get_by_role("button", name="Stop").click()
    dialog = officer.locator("#dialog")
    dialog.locator("input[name=reason]").fill(REASON)
    dialog.locator("input[name=word]").fill("GO")
    dialog.get_by_role("button", name="Stop now").click()
    expect(dialog.locator(".note.bad")).to_contain_text("Type STOP to confirm.")
    expect(everything(officer)).not_to_contain_text("engaged")
    dialog.locator("input[name=word]").fill("STOP")
    dialog.get_by_role("button", name="Stop now").click()
    expect(dialog).to_be_hidden()
    expect(everything(officer)).to_contain_text("engaged · risk")


def ask_for_release(officer: Page) -> None:
    everything(officer).get_by_role("button", name="Release").click()
    dialog = officer.locator("#dialog")
    dialog.locator("input[name=reason]").fill(RELEASE_REASON)
    dialog.locator("input[name=word]").fill("RELEASE")
    dialog.get_by_role("button", name="Ask for the release").click()
    expect(dialog).to_be_hidden()
    expect(everything(officer)).to_contain_text("release asked for by risk")


def the_next_order_passes(ticket: Ticket) -> None:
    ticket.place.get_by_role("button", name="Change it").click()
    ticket.send()
    ticket.accepted()
    row = newest_order(ticket.page)
    expect(row).to_have_attribute("data-status", "OPEN")
    row.get_by_role("button", name="Cancel").click()
    ticket.page.locator("#dialog").get_by_role("button", name="Cancel the order").click()
    expect(row).to_have_attribute("data-status", "CANCELLED")
