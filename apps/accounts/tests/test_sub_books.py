"""What is each strategy's in an account, and that together they are the account."""

from apps.accounts import selectors, services
from apps.accounts.models import Position
from apps.accounts.services import ActionNotice
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.values import Actor, ActorKind, Side

BUY, SELL = Side.BUY, Side.SELL


def books_of(account_id, now):
    view = selectors.portfolio(account_id, now)
    books = selectors.account_sub_books(view)
    assert selectors.sub_book_differences(view, books) == {}
    return {(book.strategy_id, one.symbol): one for book in books for one in book.positions}


def test_a_fill_belongs_to_the_strategy_of_its_order(account_id, desk, market):
    # the account held 1,000 at 24,000 before; "cross" buys 500 at 25,000 (12,500,000 + 18,750) and sells 200 at 26,000:
    # 5,200,000 - 7,800 - 5,200 - 12,518,750 x 200 / 500 = 179,500
    desk.fill(BUY, 500, 25_000, strategy_id="cross")
    desk.fill(SELL, 200, 26_000, strategy_id="cross")
    market.quote("SSI", 26_000)
    found = books_of(account_id, MONDAY)
    people, cross = found["", "SSI"], found["cross", "SSI"]
    assert (people.quantity, people.cost_total_vnd, people.realised_pnl_vnd) == (1_000, 24_000_000, 0)
    assert (cross.quantity, cross.cost_total_vnd, cross.realised_pnl_vnd) == (300, 7_511_250, 179_500)
    assert (people.unrealised_pnl_vnd, cross.unrealised_pnl_vnd) == (2_000_000, 288_750)
    view = selectors.portfolio(account_id, MONDAY)
    assert view.positions[0].realised_pnl_vnd != cross.realised_pnl_vnd  # by the account's average cost
    assert view.positions[0].realised_pnl_vnd + view.unrealised_pnl_vnd == people.pnl_vnd + cross.pnl_vnd


def test_a_person_who_sells_a_strategys_shares_takes_them_at_its_cost(account_id, desk, market):
    desk.fill(BUY, 500, 25_000, strategy_id="cross")
    desk.fill(SELL, 1_000, 26_000)  # all that people had, T+2 of the strategy's is not touched
    desk.fill(SELL, 100, 26_000, now=day(3))
    found = books_of(account_id, day(3))
    assert (found["", "SSI"].quantity, found["cross", "SSI"].quantity) == (0, 400)
    assert found["cross", "SSI"].realised_pnl_vnd == 0
    assert found["cross", "SSI"].cost_total_vnd == 12_518_750 - 12_518_750 * 100 // 500


def test_new_shares_of_a_stock_dividend_are_shared_out(account_id, desk, market):
    first, second = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
    desk.fill(BUY, 500, 25_000, strategy_id="cross")
    terms = ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=15, old_shares=100)  # 1,500 held: 225 = 150 + 75
    notice = ActionNotice("SSI", day(2).date(), day(9).date(), terms, "notice")
    services.confirm_action(services.propose_action(notice, actor=first, now=MONDAY), actor=second, now=MONDAY)
    services.settle_due(day(2))
    found = books_of(account_id, day(2))
    assert (found["", "SSI"].quantity, found["cross", "SSI"].quantity) == (1_150, 575)


def test_without_a_price_its_open_profit_is_unknown_not_zero(account_id, desk, market):
    desk.fill(BUY, 500, 25_000, strategy_id="cross")
    (people, cross) = selectors.account_sub_books(selectors.portfolio(account_id, MONDAY))
    assert (people.pnl_vnd, cross.pnl_vnd, cross.positions[0].unrealised_pnl_vnd) == (None, None, None)


def test_a_total_that_is_not_its_parts_is_told(account_id, desk, market):
    Position.objects.filter(account_id=account_id).update(quantity=1_001, cost_total_vnd=24_000_002)
    view = selectors.portfolio(account_id, MONDAY)
    assert selectors.sub_book_differences(view, selectors.account_sub_books(view)) == {"SSI": (1, -2)}
