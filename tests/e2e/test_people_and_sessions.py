"""People come and go: a new colleague sets up a second factor, sees the same pages in two browsers, ends the session
in one of them, and loses a role. What each browser says then."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live
from tests.e2e.visitors import Doors, Visitor, code_of_seed

NAME, PASSWORD = "newcomer", "correct-horse-battery-9"
ENDED = "Your session has ended."
# a page that is left while it asks for its banners: htmx calls that an error
LEFT = r"console: htmx:(afterRequest|sendAbort)"
CLOSED_WITHIN_MS = 5_000


def test_a_new_colleague_enrols_works_in_two_browsers_and_ends_one_of_them(doors: Doors):
    administrator = doors.let_in("admin", path="/admin/sso/user/add/")
    make_user(administrator.page)
    desk, phone = doors.stranger(), doors.stranger()
    for visitor in (desk, phone):
        visitor.allow_fault(LEFT)
    recovery_codes = enrol(desk.page)
    is_live(desk.page)
    log_in_by_recovery_code(phone.page, recovery_codes[0])
    is_live(phone.page)
    the_theme_follows_the_person(desk.page, phone.page)
    the_other_session_is_ended(desk, phone.page)
    the_role_is_taken(administrator.page, phone)
    the_trail_tells_of_it(administrator.page)


def make_user(page: Page) -> None:
    page.locator("input[name=username]").fill(NAME)
    page.locator("input[name=password1]").fill(PASSWORD)
    page.locator("input[name=password2]").fill(PASSWORD)
    page.locator("input[name=roles][value=trader]").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"/admin/sso/user/\d+/change/"))


def give_password(page: Page) -> None:
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.locator("input[name=login]").fill(NAME)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def enrol(page: Page) -> list[str]:
    """The recovery codes, which are shown once."""
    give_password(page)
    expect(page.get_by_alt_text("QR code for the authenticator app")).to_be_visible()
    page.locator("input[name=code]").fill("000000")
    page.locator("input[name=code]").press("Enter")
    expect(page.locator(".errorlist, .error").first).to_be_visible()  # a wrong code enrols nothing
    seed = page.locator("#authenticator-secret").input_value()
    page.locator("input[name=code]").fill(code_of_seed(seed))
    page.locator("input[name=code]").press("Enter")
    codes = page.locator("#recovery-codes")
    expect(codes).to_be_visible()
    shown = codes.inner_text().split()
    page.get_by_role("link", name="Go on").click()
    return shown


def log_in_by_recovery_code(page: Page, code: str) -> None:
    """The app's own code worked a moment ago, and works once."""
    give_password(page)
    page.locator("input[name=code]").fill(code)
    page.locator("input[name=code]").press("Enter")
    expect(page.locator("#connection")).to_be_visible()


def the_theme_follows_the_person(desk: Page, phone: Page) -> None:
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
    with desk.expect_response("**/api/v1/preferences/"):
        desk.locator("[data-action=theme]").first.click()
    phone.goto("/settings/")
    expect(phone.locator("html")).to_have_attribute("data-theme", "light")
    phone.locator("#look-density").select_option("compact")
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator("html")).to_have_attribute("data-density", "compact")
    desk.goto("/orders/")
    expect(desk.locator("html")).to_have_attribute("data-density", "compact")


def the_other_session_is_ended(desk: Visitor, phone: Page) -> None:
    is_live(desk.page)
    desk.page.evaluate("document.getElementById('banners').removeAttribute('hx-get')")
    expect(phone.locator("tr[data-session]")).to_have_count(2)
    phone.get_by_role("button", name="End all others").click()
    expect(desk.page.locator("#connection-banner")).to_contain_text(ENDED, timeout=CLOSED_WITHIN_MS)
    expect(phone.locator("tr[data-session]")).to_have_count(1)
    desk.page.goto("/positions/")
    expect(desk.page).to_have_url(re.compile(r"/accounts/login/\?next=%2Fpositions%2F"))


def the_role_is_taken(administrator: Page, phone: Visitor) -> None:
    phone.page.goto("/orders/")
    is_live(phone.page)
    administrator.locator("input[name=roles][value=trader]").uncheck()
    administrator.get_by_role("button", name="Save", exact=True).click()
    expect(administrator.get_by_text("was changed successfully")).to_be_visible()
    phone.expect_fault("403 .*/board/")
    phone.allow_fault("403 .*/(banners|orders|attention)/")
    phone.page.goto("/board/")
    expect(phone.page.locator("main")).to_contain_text("You have none of them")


def the_trail_tells_of_it(administrator: Page) -> None:
    administrator.goto(f"/audit/?q={NAME}")
    topics = administrator.locator("tr[data-event]").evaluate_all("(rows) => rows.map((row) => row.dataset.topic)")
    assert topics[0] == "administration.row.changed"
    assert {"identity.roles.changed", "identity.session.started", "identity.session.ended"} <= set(topics)
    expect(administrator.locator("tr[data-topic='identity.session.ended']").first).to_contain_text("127.0.0.1")
