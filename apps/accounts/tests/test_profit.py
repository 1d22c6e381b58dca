"""Average cost and FIFO side by side, with fees and tax inside."""

from uuid import uuid4

from apps.accounts import selectors, services
from apps.accounts.selectors import TradeChoice
from apps.accounts.services import ActionNotice
from apps.accounts.tests.conftest import MONDAY, Desk, day
from qts.domain.portfolio import ActionKind, ActionTerms, ProfitTotals
from qts.domain.values import Actor, ActorKind, Side

ALL = TradeChoice()


def test_a_sale_by_average_cost_and_by_fifo(account_id, desk):
    # 1,000 at 24,000 a share; 500 bought at 30,000 = 15,000,000 and a fee of 22,500: 1,500 cost 39,022,500
    # 1,200 sold at 31,000 = 37,200,000 less fee 55,800 and tax 37,200 = 37,107,000
    # average: 39,022,500 x 1,200 / 1,500 = 31,218,000 -> 5,889,000
    # FIFO: 24,000,000 + 15,022,500 x 200 / 500 = 30,009,000 -> 7,098,000
    desk.fill(Side.BUY, 500, 30_000)
    desk.fill(Side.SELL, 1_200, 31_000, now=day(3), fill_id="s")
    sale, purchase = selectors.trades([account_id], ALL)
    assert (sale.cost_vnd, sale.fifo_cost_vnd) == (31_218_000, 30_009_000)
    assert (sale.result.average_pnl_vnd, sale.result.fifo_pnl_vnd) == (5_889_000, 7_098_000)
    assert (purchase.result.average_pnl_vnd, purchase.result.fifo_pnl_vnd, purchase.result.fee_vnd) == (0, 0, 22_500)
    book = selectors.fifo_books(account_id)["SSI"]
    assert (book.quantity, book.cost_total_vnd, book.realised_pnl_vnd) == (300, 9_013_500, 7_098_000)


def test_a_purchase_of_the_same_instant_counts_before_the_sale_however_they_were_told(account_id, desk):
    desk.fill(Side.SELL, 1_000, 31_000)
    desk.fill(Side.BUY, 100, 30_000)
    book = selectors.fifo_books(account_id)["SSI"]
    assert (book.quantity, book.cost_total_vnd) == (100, 3_004_500)  # 3,000,000 and a fee of 4,500


def test_lots_follow_a_stock_dividend_and_the_rights(account_id, desk):
    # Tuesday's 200 at 25,000 cost 5,007,500; on Wednesday 15 for 100: 150 and 30 more shares
    first, second = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
    terms = ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=15, old_shares=100)
    notice = ActionNotice("SSI", day(2).date(), day(9).date(), terms, "notice")
    services.confirm_action(services.propose_action(notice, actor=first, now=MONDAY), actor=second, now=MONDAY)
    desk.fill(Side.BUY, 200, 25_000, now=day(1))
    services.settle_due(day(2))
    book = selectors.fifo_books(account_id)["SSI"]
    assert [(lot.quantity, lot.cost_vnd) for lot in book.lots] == [(1_150, 24_000_000), (230, 5_007_500)]
    assert book.quantity == selectors.account_state(account_id, day(2)).positions["SSI"].quantity


def test_profit_by_day_month_symbol_account_strategy_and_portfolio(account_id, desk):
    # 300 x 25,000: 7,500,000 - 11,250 - 7,500 - 7,200,000 = 281,250
    # 100 x 23,000: 2,300,000 - 3,450 - 2,300 - 2,400,000 = -105,750
    mine, theirs = uuid4(), uuid4()
    desk.fill(Side.SELL, 300, 25_000, order_id=mine)
    desk.fill(Side.SELL, 100, 23_000, now=day(22), order_id=theirs, strategy_id="17")
    desk.fill(Side.BUY, 100, 20_000, "HPG", now=day(22), order_id=theirs, strategy_id="17")  # fee 3,000
    found = selectors.trades([account_id], ALL)
    first = ProfitTotals(1, 1, 0, 7_500_000, 11_250, 7_500, 281_250, 281_250)
    second = ProfitTotals(1, 1, 0, 2_300_000, 3_450, 2_300, -105_750, -105_750)
    purchase = ProfitTotals(1, 0, 2_000_000, 0, 3_000, 0, 0, 0)
    later = ProfitTotals(2, 1, 2_000_000, 2_300_000, 6_450, 2_300, -105_750, -105_750)
    whole = ProfitTotals(3, 2, 2_000_000, 9_800_000, 17_700, 9_800, 175_500, 175_500)
    assert selectors.profit_by(found, "day") == {"2026-11-09": first, "2026-12-01": later}
    assert selectors.profit_by(found, "month") == {"2026-11": first, "2026-12": later}
    shares = ProfitTotals(2, 2, 0, 9_800_000, 14_700, 9_800, 175_500, 175_500)
    assert selectors.profit_by(found, "symbol") == {"HPG": purchase, "SSI": shares}
    assert selectors.profit_by(found, "account", names={account_id: "0901351"}) == {"0901351": whole}
    assert selectors.profit_by(found, "strategy", strategies={"17": "cross"}) == {"": first, "cross": later}
    assert selectors.profit_by(found, "portfolio", portfolios={account_id: ["Family"]}) == {"Family": whole}
    by_hand = selectors.trades([account_id], TradeChoice(strategy_id=""))
    assert selectors.profit_by(by_hand, "account") == {"": first}
    narrowed = selectors.trades([account_id], TradeChoice(since=day(10).date(), symbol="SSI", side="SELL"))
    assert selectors.profit_by(narrowed, "account", names={}) == {"": second}


def test_contracts_have_one_profit_and_no_lots(db):
    desk = opened_for_futures()
    for side, price_vnd in ((Side.BUY, 128_000_000), (Side.SELL, 128_500_000)):
        desk.fill(side, 1, price_vnd, "41I1GB000")
    (total,) = selectors.profit_by(selectors.trades([desk.account_id], TradeChoice()), "symbol").values()
    # 500,000 less fees of 2 x 5,000 and tax of 10,880 and 10,922
    assert (total.average_pnl_vnd, total.fifo_pnl_vnd) == (468_198, 468_198)


def opened_for_futures():
    account_id = services.open_account(number="0901358", name="Futures", connection_id=uuid4())
    services.adopt_balances(account_id=account_id, cash_vnd=100_000_000, positions=[], now=MONDAY.replace(hour=8))
    return Desk(account_id)
