"""What a page says while something behind it is gone, and that it goes on by itself afterwards."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.market_pages import is_live, wait_for_change
from tests.e2e.visitors import Doors, without_reload
from tests.system.running import RunningSystem

LAST_PRICES = "#board-rows [data-f=total]"


@pytest.fixture
def board(doors: Doors) -> Page:
    page = doors.let_in("trader", path="/board/").page
    is_live(page)
    wait_for_change(page, LAST_PRICES)
    return page


def test_a_dead_broker_is_told_and_then_prices_move_again(board: Page, system: RunningSystem):
    with without_reload(board):
        system.wait_for_successor("simulator", system.kill("simulator"))
        expect(board.locator("#connection")).to_have_attribute("data-state", re.compile("reconnecting|down"))
        expect(board.locator("#connection-banner")).to_be_visible()
        expect(board.locator("#connection-banner")).to_contain_text(re.compile("market|data", re.IGNORECASE))
        is_live(board)
        expect(board.locator("#connection-banner")).to_be_hidden()
        wait_for_change(board, LAST_PRICES)


def test_a_dead_web_server_is_told_and_then_prices_move_again(board: Page, doors: Doors, system: RunningSystem):
    doors.visitors[-1].expect_fault(r"WebSocket connection to .* failed")
    with without_reload(board):
        system.kill("web")
        expect(board.locator("#connection")).to_have_attribute("data-state", "down")
        expect(board.locator("#connection-banner")).to_be_visible()
        is_live(board)
        expect(board.locator("#connection-banner")).to_be_hidden()
        wait_for_change(board, LAST_PRICES)
