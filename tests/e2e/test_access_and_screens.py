"""Who may open what, in which language, on which screen; and that the tests' browser reaches this machine only."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live
from tests.e2e.visitors import PHONE, Doors

# the page itself and whatever in it a finger can push sideways, but for the strip of indices, which is made for that
SIDEWAYS = """() => [document.scrollingElement, ...document.querySelectorAll('main, main *')]
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .filter((element) => !element.matches('.index-strip'))
    .filter((element) => element === document.scrollingElement
        || ['auto', 'scroll'].includes(getComputedStyle(element).overflowX))
    .map((element) => `${element.tagName}.${element.className} ${element.scrollWidth} > ${element.clientWidth}`)"""


def test_a_request_to_another_machine_is_refused_and_noticed(doors: Doors):
    visitor = doors.stranger()
    answer = visitor.page.evaluate(
        "new Promise((done) => { const image = new Image();"
        " image.onload = () => done('loaded'); image.onerror = () => done('refused');"
        " image.src = 'http://elsewhere.example/picture.png'; })"
    )
    assert answer == "refused"
    visitor.expect_fault("elsewhere.example")


@pytest.mark.parametrize("path", ["/", "/board/", "/symbols/SSI/", "/orders/", "/positions/", "/risk/", "/system/"])
def test_whoever_is_not_logged_in_gets_the_log_in_page(doors: Doors, path: str):
    page = doors.stranger().page
    page.goto(path)
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next="))
    expect(page.locator("input[name=password]")).to_be_visible()


def test_a_trader_gets_neither_kill_switch_nor_system_page(doors: Doors):
    trader = doors.let_in("trader2", path="/risk/")
    expect(trader.page.locator("[data-limit]").first).to_be_visible()
    expect(trader.page.locator(".kill-console")).to_have_count(0)
    for path in ("/system/", "/risk/kill-switch/?scope=firm"):
        trader.expect_fault(f"403 .*{re.escape(path)}")
        answer = trader.page.goto(path)
        assert answer is not None
        assert answer.status == 403
        expect(trader.page.locator("main")).to_contain_text("operator" if path == "/system/" else "risk officer")


def test_an_operator_sees_the_system_page_and_no_ticket(doors: Doors):
    page = doors.let_in("operator", path="/system/").page
    expect(page.get_by_text("Market stream")).to_be_visible()
    expect(page.get_by_text("CONNECTED").first).to_be_visible()
    page.goto("/symbols/SSI/")
    is_live(page)
    expect(page.locator("#ticket")).to_have_count(0)


def test_the_language_is_switched_before_and_after_log_in(doors: Doors):
    page = doors.stranger(locale="vi-VN").page
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    page.get_by_role("button", name="EN").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    inside = doors.let_in("trader2", path="/orders/").page
    expect(inside.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    inside.get_by_role("button", name="VI", exact=True).first.click()
    expect(inside.locator("html")).to_have_attribute("lang", "vi")
    expect(inside).to_have_url(re.compile("/orders/$"))
    expect(inside.get_by_role("heading", name="Sổ lệnh", exact=True)).to_be_visible()
    elsewhere = doors.let_in("trader2", path="/orders/").page  # it is the person's, not the browser's
    expect(elsewhere.get_by_role("heading", name="Sổ lệnh", exact=True)).to_be_visible()
    elsewhere.get_by_role("button", name="EN", exact=True).first.click()
    expect(elsewhere.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


def test_nothing_scrolls_sideways_on_a_phone(doors: Doors):
    page = doors.let_in("trader2", viewport=PHONE, has_touch=True, is_mobile=True).page
    for path in ("/", "/board/", "/symbols/SSI/", "/orders/", "/positions/", "/broker-log-in/"):
        assert sideways(page, path) == [], path


def sideways(page: Page, path: str) -> list[str]:
    page.goto(path)
    is_live(page)
    if path.startswith("/symbols/"):
        expect(page.locator("#ticket form")).to_be_visible()
    return page.evaluate(SIDEWAYS)
