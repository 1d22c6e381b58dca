"""One order, however often it is clicked and in however many tabs; all taken back at once; and a network that goes."""

import re

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.market_pages import Ticket, is_live, newest_order, order_ids, wait_for_change
from tests.e2e.visitors import Doors, Visitor, without_reload

SYMBOL = "STB"  # the demo's trader holds none of it
# the very form of the first tab, sent by the second one
SEND_FROM_HERE = """(typed) => fetch('/ticket/submit/', {method: 'POST', body: new URLSearchParams(typed),
    headers: {'HX-Request': 'true', ...JSON.parse(document.body.getAttribute('hx-headers'))}})
    .then((answer) => answer.status)"""
KEEPS_NOTHING = """for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, {get() { throw new DOMException('denied', 'SecurityError'); }});"""
TYPED = "(form) => Object.fromEntries(new FormData(form))"


def test_a_double_click_and_two_tabs_make_one_order_and_all_are_taken_back(doors: Doors):
    trader = doors.let_in("trader", path=f"/symbols/{SYMBOL}/")
    page, ticket = trader.page, Ticket(trader.page)
    second = trader.open_tab(f"/symbols/{SYMBOL}/")
    is_live(page)
    known = order_ids(page)
    ticket.fill(quantity=100, price="floor")  # nobody sells there: it stays in the book
    type_price_with_a_comma(ticket)
    confirm = ticket.place.locator("form.ticket-confirm")
    hold_enter(page, confirm)
    assert order_ids(page) == known
    typed = confirm.evaluate(TYPED)
    confirm.locator("button[type=submit]").dblclick()
    ticket.accepted()
    assert second.evaluate(SEND_FROM_HERE, typed) == 200
    expect(newest_order(page)).to_have_attribute("data-status", "OPEN")
    page.reload()
    assert [one for one in order_ids(page) if one not in known] == [newest_order(page).get_attribute("data-order")]
    cancel_all(page)


def type_price_with_a_comma(ticket: Ticket) -> None:
    """A tick up and down again."""
    floor_vnd, price = ticket.price_vnd(), ticket.place.locator("input[name=price]")
    price.fill(price.input_value().replace(".", ","))
    price.press("ArrowUp")
    assert floor_vnd < ticket.price_vnd() <= floor_vnd + 100
    price.press("ArrowDown")
    assert ticket.price_vnd() == floor_vnd


def hold_enter(page: Page, confirm: Locator) -> None:
    """From the ticket into its confirmation, and no further."""
    page.keyboard.down("Enter")
    expect(confirm.locator("button[type=submit]")).to_be_focused()
    for _ in range(3):
        page.keyboard.down("Enter")  # without being let go: the key repeats itself
    page.keyboard.up("Enter")
    expect(confirm).to_be_visible()
    page.wait_for_timeout(300)
    expect(confirm).to_be_visible()


def cancel_all(page: Page) -> None:
    page.goto(f"/orders/?symbol={SYMBOL}&show=all")
    working = page.locator("tr[data-order][data-status=OPEN]")
    expect(working).to_have_count(1)
    page.get_by_role("button", name="Cancel all", exact=True).click()
    dialog = page.locator("#dialog")
    expect(dialog.locator("tr[data-order]")).to_have_count(1)
    dialog.get_by_role("button", name="Cancel all of them").click()
    expect(dialog).to_be_hidden()
    expect(newest_order(page)).to_have_attribute("data-status", "CANCELLED")


def test_a_lost_network_is_told_an_act_says_so_and_the_page_goes_on_by_itself(doors: Doors):
    trader = doors.let_in("trader")
    network = Network(trader)
    page = trader.page
    page.goto(f"/symbols/{SYMBOL}/")
    is_live(page)
    ticket = Ticket(page)
    with without_reload(page):
        ticket.fill(quantity=100, price="floor")
        expect(ticket.place.locator("#ticket-preview .cost-total")).to_be_visible()
        network.go()
        expect(page.locator("#connection-banner")).to_contain_text("The connection to the server is lost.")
        ticket.place.get_by_role("button", name="Check the order").click()
        expect(page.locator("#toasts")).to_contain_text("The server cannot be reached.")
        network.come_back()
        is_live(page)
        expect(page.locator("#connection-banner")).to_be_hidden()
        wait_for_change(page, "#data-age")
        expect(ticket.place.locator("input[name=quantity]")).to_have_value(re.compile("100"))


def test_a_browser_that_keeps_nothing_shows_everything(doors: Doors):
    trader = doors.let_in("trader")
    trader.context.add_init_script(KEEPS_NOTHING)
    trader.page.goto("/board/")
    is_live(trader.page)
    expect(trader.page.locator("#board-rows tr").first).to_be_visible()
    trader.page.goto("/strategies/rules/")
    trader.page.locator("#rules-text").fill("name: nothing")
    expect(trader.page.locator("#rules-lines")).to_contain_text("1")
    trader.page.goto("/patterns/")
    trader.page.get_by_text("Watched", exact=True).click()
    expect(trader.page.locator("#pattern-table")).to_contain_text("No pattern of today matches")


class Network:
    """Of one person: what their browser reaches."""

    def __init__(self, visitor: Visitor) -> None:
        self._context = visitor.context
        self._sockets: list[WebSocketRoute] = []
        self._is_there = True
        visitor.allow_fault(r"ERR_INTERNET_DISCONNECTED|console: htmx:")
        self._context.route_web_socket("**/ws/**", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if not self._is_there:
            socket.close(code=1013)
            return
        socket.connect_to_server()
        self._sockets.append(socket)

    def go(self) -> None:
        self._is_there = False
        self._context.set_offline(True)
        for socket in self._sockets:
            socket.close(code=1013)

    def come_back(self) -> None:
        self._is_there = True
        self._context.set_offline(False)
