"""The parts are the whole: the same shares, the same money, whoever sells whatever."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import Holding, OwnedChange, OwnedMove, sub_books

BUY, SELL, ACTION = OwnedChange.PURCHASE, OwnedChange.SALE, OwnedChange.ACTION
OWNERS = ("", "cross", "band")


def test_each_strategy_sells_its_own_at_its_own_cost():
    # the account's average is 15,000: it earns nothing with the sale at 15,000, and "cross" earns 500,000
    books = sub_books(
        [OwnedMove(BUY, "cross", 100, 1_000_000), OwnedMove(BUY, "", 100, 2_000_000),
         OwnedMove(SELL, "cross", -100, 1_500_000)]
    )  # fmt: skip
    assert books == {"cross": Holding(0, 0, 500_000), "": Holding(100, 2_000_000, 0)}


def test_who_sells_more_than_is_theirs_takes_it_from_people_first_at_their_cost():
    # 100 of its own (1,000,000), 100 of people's 150 (2,000,000 of 3,000,000), none of "band"
    books = sub_books(
        [OwnedMove(BUY, "cross", 100, 1_000_000), OwnedMove(BUY, "band", 500, 4_000_000),
         OwnedMove(BUY, "", 150, 3_000_000), OwnedMove(SELL, "cross", -200, 3_600_000)]
    )  # fmt: skip
    assert books["cross"] == Holding(0, 0, 600_000)
    assert books[""] == Holding(50, 1_000_000, 0)
    assert books["band"] == Holding(500, 4_000_000, 0)


def test_new_shares_go_to_those_who_hold_the_old_ones():
    books = sub_books(
        [OwnedMove(BUY, "", 150, 3_000_000), OwnedMove(BUY, "cross", 100, 1_000_000), OwnedMove(ACTION, "", 37, 0)]
    )  # 22.2 and 14.8: 22 and 15
    assert {owner: one.quantity for owner, one in books.items()} == {"": 172, "cross": 115}
    assert {owner: one.cost_total_vnd for owner, one in books.items()} == {"": 3_000_000, "cross": 1_000_000}


def test_a_cost_that_a_split_loses_is_the_loss_of_those_who_held():
    books = sub_books(
        [OwnedMove(BUY, "", 1, 30_000), OwnedMove(BUY, "cross", 1, 10_000), OwnedMove(ACTION, "", -2, -40_000)]
    )
    assert books == {"": Holding(0, 0, -30_000), "cross": Holding(0, 0, -10_000)}


def test_whose_last_share_a_split_rounds_away_leaves_its_cost_to_who_holds_most():
    # 1 and 99 become 50; the half share is taken from the first
    books = sub_books(
        [OwnedMove(BUY, "", 1, 30_000), OwnedMove(BUY, "cross", 99, 990_000), OwnedMove(ACTION, "", -50, 0)]
    )
    assert books == {"": Holding(0, 0, 0), "cross": Holding(50, 1_020_000, 0)}


def test_nobody_sells_what_nobody_has():
    with pytest.raises(ValueError, match="all of them hold 100"):
        sub_books([OwnedMove(BUY, "", 100, 1), OwnedMove(SELL, "cross", -101, 5)])


@given(st.data())
def test_random_moves_keep_shares_and_money_together(data):
    held, cash, moves = 0, 0, []
    for _ in range(data.draw(st.integers(1, 25))):
        owner = data.draw(st.sampled_from(OWNERS))
        kind = data.draw(st.sampled_from(["buy", "sell", "bonus", "reverse split"]))
        quantity = data.draw(st.integers(1, 5_000))
        amount = data.draw(st.integers(0, 10**9))
        if kind == "buy":
            moves.append(OwnedMove(BUY, owner, quantity, amount))
            held, cash = held + quantity, cash - amount
        elif kind == "bonus" and held:
            moves.append(OwnedMove(ACTION, "", quantity, 0))
            held += quantity
        elif kind == "reverse split" and held > 1:
            moves.append(OwnedMove(ACTION, "", -(held // 2), 0))
            held -= held // 2
        elif kind == "sell" and held:
            quantity = min(quantity, held)
            moves.append(OwnedMove(SELL, owner, -quantity, amount))
            held, cash = held - quantity, cash + amount
    books = sub_books(moves)
    assert sum(one.quantity for one in books.values()) == held
    assert sum(one.realised_pnl_vnd - one.cost_total_vnd for one in books.values()) == cash
    assert all(one.quantity or not one.cost_total_vnd for one in books.values())
    mark = 17_345
    worth = Counter(
        {owner: one.realised_pnl_vnd - one.cost_total_vnd + one.quantity * mark for owner, one in books.items()}
    )
    assert sum(worth.values()) == cash + held * mark
