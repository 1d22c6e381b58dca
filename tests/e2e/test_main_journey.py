"""The main job in a browser: prices, a trade, a refusal, and a strategy's own order with its reasons."""

import json
import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.market_pages import (
    Money,
    Ticket,
    change_limit,
    fee_vnd,
    is_live,
    matches,
    newest_order,
    order_ids,
    raise_limit,
    vnd,
    wait_for_change,
    whole,
)
from tests.e2e.visitors import Doors, without_reload
from tests.system.running import RunningSystem

SYMBOL = "MBB"  # the demo's trader holds none of it at first
QUANTITY = 500
LOWERED_VND = 100_000_000
USUAL_VND = 2_000_000_000
ORDER_VALUE_RULE = "Largest value of one order"
STRATEGY = "MA cross"
CANDLE_PIXELS_MIN = 60


def test_a_trade_from_log_in_to_position(doors: Doors):
    page = doors.let_in("trader").page
    page.get_by_role("link", name="Board").first.click()
    with without_reload(page):
        is_live(page)
        wait_for_change(page, "#board-rows [data-f=last]")
        expect(page.locator("#board-count")).to_have_text("30")
        expect(page.locator("#board-rows tr").nth(20)).to_be_visible()  # those in sight are drawn
    page.locator("#board-rows").get_by_role("link", name=SYMBOL).click()
    positions = doors.visitors[0].open_tab("/positions/")
    expect(positions.locator("tr[data-position=FPT]")).to_be_visible()
    expect(positions.locator(f"tr[data-position={SYMBOL}]")).to_have_count(0)
    before = Money.read(positions)
    with without_reload(page, positions):
        the_symbol_page_moves(page)
        buy_at_the_ceiling(page)
        row = positions.locator(f"tr[data-position={SYMBOL}]")
        expect(row).to_have_attribute("data-quantity", str(QUANTITY))
        profit_moves_with_the_price(positions)
        after = Money.read(positions)
    newest_order(page).get_by_role("link", name="Why?").click()
    expect(page.locator("[data-status]").first).to_have_attribute("data-status", "FILLED")
    bought = matches(page)
    assert sum(quantity for quantity, _ in bought) == QUANTITY
    cost_vnd = sum(quantity * price + fee_vnd(quantity * price) for quantity, price in bought)
    assert before.buying_power - after.buying_power == cost_vnd
    assert after.reserved - before.reserved == cost_vnd
    assert after.cash_settled == before.cash_settled  # it is paid on T+2


def the_symbol_page_moves(page: Page) -> None:
    is_live(page)
    wait_for_change(page, "#depth .depth-row")
    page.wait_for_function(f"({_CANDLE_PIXELS})() >= {CANDLE_PIXELS_MIN}")
    page.wait_for_function(f"(before) => ({_CHART})() !== before", arg=page.evaluate(f"({_CHART})()"))


_CHART = "() => [...document.querySelectorAll('#chart canvas')].map((canvas) => canvas.toDataURL()).join()"
# pixels in the colours of rising and falling candles: the grid and the letters have others
_CANDLE_PIXELS = """() => {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement('canvas').getContext('2d');
    const colours = ['--up', '--down'].map((name) => {
        probe.fillStyle = style.getPropertyValue(name).trim();
        probe.fillRect(0, 0, 1, 1);
        return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3).join();
    });
    let found = 0;
    for (const canvas of document.querySelectorAll('#chart canvas')) {
        if (!canvas.width || !canvas.height) continue;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
            if (colours.includes([data[at], data[at + 1], data[at + 2]].join())) found += 1;
        }
    }
    return found;
}"""


def buy_at_the_ceiling(page: Page) -> None:
    """A limit order that meets the best asks at once, whatever the price does meanwhile."""
    known = order_ids(page)
    ticket = Ticket(page)
    ticket.fill(quantity=QUANTITY, price="ceiling")
    assert ticket.price_vnd() == vnd(page.locator("[data-q=ceil]").inner_text())
    value_vnd = QUANTITY * ticket.price_vnd()
    at_most = f"{value_vnd + fee_vnd(value_vnd):,} ₫"
    expect(ticket.place.locator("#ticket-preview .cost-total")).to_contain_text(at_most)
    ticket.place.get_by_role("button", name="Check the order").click()
    expect(ticket.place.locator("form.ticket-confirm .cost-total")).to_contain_text(at_most)
    assert order_ids(page) == known  # nothing has left yet
    ticket.place.get_by_role("button", name=f"Buy {SYMBOL}").click()
    ticket.accepted()
    expect(page.locator("tr[data-order]")).to_have_count(len(known) + 1)
    expect(newest_order(page)).to_have_attribute("data-status", "FILLED")


def profit_moves_with_the_price(positions: Page) -> None:
    wait_for_change(positions, "[data-money=day_pnl]")
    wait_for_change(positions, f"tr[data-position={SYMBOL}] [data-p=unrealised]")
    row = positions.locator(f"tr[data-position={SYMBOL}]").evaluate(
        "(row) => ({...row.dataset, unrealised: row.querySelector('[data-p=unrealised]').textContent})"
    )
    assert whole(row["unrealised"]) == int(row["quantity"]) * int(row["mark"]) - int(row["cost"])


def test_an_order_over_a_limit_that_was_just_lowered_is_refused(doors: Doors, system: RunningSystem):
    officer = doors.let_in("risk").page
    change_limit(officer, ORDER_VALUE_RULE, LOWERED_VND, "Rehearsal of a smaller limit")
    trader = doors.let_in("trader", path=f"/symbols/{SYMBOL}/")
    positions = trader.open_tab("/positions/")
    is_live(positions)
    before, sent_before = Money.read(positions), order_count_at_the_broker(system)

    ticket = Ticket(trader.page)
    ticket.fill(quantity=20_000, price="ceiling")
    value_vnd = 20_000 * ticket.price_vnd()
    trader.expect_fault(r"422 .*/ticket/submit/")  # Chromium logs the status of a refusal as an error
    ticket.send()
    assert ticket.refusal_codes() == ["ORDER_VALUE_EXCEEDS_MAX"]
    refusal = ticket.place.locator("[data-code=ORDER_VALUE_EXCEEDS_MAX]")
    expect(refusal).to_contain_text("The order is worth more than one order may be.")
    expect(refusal).to_contain_text(f"Limit: {LOWERED_VND:,} ₫ · actual: {value_vnd:,} ₫")
    expect(newest_order(trader.page)).to_have_attribute("data-status", "DENIED")

    positions.reload()
    assert Money.read(positions) == before
    assert order_count_at_the_broker(system) == sent_before
    second = doors.let_in("risk2").page
    raise_limit(officer, second, ORDER_VALUE_RULE, USUAL_VND, "The rehearsal is over")


def order_count_at_the_broker(system: RunningSystem) -> int:
    return len(system.simulator("sim/state")["orders"])


def test_a_strategy_trades_and_says_why(doors: Doors):
    trader = doors.let_in("trader", path="/strategies/")
    page = trader.page
    card = page.locator(f"section[data-strategy='{STRATEGY}']")
    with without_reload(page):
        is_live(page)
        card.get_by_role("button", name="Start").click()
        page.locator("#dialog").get_by_role("button", name="Start").click()
        expect(card).to_have_attribute("data-status", "RUNNING")
        decision = page.locator("tr[data-decision]", has=page.get_by_role("link", name="Why?")).first
        expect(decision).to_be_visible(timeout=150_000)
    expect(decision).to_contain_text(STRATEGY)
    decision.get_by_role("link", name="Why?").click()
    the_order_is_explained(page)
    orders = trader.open_tab("/orders/")
    expect(orders.locator(f"tr[data-order='{page.url.rstrip('/').rpartition('/')[2]}']")).to_contain_text("strategy")

    page.goto("/strategies/")
    card.get_by_role("button", name="Stop").click()
    page.locator("#dialog").get_by_role("button", name="Stop").click()
    expect(card).to_have_attribute("data-status", "STOPPED")


def the_order_is_explained(page: Page) -> None:
    """Decision, signal, indicators and the market message that set it off, and they fit together."""
    step = {kind: page.locator(f"[data-step-kind={kind}]") for kind in ("message", "indicator", "signal", "decision")}
    symbol = page.locator("h1 a").inner_text()
    signal = facts(step["signal"])["Signal"]
    crossed = re.fullmatch(r"sma_5 crossed (above|below) sma_20", signal)
    assert crossed, signal
    fast, fast_before = now_and_before(facts(step["indicator"])["sma_5"])
    slow, slow_before = now_and_before(facts(step["indicator"])["sma_20"])
    # shown with two decimals: equal figures may hide a cross, a wrong order of them may not
    assert (fast >= slow and fast_before <= slow_before) == (crossed[1] == "above")
    side = "BUY" if crossed[1] == "above" else "SELL"
    assert re.fullmatch(rf"{side} [\d,]+ {symbol} LO @ [\d.,]+", facts(step["decision"])["Order"])
    assert re.search(r"\d", facts(step["message"])["Position in the log"])
    step["message"].locator("summary").click()
    message = step["message"].locator("pre")
    expect(message).to_contain_text(symbol)
    assert isinstance(json.loads(message.text_content() or ""), dict)


def facts(step: Locator) -> dict[str, str]:
    expect(step).to_be_visible()
    labels, texts = step.locator("dt").all_inner_texts(), step.locator("dd").all_inner_texts()
    return dict(zip(labels, texts, strict=True))


def now_and_before(text: str) -> tuple[float, float]:
    found = re.fullmatch(r"([\d,.]+) \(before: ([\d,.]+)\)", text)
    assert found, text
    return float(found[1].replace(",", "")), float(found[2].replace(",", ""))
