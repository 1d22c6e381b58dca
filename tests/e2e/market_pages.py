"""What a trader reads and does on the portal's pages."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

SIGNS = str.maketrans({",": None, "+": None, "\u2212": "-", "₫": None})
FEE_RATE_BPS = 15  # the setting BROKER_FEE_RATE_BPS


def whole(text: str) -> int:
    """1,234 shares, +5,000,000 ₫ or −300 as an integer."""
    return int(text.translate(SIGNS).strip())


def vnd(shown: str) -> int:
    """Thousand VND with two decimals, as the board shows prices, in VND."""
    return round(float(shown.translate(SIGNS)) * 1000)


def fee_vnd(value_vnd: int) -> int:
    return value_vnd * FEE_RATE_BPS // 10_000


def wait_for_change(page: Page, selector: str) -> None:
    """Until the text of one of the elements is another one than now."""
    texts = "(selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent).join('|')"
    page.wait_for_function(f"(selector) => ({texts})(selector).replaceAll('|', '')", arg=selector)
    before = page.evaluate(texts, selector)
    page.wait_for_function(f"([selector, before]) => ({texts})(selector) !== before", arg=[selector, before])


def is_live(page: Page) -> None:
    """Waits until the page says that its market data are live."""
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket on a symbol's page."""

    page: Page

    @property
    def place(self) -> Locator:
        return self.page.locator("#ticket")

    def fill(self, *, quantity: int, price: str) -> None:
        """`price` names a preset: floor, reference or ceiling."""
        if self.place.get_by_role("button", name="New order").is_visible():
            self.place.get_by_role("button", name="New order").click()
        self.place.locator(f".price-presets .c-{price}").click()
        self.place.locator("input[name=quantity]").fill(str(quantity))

    def price_vnd(self) -> int:
        return vnd(self.place.locator("input[name=price]").input_value())

    def send(self) -> None:
        self.place.get_by_role("button", name="Check the order").click()
        expect(self.place.locator("form.ticket-confirm")).to_be_visible()
        self.place.locator("form.ticket-confirm button[type=submit]").click()
        expect(self.place.locator(".ticket-result")).to_be_visible()

    def accepted(self) -> None:
        expect(self.place.locator(".ticket-result .note.ok")).to_be_visible()

    def refusal_codes(self) -> list[str | None]:
        refused = self.place.locator(".ticket-result .note.bad [data-code]")
        expect(refused.first).to_be_visible()
        return [refused.nth(number).get_attribute("data-code") for number in range(refused.count())]


@dataclass(frozen=True, slots=True)
class Money:
    """The figures above the positions, VND."""

    buying_power: int
    reserved: int
    cash_settled: int

    @staticmethod
    def read(page: Page) -> "Money":
        names = ["buying_power", "reserved", "cash_settled"]
        texts = "(names) => names.map((name) => document.querySelector(`[data-money=${name}]`).textContent)"
        return Money(*map(whole, page.evaluate(texts, names)))


def newest_order(page: Page) -> Locator:
    return page.locator("tr[data-order]").first


def order_ids(page: Page) -> list[str]:
    return page.locator("tr[data-order]").evaluate_all("(rows) => rows.map((row) => row.dataset.order)")


def matches(page: Page) -> list[tuple[int, int]]:
    """(quantity, price in VND) of each match on an order's page."""
    rows = page.locator("section", has=page.get_by_role("heading", name="Matches")).locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [(whole(cells[1]), vnd(cells[2])) for cells in (row.locator("td").all_inner_texts() for row in rows.all())]


def change_limit(page: Page, rule: str, limit: int, reason: str) -> None:
    """Lower it in the administration, from the risk page, as one risk officer does it. `rule` as the list words it."""
    _enter_limit(page, rule, limit, reason)
    expect(page.get_by_text("It acts on the next order.")).to_be_visible()
    expect(page.locator("tr", has=page.get_by_role("link", name=rule))).to_contain_text(f"{limit:,}")


def raise_limit(proposer: Page, approver: Page, rule: str, limit: int, reason: str) -> None:
    """What loosens takes two officers: one asks in the administration, the other agrees on the approvals page."""
    propose_limit(proposer, rule, limit, reason)
    approve(approver, reason)
    proposer.goto("/risk/")
    proposer.get_by_role("link", name="Edit limits").click()
    row = proposer.locator("tr", has=proposer.get_by_role("link", name=rule))
    expect(row).to_contain_text(f"{limit:,}")


def propose_limit(page: Page, rule: str, limit: int, reason: str) -> None:
    _enter_limit(page, rule, limit, reason)
    expect(page.get_by_text("it waits for a second risk officer")).to_be_visible()


def approve(page: Page, reason: str) -> None:
    """Agree to what somebody else asked for with this reason."""
    page.goto("/risk/approvals/")
    waiting = page.locator("tr[data-proposal]", has_text=reason)
    waiting.get_by_role("button", name="Decide").click()
    dialog = page.locator("#dialog")
    dialog.locator("input[name=reason]").fill("Looked at it")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog).to_be_hidden()
    expect(waiting).to_have_count(0)


def _enter_limit(page: Page, rule: str, limit: int, reason: str) -> None:
    page.goto("/risk/")
    page.get_by_role("link", name="Edit limits").click()
    page.get_by_role("link", name=rule).click()
    page.locator("input[name=limit]").fill(str(limit))
    page.locator("textarea[name=reason]").fill(reason)
    page.get_by_role("button", name="Save", exact=True).click()
