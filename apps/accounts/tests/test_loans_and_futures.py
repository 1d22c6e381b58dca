"""A margin and a derivatives account through their days. Monday is 9 November 2026; figures by hand in the comments."""

import time
from datetime import date
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.accounts import selectors, services
from apps.accounts.models import (
    FuturePosition,
    FutureSettlement,
    LedgerEntry,
    LoanRatio,
    MarginTerms,
    Reservation,
    TradeBooking,
)
from apps.accounts.services import CashEventProblem, CashEventRefused, OpeningContracts, OpeningLoan
from apps.accounts.tests.conftest import MONDAY, Desk, day
from apps.accounts.tests.live_market import clock_at
from apps.marketdata.selectors import LiveQuote
from qts.domain.errors import TerminalError
from qts.domain.values import Actor, ActorKind, Side

CLERK = Actor(ActorKind.USER, "7")
FUTURE, LAST = "41I1GB000", date(2026, 11, 19)  # November 2026; its third Thursday


def opened(number, cash_vnd, **more):
    account_id = services.open_account(number=number, name=number, connection_id=uuid4())
    services.adopt_balances(account_id=account_id, cash_vnd=cash_vnd, positions=[], now=MONDAY.replace(hour=8), **more)
    return Desk(account_id)


@pytest.fixture
def margin(db):
    desk = opened("0901356", 60_000_000)
    MarginTerms.objects.create(account_id=desk.account_id, credit_limit_vnd=100_000_000)
    LoanRatio.objects.create(symbol="SSI", loan_percent=50)
    return desk


@pytest.fixture
def futures(db):
    return opened("0901358", 100_000_000)


def at(desk, now):
    services.settle_due(now)
    assert selectors.ledger_differences(desk.account_id, now=now) == []
    state = selectors.account_state(desk.account_id, now)
    assert selectors.ledger_totals(desk.account_id) == {} or sum(selectors.ledger_totals(desk.account_id).values()) == 0
    return state


def test_what_cash_does_not_pay_is_lent_and_costs_a_night_at_a_time(margin):
    # 4,000 x 25,000 = 100,000,000 and 150,000 of fee: 40,150,000 are lent
    margin.fill(Side.BUY, 4_000, 25_000)
    state = at(margin, MONDAY)
    assert (state.loan_vnd, state.at_broker_vnd, state.buying_power_vnd) == (40_150_000, 0, 0)
    # 40,150,000 x 13 % / 365 = 14,300 a night: Monday's and Tuesday's
    assert at(margin, day(2)).interest_due_vnd == 28_600
    # sold on Wednesday, 1,000 x 26,000 less 39,000 and 26,000: 25,935,000 arrive on Friday, after two more nights
    margin.fill(Side.SELL, 1_000, 26_000, now=day(2, 14))
    friday = at(margin, day(4, 13))
    assert (friday.interest_due_vnd, friday.loan_vnd) == (0, 40_150_000 + 4 * 14_300 - 25_935_000)
    # a deposit repays too; what is over stays
    services.record_cash_event(
        account_id=margin.account_id, kind="DEPOSIT", amount_vnd=20_000_000, reference="D", actor=CLERK, now=day(4, 14)
    )
    rich = at(margin, day(4, 14))
    assert (rich.loan_vnd, rich.cash_settled_vnd) == (0, 20_000_000 - friday.loan_vnd)


def test_the_nights_are_the_same_whether_somebody_was_there_or_not(margin):
    margin.fill(Side.BUY, 4_000, 25_000)
    margin.fill(Side.SELL, 1, 25_000, now=day(2, 14))  # arrives on Friday and repays, though nobody looks
    late = at(margin, day(9))
    four = 4 * 14_300
    left = 40_150_000 - (24_938 - min(24_938, four))
    nightly = left * 1_300 // 3_650_000
    assert late.loan_vnd == left
    assert late.interest_due_vnd == four - min(24_938, four) + 5 * nightly


def test_a_night_costs_what_held_on_its_day(margin):
    margin.fill(Side.BUY, 4_000, 25_000)  # 40,150,000 are lent: 14,300 a night at 13 %
    MarginTerms.objects.create(
        account_id=margin.account_id, credit_limit_vnd=1, interest_bps_a_year=2_600, valid_from=day(1).date()
    )
    # nobody was there until Wednesday: Monday's night at 13 %, Tuesday's at 26 %
    assert at(margin, day(2)).interest_due_vnd == 14_300 + 28_600


def test_loan_ratios_follow_each_other_and_the_accounts_own_go_first(margin):
    LoanRatio.objects.create(symbol="SSI", loan_percent=30, valid_from=day(1).date())
    LoanRatio.objects.create(symbol="HPG", loan_percent=40)
    LoanRatio.objects.create(symbol="HPG", loan_percent=20, account_id=margin.account_id, valid_from=day(2).date())
    told = [selectors.loan_percents(margin.account_id, day(number).date()) for number in range(3)]
    assert told == [{"SSI": 50, "HPG": 40}, {"SSI": 30, "HPG": 40}, {"SSI": 30, "HPG": 20}]


def test_a_day_in_futures_to_its_expiry(futures):
    """2 at 1,280.0 bind 17 % of 256,000,000 = 43,520,000; fee 10,000, tax 21,760."""
    futures.fill(Side.BUY, 2, 128_000_000, FUTURE)
    state = at(futures, MONDAY)
    assert (state.margin_vnd, state.at_broker_vnd) == (43_520_000, 100_000_000 - 31_760)
    assert state.contracts[FUTURE].holding.net == 2
    # one is sold at 1,285.0: 500,000 due in the evening, fee 5,000 and tax 10,922; settled at 1,284.0: 400,000 more
    futures.fill(Side.SELL, 1, 128_500_000, FUTURE, now=day(0, 14))
    assert at(futures, day(0, 14)).variation_due_vnd == 500_000
    evening = day(0, 15, 30)
    assert settle(128_400_000, MONDAY.date(), evening) == 1
    assert settle(128_400_000, MONDAY.date(), evening) == 0  # told twice
    marked = at(futures, evening)
    assert (marked.variation_due_vnd, marked.margin_vnd) == (0, 21_828_000)
    assert marked.at_broker_vnd == 100_000_000 - 31_760 - 15_922 + 900_000
    # the last day: closed at the final price, and the margin is free
    last = day(10, 15, 30)
    assert settle(128_000_000, LAST, last) == 1
    over = at(futures, last)
    assert (over.margin_vnd, over.contracts[FUTURE].holding.net) == (0, 0)
    assert over.cash_settled_vnd == 100_000_000 - 31_760 - 15_922 + 500_000
    assert over.realised_pnl_vnd == 500_000 - 47_682


def settle(price_vnd, trading_day, now):
    return services.record_settlement_price(FUTURE, trading_day, price_vnd, source="VSDC", actor=CLERK, now=now)


def test_a_fill_that_is_told_after_the_mark_is_marked_at_once(futures):
    futures.fill(Side.SELL, 1, 128_000_000, FUTURE)
    settle(128_500_000, MONDAY.date(), day(0, 15, 30))
    futures.fill(Side.SELL, 1, 128_100_000, FUTURE, now=day(0, 14))  # of before the evening
    state = at(futures, day(0, 16))
    assert (state.contracts[FUTURE].holding.net, state.contracts[FUTURE].holding.cost_vnd) == (-2, -257_000_000)
    assert state.variation_due_vnd == 0
    assert state.realised_pnl_vnd == -500_000 - 400_000 - sum(
        one.fee_vnd + one.tax_vnd for one in TradeBooking.objects.all()
    )


def test_a_late_fill_of_a_settled_day_leaves_alone_what_was_traded_since(futures):
    futures.fill(Side.BUY, 1, 128_000_000, FUTURE)
    settle(128_500_000, MONDAY.date(), day(0, 15, 30))
    futures.fill(Side.BUY, 1, 130_000_000, FUTURE, now=day(1))
    before = at(futures, day(1))
    futures.fill(Side.BUY, 1, 128_100_000, FUTURE, now=day(0, 14))
    after = at(futures, day(1))
    assert after.contracts[FUTURE].holding.cost_vnd == 130_000_000 + 2 * 128_500_000
    late = TradeBooking.objects.get(price_vnd=128_100_000)
    assert after.at_broker_vnd - before.at_broker_vnd == 400_000 - late.fee_vnd - late.tax_vnd
    assert late.realised_pnl_vnd == 400_000 - late.fee_vnd - late.tax_vnd


def test_a_late_fill_of_a_day_without_a_price_waits_for_the_next_mark(futures):
    futures.fill(Side.BUY, 1, 128_000_000, FUTURE, now=day(2))
    futures.fill(Side.BUY, 1, 127_000_000, FUTURE, now=day(1))
    assert at(futures, day(2)).contracts[FUTURE].holding.cost_vnd == 255_000_000


@pytest.mark.parametrize("held", [0, 1])
def test_a_fill_that_is_told_after_the_final_price_is_closed_at_it(futures, held):
    last = day(10, 14)
    for number in range(held):
        futures.fill(Side.BUY, 1, 128_000_000, FUTURE, now=last, fill_id=f"held {number}")
    settle(128_200_000, LAST, day(10, 15, 30))
    before = at(futures, day(10, 16))
    futures.fill(Side.SELL, 2, 128_500_000, FUTURE, now=last)
    after = at(futures, day(10, 16))
    assert (after.contracts[FUTURE].holding.net, after.margin_vnd, after.variation_due_vnd) == (0, 0, 0)
    late = TradeBooking.objects.get(quantity=2)
    assert after.cash_settled_vnd - before.cash_settled_vnd == 600_000 - late.fee_vnd - late.tax_vnd


def test_an_account_that_the_price_did_not_come_to_is_marked_in_the_morning(futures):
    futures.fill(Side.BUY, 1, 128_000_000, FUTURE)
    FutureSettlement.objects.create(
        symbol=FUTURE, trading_day=MONDAY.date(), price_vnd=128_500_000, source="VSDC", entered_by="x",
        entered_at=day(0, 15),
    )  # fmt: skip
    assert services.take_settlement_prices(day(1)) == 1
    assert at(futures, day(1)).contracts[FUTURE].holding.cost_vnd == 128_500_000
    assert services.take_settlement_prices(day(1)) == 0


def test_open_gains_are_worth_something_before_the_evening_pays_them(futures, market):
    futures.fill(Side.SELL, 2, 128_000_000, FUTURE)  # fee 10,000 and tax 21,760
    market.quote(FUTURE, 127_500_000)
    view = selectors.portfolio(futures.account_id, MONDAY)
    assert (view.equity_vnd, view.market_value_vnd) == (100_000_000 - 31_760 + 1_000_000, 0)
    assert (view.unrealised_pnl_vnd, view.day_pnl_vnd) == (1_000_000, 1_000_000 - 31_760)
    assert view.day_pnl_vnd == selectors.day_pnl(view.state)
    (held,) = view.contracts
    assert (held.net, held.mark_vnd, held.floating_vnd, held.due_vnd) == (-2, 127_500_000, 1_000_000, 0)
    live = selectors.live_portfolio(futures.account_id, MONDAY)
    assert live.hear(LiveQuote(FUTURE, 25_000, last_vnd=128_250_000, ts_received_ns=time.time_ns()))
    assert (live.view().equity_vnd, live.view().contracts[0].floating_vnd) == (100_000_000 - 31_760 - 500_000, -500_000)
    market.forget()
    assert selectors.portfolio(futures.account_id, MONDAY).equity_vnd is None


def test_what_orders_bind_and_open_losses_took_cannot_be_withdrawn(futures, market):
    market.quote(FUTURE, 128_000_000)
    futures.reserve(Side.BUY, 2, 0, FUTURE)  # 2 x 128,000,000 x 17 % = 43,520,000
    assert refused_withdrawal(futures, 56_480_001) == "56,480,000 VND may be withdrawn."
    market.quote(FUTURE, 127_000_000)
    futures.fill(Side.BUY, 2, 128_000_000, FUTURE, order_id=Reservation.objects.get().order_id)
    # 100,000,000 - 31,760 of fee and tax - 2,000,000 lost - 43,180,000 of margin at the last price; but what the books
    # bind is the margin at which the contracts are carried: 100,000,000 - 31,760 - 43,520,000 = 56,448,240
    assert refused_withdrawal(futures, 54_788_241) == "54,788,240 VND may be withdrawn."
    market.forget()
    assert "not known" in refused_withdrawal(futures, 1)


def refused_withdrawal(desk, amount_vnd):
    with pytest.raises(CashEventRefused) as refused:
        services.record_cash_event(
            account_id=desk.account_id, kind="WITHDRAWAL", amount_vnd=amount_vnd, reference="W", actor=CLERK, now=MONDAY
        )
    assert refused.value.problem == CashEventProblem.NOT_ENOUGH_CASH
    return str(refused.value)


@pytest.mark.parametrize(
    ("price_vnd", "trading_day", "now", "reason"),
    [
        (0, MONDAY.date(), day(0, 16), "above 0"),
        (128_000_000, MONDAY.date(), MONDAY, "not over"),
        (128_000_000, date(2026, 11, 8), day(0, 16), "no trading day"),
    ],
)
def test_what_is_no_settlement_price_is_refused(futures, price_vnd, trading_day, now, reason):
    futures.fill(Side.BUY, 1, 128_000_000, FUTURE)
    with pytest.raises(TerminalError, match=reason):
        settle(price_vnd, trading_day, now)
    assert FuturePosition.objects.get().cost_vnd == 128_000_000


def test_another_price_than_the_one_that_is_kept_is_refused(futures):
    settle(128_000_000, MONDAY.date(), day(0, 16))
    with pytest.raises(TerminalError, match="was settled at 128,000,000"):
        settle(128_000_001, MONDAY.date(), day(0, 16))


def test_each_kind_of_account_holds_its_own(futures, margin):
    with pytest.raises(TerminalError, match="holds futures only"):
        futures.fill(Side.BUY, 100, 25_000)
    with pytest.raises(TerminalError, match="holds no futures"):
        margin.fill(Side.BUY, 1, 128_000_000, FUTURE)
    assert not TradeBooking.objects.exists()


def test_open_contracts_are_taken_over_with_their_margin(db):
    held = [OpeningContracts(FUTURE, -3, -384_000_000)]
    state = at(opened("1184418", 80_000_000, contracts=held), MONDAY)
    assert (state.margin_vnd, state.cash_settled_vnd) == (65_280_000, 14_720_000)
    settle(130_000_000, date(2026, 11, 5), MONDAY)  # of a day before the take-over: the broker's price has it
    assert at(Desk(state.account_id), MONDAY) == state


@pytest.mark.parametrize(
    ("number", "told", "reason"),
    [
        ("1184418", {"contracts": [OpeningContracts(FUTURE, 1, -1)]}, "cannot be taken over"),
        ("1184418", {"contracts": [OpeningContracts(FUTURE, 1, 1)] * 2}, f"told twice: {FUTURE}"),
        ("1184411", {"contracts": [OpeningContracts(FUTURE, 1, 1)]}, "a cash account holds no futures"),
        ("1184416", {"loan": OpeningLoan(loan_vnd=-1)}, "less than nothing"),
    ],
)
def test_what_no_account_can_have_is_not_taken_over(db, number, told, reason):
    with pytest.raises(TerminalError, match=reason):
        opened(number, 1, **told)
    assert not LedgerEntry.objects.exists()


def test_totals_are_made_again_from_the_entries(futures, margin):
    futures.fill(Side.BUY, 2, 128_000_000, FUTURE, fill_id="f")
    margin.fill(Side.BUY, 4_000, 25_000, fill_id="m")
    before = [at(desk, day(2)) for desk in (futures, margin)]
    FuturePosition.objects.update(net=7, cost_vnd=7)
    assert services.check_all_books(day(2)) == 1
    for desk in (futures, margin):
        services.rebuild_totals(desk.account_id, day(2))
    assert [at(desk, day(2)) for desk in (futures, margin)] == before


def test_settlement_prices_are_loaded_from_a_file(futures, settings, tmp_path, capsys):
    settings.MARKET_CLOCK = clock_at(day(1, 16))
    futures.fill(Side.BUY, 1, 128_000_000, FUTURE)
    file = tmp_path / "prices.csv"
    head = "symbol,trading_day,points\n"
    file.write_text(f"{head}{FUTURE},2026-11-10,1283\n{FUTURE},2026-11-09,1285.4\n")
    for _twice in range(2):
        call_command("load_settlement_prices", str(file), "--source", "VSDC 9")
    assert capsys.readouterr().out == "2 prices, 2 accounts marked\n2 prices, 0 accounts marked\n"
    assert at(futures, day(1, 16)).contracts[FUTURE].holding.cost_vnd == 128_300_000
    for rows, reason in (
        (f"{FUTURE},2026-11-09,1285.5\n", "was settled at 128,540,000"),
        (f"{FUTURE},2026-11-06,1280\nSSI,2026-11-06,25\n", "SSI is no contract"),
        (f"{FUTURE},2026-11-06,nan\n", "line 2"),
        (f"{FUTURE},2026-11-06\n", "line 2"),
    ):
        file.write_text(head + rows)
        with pytest.raises(CommandError, match=reason):
            call_command("load_settlement_prices", str(file), "--source", "VSDC 9")
    assert FutureSettlement.objects.count() == 2
