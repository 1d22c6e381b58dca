"""Two risk officers and a trader: what one proposes acts when the other agrees, and a broken limit is seen at once."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.market_pages import Ticket, approve, change_limit, is_live, newest_order, propose_limit, raise_limit
from tests.e2e.visitors import Doors, without_reload

SYMBOL = "VIB"  # the demo's trader holds none of it
RULE = "Most shares of one symbol, working purchases included"
USUAL, LOWERED, RAISED = 200_000, 5_000, 6_000
REASON = "A larger position for this afternoon"


def test_one_proposes_another_agrees_and_who_wants_more_is_refused_and_seen(doors: Doors):
    proposer, approver = doors.let_in("risk"), doors.let_in("risk2", path="/risk/monitor/?account=firm")
    trader = doors.let_in("trader", path=f"/symbols/{SYMBOL}/")
    ticket, watched = Ticket(trader.page), approver.page
    change_limit(proposer.page, RULE, LOWERED, "Smaller positions for a while")
    propose_limit(proposer.page, RULE, RAISED, REASON)
    the_proposer_may_only_take_it_back(proposer.page)
    is_live(watched)
    is_live(trader.page)
    trader.expect_fault(r"422 .*/ticket/submit/")

    with without_reload(watched, trader.page):
        is_refused(ticket, RAISED, limit=LOWERED)  # a proposal alone moves nothing
        expect(broken(watched, RAISED)).to_contain_text(f"{RAISED:,} / {LOWERED:,}")
        approve(approver.open_tab("/risk/approvals/"), REASON)
        passes(ticket, RAISED)
        is_refused(ticket, RAISED + 100, limit=RAISED)
        row = broken(watched, RAISED + 100)
        expect(row).to_contain_text(f"{RAISED + 100:,} / {RAISED:,}")
        expect(row).to_contain_text("trader")
    raise_limit(proposer.page, approver.page, RULE, USUAL, "As it was before")


def the_proposer_may_only_take_it_back(page: Page) -> None:
    page.goto("/risk/approvals/")
    page.locator("tr[data-proposal]", has_text=REASON).get_by_role("button", name="Take back").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text(f"{LOWERED:,}")
    expect(dialog.get_by_role("button", name="Approve")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def is_refused(ticket: Ticket, quantity: int, *, limit: int) -> None:
    ticket.fill(quantity=quantity, price="floor")
    ticket.send()
    assert ticket.refusal_codes() == ["POSITION_EXCEEDS_MAX"]
    refusal = ticket.place.locator("[data-code=POSITION_EXCEEDS_MAX]")
    expect(refusal).to_contain_text("The position would become larger than allowed.")
    expect(refusal).to_contain_text(f"{limit:,}")
    expect(newest_order(ticket.page)).to_have_attribute("data-status", "DENIED")
    ticket.place.get_by_role("button", name="Change it").click()


def passes(ticket: Ticket, quantity: int) -> None:
    """It stays in the book, where nobody sells at the floor, and is taken back."""
    ticket.fill(quantity=quantity, price="floor")
    ticket.send()
    ticket.accepted()
    row = newest_order(ticket.page)
    expect(row).to_have_attribute("data-status", "OPEN")
    row.get_by_role("button", name="Cancel").click()
    ticket.page.locator("#dialog").get_by_role("button", name="Cancel the order").click()
    expect(row).to_have_attribute("data-status", "CANCELLED")


def broken(page: Page, actual: int) -> Locator:
    """The newest line of the officer's list with this figure."""
    return page.locator("[data-breach=POSITION_EXCEEDS_MAX]", has_text=f"{actual:,} /").first
