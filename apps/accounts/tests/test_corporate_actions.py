"""Worked examples: 1,000 SSI held at a cost of 24,000,000; the ex-date is Wednesday, 11 November 2026."""

from datetime import date

import pytest

from apps.accounts import selectors, services
from apps.accounts.models import (
    CorporateAction,
    CorporateActionBooking,
    LedgerEntry,
    Position,
    RightsHolding,
    TradeBooking,
)
from apps.accounts.services import ActionNotice, ActionProblem, ActionRefused
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.values import Actor, ActorKind, Side

FIRST, SECOND = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
EX_DATE, PAYS_ON = date(2026, 11, 11), date(2026, 11, 20)
TERMS = {
    "cash": ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1_500),
    "stock": ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=15, old_shares=100),
    "split": ActionTerms(ActionKind.SPLIT, new_shares=3, old_shares=2),
    "reverse": ActionTerms(ActionKind.SPLIT, new_shares=1, old_shares=10),
    "rights": ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=4, subscription_price_vnd=12_000),
}


def propose(name, symbol="SSI"):
    notice = ActionNotice(symbol, EX_DATE, PAYS_ON, TERMS[name], "VSDC 2026/123")
    return services.propose_action(notice, actor=FIRST, now=MONDAY)


def confirmed(name, now=MONDAY, symbol="SSI"):
    action_id = propose(name, symbol)
    services.confirm_action(action_id, actor=SECOND, now=now)
    return action_id


def state_at(account_id, now):
    services.settle_due(now)
    state = selectors.account_state(account_id, now)
    assert selectors.ledger_differences(account_id, now=now) == []
    return state


def test_a_cash_dividend_is_owed_on_the_ex_date_and_paid_on_its_day(account_id):
    # 1,000 x 1,500 = 1,500,000 less 5 % = 75,000: 1,425,000 net
    confirmed("cash")
    before = state_at(account_id, day(1))
    assert (before.dividends_due_vnd, before.cash_settled_vnd) == (0, 100_000_000)
    ex_day = state_at(account_id, day(2, 8))
    assert (ex_day.dividends_due_vnd, ex_day.cash_settled_vnd, ex_day.cash_vnd) == (1_425_000, 100_000_000, 101_425_000)
    assert ex_day.opening_cash_vnd == 101_500_000  # the price fell by 1,500 a share: only the tax is a loss of the day
    totals = selectors.ledger_totals(account_id)
    assert (totals["DIVIDENDS"], totals["DIVIDEND_TAX"], totals["DIVIDENDS_DUE"]) == (-1_500_000, 75_000, 1_425_000)
    paid = state_at(account_id, day(11, 9, 0))
    assert (paid.dividends_due_vnd, paid.cash_settled_vnd) == (0, 101_425_000)
    assert state_at(account_id, day(12)).cash_settled_vnd == 101_425_000  # once


def test_who_buys_on_the_ex_date_gets_nothing_for_it_and_who_sells_gets_it_all(account_id, desk):
    confirmed("cash")
    desk.fill(Side.BUY, 500, 22_000, now=day(2))
    desk.fill(Side.SELL, 900, 22_000, now=day(2))
    assert CorporateActionBooking.objects.get().entitled_quantity == 1_000
    assert selectors.account_state(account_id, day(2)).dividends_due_vnd == 1_425_000


def test_a_stock_dividend_spreads_the_cost_and_may_be_sold_when_it_is_listed(account_id):
    # 1,000 x 15 / 100 = 150 shares; 24,000,000 / 1,150 = 20,869 a share
    confirmed("stock")
    position = state_at(account_id, day(2)).positions["SSI"]
    assert (position.quantity, position.sellable_quantity, position.cost_total_vnd) == (1_150, 1_000, 24_000_000)
    assert state_at(account_id, day(11, 8, 59)).positions["SSI"].sellable_quantity == 1_000
    assert state_at(account_id, day(11, 9, 0)).positions["SSI"].sellable_quantity == 1_150


def test_fractions_of_shares_are_rounded_down(account_id, desk):
    # 1,007 held: 151.05 shares
    desk.fill(Side.BUY, 7, 25_000)
    confirmed("stock")
    assert state_at(account_id, day(2)).positions["SSI"].quantity == 1_158


def test_shares_that_were_a_dividend_are_taxed_when_sold_and_only_once(account_id, desk):
    # 150 x 10,000 x 5 % = 75,000 beside 0.1 % of 100 x 21,000 = 2,100; the first 100 sold are dividend shares: 50,000
    confirmed("stock")
    state_at(account_id, day(2))
    desk.fill(Side.SELL, 100, 21_000, now=day(11, 8, 59), fill_id="s0")  # none of them is listed, so none is sold
    assert TradeBooking.objects.get(fill_id="s0").tax_vnd == 2_100
    listed = day(11, 9, 0)
    desk.fill(Side.SELL, 100, 21_000, now=listed, fill_id="s1")
    assert TradeBooking.objects.get(fill_id="s1").tax_vnd == 52_100
    desk.fill(Side.SELL, 100, 21_000, now=listed, fill_id="s2")  # 50 x 10,000 x 5 % = 25,000 and 2,100
    assert TradeBooking.objects.get(fill_id="s2").tax_vnd == 27_100
    desk.fill(Side.SELL, 100, 21_000, now=listed, fill_id="s3")
    assert TradeBooking.objects.get(fill_id="s3").tax_vnd == 2_100
    assert selectors.ledger_differences(account_id, now=listed) == []


def test_below_par_the_price_is_taxed(account_id, desk):
    # 100 x 8,000 x 5 % = 40,000 and 0.1 % of 800,000 = 800
    confirmed("stock")
    state_at(account_id, day(2))
    desk.fill(Side.SELL, 100, 8_000, now=day(11, 10), fill_id="s1")
    assert TradeBooking.objects.get().tax_vnd == 40_800


def test_a_split_makes_more_shares_that_may_be_sold_at_once(account_id):
    # 1,000 x 3 / 2 = 1,500
    confirmed("split")
    ex_day = state_at(account_id, day(2))
    position = ex_day.positions["SSI"]
    assert (position.quantity, position.sellable_quantity, position.cost_total_vnd) == (1_500, 1_500, 24_000_000)
    assert ex_day.opening_quantities == {"SSI": 1_500}


def test_a_reverse_split_leaves_fewer_shares_at_the_same_cost(account_id):
    confirmed("reverse")
    position = state_at(account_id, day(2)).positions["SSI"]
    assert (position.quantity, position.cost_total_vnd) == (100, 24_000_000)


def test_a_reverse_split_that_leaves_no_share_loses_the_cost(account_id, desk):
    # 9 HPG at 20,000 cost 180,000 and a fee of 270; 9 x 1 / 10 = 0 shares
    desk.fill(Side.BUY, 9, 20_000, "HPG")
    confirmed("reverse", symbol="HPG")
    state = state_at(account_id, day(2))
    position = state.positions["HPG"]
    assert (position.quantity, position.cost_total_vnd, position.realised_pnl_vnd) == (0, 0, -180_270)
    assert state.realised_today_vnd == -180_270


def test_rights_are_subscribed_paid_and_listed_and_the_rest_lapses(account_id):
    # 1,000 / 4 = 250 rights; 200 x 12,000 = 2,400,000
    action_id = confirmed("rights")
    assert state_at(account_id, day(2)).positions["SSI"].quantity == 1_000
    assert RightsHolding.objects.get().open_quantity == 250
    services.subscribe_rights(
        account_id=account_id, action_id=action_id, quantity=200, listed_on=date(2026, 12, 1), now=day(3)
    )
    state = state_at(account_id, day(3))
    position = state.positions["SSI"]
    assert state.cash_settled_vnd == 97_600_000
    assert (position.quantity, position.sellable_quantity, position.cost_total_vnd) == (1_200, 1_000, 26_400_000)
    state_at(account_id, day(14))  # the day after the last one that is no week-end
    assert RightsHolding.objects.values_list("open_quantity", "subscribed_quantity").get() == (0, 200)
    assert selectors.rebuilt_books(account_id).rights.total() == 0
    assert state_at(account_id, day(22, 9, 0)).positions["SSI"].sellable_quantity == 1_200


@pytest.mark.parametrize(
    ("quantity", "now", "problem"),
    [
        (251, day(3), ActionProblem.TOO_MANY),
        (0, day(3), ActionProblem.TOO_MANY),
        (100, day(14), ActionProblem.RIGHTS_OVER),
    ],
)
def test_rights_that_are_not_there_cannot_be_used(account_id, quantity, now, problem):
    action_id = confirmed("rights")
    state_at(account_id, day(2))
    with pytest.raises(ActionRefused) as refused:
        services.subscribe_rights(
            account_id=account_id, action_id=action_id, quantity=quantity, listed_on=date(2026, 12, 1), now=now
        )
    assert refused.value.problem == problem
    assert Position.objects.get().quantity == 1_000


def test_an_action_entered_twice_is_refused_and_booked_once(account_id):
    confirmed("cash")
    with pytest.raises(ActionRefused) as refused:
        propose("cash")
    assert refused.value.problem == ActionProblem.ENTERED_TWICE
    assert state_at(account_id, day(2)).dividends_due_vnd == 1_425_000
    assert state_at(account_id, day(3)).dividends_due_vnd == 1_425_000
    assert CorporateActionBooking.objects.count() == CorporateAction.objects.count() == 1


def test_a_rejected_one_may_be_entered_anew(account_id):
    services.reject_action(propose("cash"), actor=SECOND, now=MONDAY)
    confirmed("cash")
    assert state_at(account_id, day(2)).dividends_due_vnd == 1_425_000


def test_it_takes_two_people_and_one_decision(account_id):
    action_id = propose("cash")
    with pytest.raises(ActionRefused, match="Nobody confirms what they entered"):
        services.confirm_action(action_id, actor=FIRST, now=MONDAY)
    assert state_at(account_id, day(2)).dividends_due_vnd == 0  # unconfirmed, it does nothing
    services.confirm_action(action_id, actor=SECOND, now=day(2))
    with pytest.raises(ActionRefused, match="decided already"):
        services.confirm_action(action_id, actor=SECOND, now=day(2))


def test_one_that_is_confirmed_late_gives_what_was_held_as_the_ex_date_began(account_id, desk):
    services.settle_due(day(2, 8))
    desk.fill(Side.SELL, 1_000, 25_000, now=day(2))
    confirmed("cash", now=day(3))
    assert selectors.account_state(account_id, day(3)).dividends_due_vnd == 1_425_000


def test_an_account_that_was_taken_over_later_gets_nothing(account_id):
    CorporateAction.objects.all().delete()
    notice = ActionNotice("SSI", date(2026, 11, 6), PAYS_ON, TERMS["cash"], "late")
    action_id = services.propose_action(notice, actor=FIRST, now=MONDAY)
    services.confirm_action(action_id, actor=SECOND, now=MONDAY)
    assert state_at(account_id, day(1)).dividends_due_vnd == 0


def test_two_actions_of_one_day_both_count_what_was_held_before_them(account_id):
    # 1,000 x 1,500 less 5 %, and 150 shares: the dividend is not paid on the new shares
    confirmed("stock")
    confirmed("cash")
    state = state_at(account_id, day(2))
    assert (state.dividends_due_vnd, state.positions["SSI"].quantity) == (1_425_000, 1_150)


@pytest.mark.parametrize(
    "terms",
    [
        ActionTerms(ActionKind.CASH_DIVIDEND),
        ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=0),
        ActionTerms(ActionKind.SPLIT, new_shares=2, old_shares=2),
        ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=2),
        ActionTerms(ActionKind.BONUS, new_shares=1, old_shares=2, cash_per_share_vnd=5),
    ],
    ids=str,
)
def test_terms_that_make_no_sense_are_refused(account_id, terms):
    with pytest.raises(ActionRefused) as refused:
        services.propose_action(ActionNotice("SSI", EX_DATE, PAYS_ON, terms, "notice"), actor=FIRST, now=MONDAY)
    assert refused.value.problem == ActionProblem.NONSENSE
    assert CorporateAction.objects.exists() is False
    assert LedgerEntry.objects.filter(kind="DIVIDEND").exists() is False


@pytest.mark.parametrize(
    ("name", "whole", "here"),
    [("split", 1_951, 1_500), ("reverse", 130, 100)],  # 3 for 2 of 1,301 and of 1,000; 1 for 10
)
def test_shares_of_a_split_arrive_with_those_whose_place_they_take(account_id, desk, name, whole, here):
    for quantity in (1, 300):
        desk.fill(Side.BUY, quantity, 25_000, now=day(1))  # sellable on Thursday, the day after the split
    confirmed(name)
    split, arrived = (state_at(account_id, day(*at)).position("SSI") for at in ((2, 9), (3, 13)))
    assert (split.quantity, split.sellable_quantity) == (whole, here)
    assert (arrived.quantity, arrived.sellable_quantity) == (whole, whole)


def test_what_was_bought_since_the_split_is_not_split_again(account_id, desk):
    services.settle_due(day(1))
    desk.fill(Side.BUY, 100, 12_500, now=day(2))
    confirmed("split", now=day(2, 14))
    position = state_at(account_id, day(2, 14)).position("SSI")
    assert (position.quantity, position.sellable_quantity) == (1_600, 1_500)
