"""The market's screens by hand and by keyboard: a watchlist that follows its owner, a bracket, an order by ladder."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.market_pages import Ticket, is_live, newest_order, order_ids, vnd
from tests.e2e.visitors import Doors, without_reload

WATCHED = "#board-lists [data-shown^='list:']"


def test_a_watchlist_follows_its_owner_to_another_desk(doors: Doors):
    page = doors.let_in("trader", path="/board/").page
    is_live(page)
    with without_reload(page):
        expect(page.locator("#board-rows tr").first).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("fpt")
        expect(page.locator("#board-count")).to_have_text("1")
        page.keyboard.press("ArrowDown")
        page.locator("#board-filter").blur()
        page.keyboard.press("w")
        expect(page.locator(WATCHED)).to_have_text("Watched1")
        page.keyboard.press("Escape")
        page.locator(WATCHED).click()
        expect(page.locator("#board-rows tr")).to_have_count(1)
        expect(page.locator("#board-rows tr[data-symbol=FPT] [data-f=last]")).to_contain_text(re.compile(r"\d"))
    other = doors.let_in("trader", path="/board/").page
    expect(other.locator("#board-rows tr").first).to_be_visible()  # it has looked for an old list by now
    other.evaluate("localStorage.setItem('qts:watch', JSON.stringify(['VNM', 'NOPE']))")  # what browsers kept before
    other.reload()
    expect(other.locator(WATCHED)).to_have_text("Watched2")
    assert other.evaluate("localStorage.getItem('qts:watch')") is None
    delete_list(other)
    other.reload()
    expect(other.locator("#board-rows tr").first).to_be_visible()
    expect(other.locator(WATCHED)).to_have_count(0)


def delete_list(page: Page) -> None:
    page.locator(WATCHED).click()
    page.locator("#board-list-menu summary").click()
    delete = page.locator("#board-list-delete")
    delete.click()
    expect(delete).to_have_text("Really delete it?")
    delete.click()
    expect(page.locator(WATCHED)).to_have_count(0)


def test_a_level_of_the_ladder_becomes_an_order_at_its_price(doors: Doors):
    page = doors.let_in("trader", path="/symbols/VRE/").page
    is_live(page)
    known, ticket = order_ids(page), Ticket(page)
    with without_reload(page):
        expect(ticket.place.locator("input[name=quantity]")).to_be_visible()
        level = page.locator("[data-side-level=asks1]")
        expect(level).not_to_have_attribute("data-price", "0")
        level.focus()
        page.keyboard.press("ArrowLeft")  # over to the bids, where a sale meets it, and back
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(ticket.place.locator("input[name=side][value=BUY]")).to_be_checked()
        price_vnd = ticket.price_vnd()
        ticket.place.locator("input[name=quantity]").fill("100")
        ticket.send()
        ticket.accepted()
        expect(page.locator("tr[data-order]")).to_have_count(len(known) + 1)
    assert vnd(newest_order(page).locator("[data-edit=price]").inner_text()) == price_vnd


def test_a_bracket_out_of_the_ticket_watches_target_and_stop(doors: Doors):
    page = doors.let_in("trader", path="/symbols/HDB/").page
    is_live(page)
    Ticket(page).fill(quantity=100, price="reference")
    page.locator("#ticket").get_by_role("button", name="Bracket").click()
    form = page.locator("#conditional-form")
    expect(form.locator("#plan-quantity")).to_have_value("100")
    expect(form.locator("#plan-entry")).to_have_value(re.compile(r"\d"))
    form.locator("#plan-entry").fill("")  # at the market: it is filled at once
    ceiling, floor = (int(form.get_attribute(f"data-{name}") or 0) / 1_000 for name in ("ceiling", "floor"))
    form.locator("#plan-target").fill(f"{ceiling:.2f}")
    form.locator("#plan-stop").fill(f"{floor:.2f}")
    dialog = page.locator("#dialog")
    dialog.get_by_role("button", name="Check the order").click()
    dialog.get_by_role("button", name="Watch it").dblclick()  # twice is once
    expect(dialog.locator("form")).to_have_count(0)
    page.goto("/orders/conditional/?show=all")
    row = page.locator("tr[data-plan]", has_text="HDB")
    expect(row).to_have_count(1)
    expect(row.locator("[data-leg]")).to_have_count(2)
    expect(row).to_contain_text("100 / 100")
    row.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Take it back").click()
    expect(row).to_have_attribute("data-status", "CANCELLED")
