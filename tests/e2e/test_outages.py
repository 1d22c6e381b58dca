"""What a page says while something behind it is gone, and that it goes on by itself afterwards."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live, wait_for_change
from tests.e2e.visitors import Doors, without_reload
from tests.system.running import RunningSystem

VOLUMES = "#board-rows [data-f=total]"
NOTICED_WITHIN_S = 10.0
PRICED_PAGES = (
    "/", "/board/", "/symbols/FPT/", "/auction/", "/futures/", "/data/books/FPT/", "/orders/",
    "/orders/conditional/", "/positions/", "/positions/overview/", "/positions/trades/", "/strategies/signals/",
    "/patterns/",
)  # fmt: skip
# a supervisor may be quicker than a look at the page: what it says is written down from now on
WRITE_DOWN = """() => {
    const pill = document.getElementById('connection');
    const banner = document.getElementById('connection-banner');
    window.told = [];
    const note = () => window.told.push([pill.dataset.state, banner.hidden ? '' : banner.textContent]);
    const watcher = new MutationObserver(note);
    for (const element of [pill, banner]) {
        watcher.observe(element, { attributes: true, childList: true, subtree: true, characterData: true });
    }
}"""


@pytest.fixture
def board(doors: Doors) -> Page:
    page = doors.let_in("trader", path="/board/").page
    is_live(page)
    wait_for_change(page, VOLUMES)
    page.evaluate(WRITE_DOWN)
    return page


def test_a_silent_stream_is_told_on_every_page_with_prices_and_then_prices_move_again(
    board: Page, doors: Doors, system: RunningSystem
):
    """The connection stays, and says it is alive; nothing else comes."""
    silent_at = time.monotonic()
    system.simulator("sim/disturb", {"stream": "market", "act": "drop", "seconds": 120})
    told(board, ["reconnecting", "down"])
    assert time.monotonic() - silent_at <= NOTICED_WITHIN_S
    page = doors.visitors[-1].open_tab(PRICED_PAGES[0])
    for path in PRICED_PAGES:
        page.goto(path)
        expect(page.locator("#connection"), path).to_have_attribute("data-state", re.compile("reconnecting|down"))
        expect(page.locator("#connection-banner"), path).to_contain_text("Prices")
        expect(page.locator("#connection-banner"), path).to_be_in_viewport()
    page.close()
    system.simulator("sim/faults", {})
    it_goes_on(board)


def test_a_dead_broker_is_told_and_then_prices_move_again(board: Page, system: RunningSystem):
    with without_reload(board):
        system.wait_for_successor("simulator", system.kill("simulator"))
        told(board, ["reconnecting", "down"])
        it_goes_on(board)


def test_a_dead_web_server_is_told_and_then_prices_move_again(board: Page, doors: Doors, system: RunningSystem):
    doors.visitors[-1].allow_fault(r"WebSocket connection to .* failed")  # the supervisor may be the quicker one
    with without_reload(board):
        system.wait_for_successor("web", system.kill("web"))
        told(board, ["down"])
        it_goes_on(board)


def told(board: Page, states: list[str]) -> None:
    """Waits until the page has named one of these states and said it in words too."""
    board.wait_for_function(
        "(states) => window.told.some(([state, words]) => states.includes(state) && words.length > 10)", arg=states
    )


def it_goes_on(board: Page) -> None:
    is_live(board)
    expect(board.locator("#connection-banner")).to_be_hidden()
    wait_for_change(board, VOLUMES)
