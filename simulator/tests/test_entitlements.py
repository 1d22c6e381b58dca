"""What comes off shares, advances on sales, and the customer's bank: figures worked out by hand."""

import json
from datetime import date
from fractions import Fraction

import pytest

from simulator.broker import ledger
from simulator.broker.bookkeeping import Bookkeeper
from simulator.broker.cashier import Cashier
from simulator.broker.movements import MovementKind
from simulator.exchange.corporate_actions import CorporateAction, read_corporate_actions
from simulator.tests.brokerage import CASH, DERIVATIVES, FUTURE, MARGIN, Brokerage

EX = date(2026, 11, 25)


@pytest.fixture
def brokerage():
    made = Brokerage()
    yield made
    made.close()


def share_row(brokerage, symbol="SSI", account=CASH):
    rows = ledger.stock_positions(
        brokerage.account(account), [], brokerage.exchange.securities, brokerage.broker.day, brokerage.exchange.calendar
    )["stockPositions"]
    return {name: row[name] for row in rows if row["instrumentID"] == symbol for name in ("onHand", "bonus")}


def moved(brokerage, kind):
    return [one.amount_vnd for one in brokerage.journal.movements() if one.kind is kind]


def test_cash_and_new_shares_come_on_their_day_and_are_taxed_when_they_should_be(brokerage):
    """10,001 held: 1,333 VND each is 13,331,333 less 5 % (666,566); 3 for 20 are 1,500.15 shares."""
    brokerage.exchange.actions = {
        (EX, "SSI"): CorporateAction(1_333, bonus_ratio=Fraction(3, 20), pays_on=date(2026, 11, 27))
    }
    brokerage.others("SELL 1 SSI LO@20000")
    brokerage.order("BUY 1 SSI LO@20000")
    before = brokerage.account(CASH).cash_vnd
    brokerage.until("11-25 10:00")
    assert share_row(brokerage) == {"onHand": 10_001, "bonus": 1_500}
    assert brokerage.account(CASH).cash_vnd == before
    brokerage.until("11-27 08:59")
    assert share_row(brokerage) == {"onHand": 10_001, "bonus": 1_500}
    brokerage.until("11-27 09:30")
    assert share_row(brokerage) == {"onHand": 11_501, "bonus": 0}
    assert brokerage.account(CASH).cash_vnd == before + 13_331_333 - 666_566
    price = brokerage.security("SSI").band.ceiling_vnd
    brokerage.others(f"BUY 2000 SSI LO@{price}")
    brokerage.order(f"SELL 2000 SSI LO@{price}")
    # of 2,000 sold the 1,500 new ones go first: 5 % of par, 10,000 VND, is 500 each
    assert brokerage.account(CASH).taxes_today_vnd == 2_000 * price // 1_000 + 1_500 * 500
    assert brokerage.account(CASH).bonus_untaxed == {"SSI": 0}


def test_rights_are_used_until_their_last_day_and_paid_at_once(brokerage):
    action = CorporateAction(rights_ratio=Fraction(1, 3), subscription_price_vnd=10_000, pays_on=date(2026, 11, 26))
    brokerage.exchange.actions = {(EX, "SSI"): action}
    brokerage.until("11-25 10:00")
    account, cashier = brokerage.account(CASH), Cashier(brokerage.broker)
    (right,) = account.rights
    assert (right.entitled, right.left) == (3_333, 3_333)
    assert "3333" in cashier.subscribe(account, right.entitlement_id, 3_334)
    assert cashier.subscribe(account, right.entitlement_id, 3_000) is None
    assert (account.cash_vnd, right.left) == (5_000_000_000 - 30_000_000, 333)
    assert share_row(brokerage) == {"onHand": 10_000, "bonus": 3_000}
    brokerage.until("11-27 10:00")  # the rest has lapsed
    assert account.rights == []
    assert cashier.subscribe(account, right.entitlement_id, 100) == "Entitlement is not exist."
    brokerage.until("11-30 09:30")  # the second trading day after the last one
    assert share_row(brokerage) == {"onHand": 13_000, "bonus": 0}
    assert account.bonus_untaxed == {}  # what was paid for is no dividend


def test_an_advance_costs_its_days_and_is_repaid_by_the_sale(brokerage):
    """Sold on Monday, arrives on Thursday the 26th (the 24th is a holiday): three days at 12 % a year."""
    brokerage.others("BUY 1000 SSI LO@20000")
    brokerage.order("SELL 1000 SSI LO@20000")
    account, cashier = brokerage.account(CASH), Cashier(brokerage.broker)
    net = 20_000_000 - 30_000 - 20_000
    assert cashier.advance(account, net + 1, "1") == "Amount exceeds the cash that can be advanced"
    assert cashier.advance(account, 15_000_000, "1") is None
    fee = 15_000_000 * 3 * 1_200 // (10_000 * 365)
    assert fee == 14_794
    assert (account.cash_vnd, account.advanced_vnd) == (5_000_000_000 + 15_000_000 - fee, 15_000_000)
    assert cashier.advance_fee_vnd(account, 100_000) == 10_000  # the least that is asked
    assert cashier.advanceable_vnd(account) == net - 15_000_000
    brokerage.until("11-26 13:00")
    assert (account.cash_vnd, account.advanced_vnd) == (5_000_000_000 + net - fee, 0)
    assert moved(brokerage, MovementKind.ADVANCE_REPAYMENT) == [-15_000_000]


def test_the_bank_pays_in_and_out_and_a_loan_is_repaid_first(brokerage):
    cashier = Cashier(brokerage.broker)
    assert cashier.transfer(CASH, 1_000_000) is None
    assert cashier.transfer(CASH, -5_001_000_001) == "Amount exceeds the withdrawable balance"
    assert cashier.transfer(CASH, -5_001_000_000) is None
    assert brokerage.account(CASH).cash_vnd == 0
    brokerage.others("SELL 100000 FPT LO@100000")
    brokerage.order("BUY 30000 FPT LO@100000", MARGIN)
    margin = brokerage.account(MARGIN)
    debt = margin.debt_vnd
    assert debt == 3_004_500_000 - 2_000_000_000
    assert cashier.transfer(MARGIN, 100_000_000) is None
    assert (margin.cash_vnd, margin.debt_vnd) == (0, debt - 100_000_000)


def test_futures_are_marked_in_the_evening_once(brokerage):
    brokerage.others(f"SELL 10 {FUTURE} LO@1905")
    brokerage.order(f"BUY 2 {FUTURE} LO@1905", DERIVATIVES)
    brokerage.others(f"BUY 1 {FUTURE} LO@1910")
    brokerage.others(f"SELL 11 {FUTURE} LO@1910")
    account, day = brokerage.account(DERIVATIVES), brokerage.broker.day
    before = account.cash_vnd
    brokerage.exchange.settle_futures()
    for _ in range(2):
        brokerage.broker.mark_to_market(day)
    last = brokerage.security(FUTURE).settlement_vnd
    assert account.cash_vnd == before + 2 * (last - 190_500_000)
    assert account.contracts[FUTURE].cost_vnd == 2 * last


def test_the_accounts_are_the_same_after_a_restart(brokerage, tmp_path):
    """What is on its way is part of the account as it is stored."""
    brokerage.exchange.actions = {(EX, "SSI"): CorporateAction(1_000, Fraction(1, 10), Fraction(1, 2), 10_000)}
    brokerage.until("11-25 10:00")
    stored = next(one for one in brokerage.journal.accounts() if one.number == CASH)
    assert stored == brokerage.account(CASH)
    assert len(stored.dividends) == len(stored.new_shares) == len(stored.rights) == 1
    assert isinstance(brokerage.broker.books, Bookkeeper)


def test_a_file_says_when_it_is_paid(tmp_path):
    file = tmp_path / "actions.csv"
    file.write_text("symbol,ex_date,kind,amount,price,pays_on\nA,2026-11-25,cash,1000,,2026-12-10\n")
    (action,) = read_corporate_actions(file).values()
    assert action.paid_on(EX) == date(2026, 12, 10)
    assert CorporateAction(1_000).paid_on(EX) == date(2026, 12, 2)
    file.write_text("symbol,ex_date,kind,amount,price,pays_on\nA,2026-11-25,cash,1000,,2026-11-24\n")
    with pytest.raises(ValueError, match="line 2"):
        read_corporate_actions(file)


def test_the_wire_knows_of_the_bank_and_of_advances(launch):
    simulator = launch("09:30:00")
    answered = simulator.control("cash", {"account": CASH, "amount_vnd": 500})
    assert answered == {"account": CASH, "cash_vnd": 5_000_000_500}
    assert json.dumps(simulator.control("state")["settlement_vnd"]) == "{}"
