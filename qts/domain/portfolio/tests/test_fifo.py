"""The oldest shares go first; what is taken out and what stays is all that was put in."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import Holding, LotChange, ShareMove, fifo

DAY = date(2026, 11, 9)


def bought(quantity, cost_vnd, name="b"):
    return ShareMove(LotChange.PURCHASE, quantity, cost_vnd, name, DAY)


def sold(quantity, net_vnd, name="s"):
    return ShareMove(LotChange.SALE, quantity, net_vnd, name, DAY + timedelta(days=2))


def came(quantity):
    return ShareMove(LotChange.ACTION, quantity, 0, "action", DAY + timedelta(days=1))


def lots(book):
    return [(lot.quantity, lot.cost_vnd) for lot in book.lots]


def test_a_sale_takes_the_oldest_lot_and_a_part_of_the_next():
    # 100 at 1,000,000 and 50 of 100 at 1,300,000: 1,650,000; brought 2,000,000: 350,000; by average it cost 1,725,000
    book = fifo([bought(100, 1_000_000), bought(100, 1_300_000), sold(150, 2_000_000)])
    assert (book.realised_pnl_vnd, book.sale_costs_vnd, lots(book)) == (350_000, {"s": 1_650_000}, [(50, 650_000)])


def test_the_last_share_takes_what_is_left_of_its_lot():
    # 100 / 3 = 33.3: 33, 33 and 34
    book = fifo([bought(3, 100), sold(1, 50, "s1"), sold(1, 50, "s2"), sold(1, 50, "s3")])
    assert book.sale_costs_vnd == {"s1": 33, "s2": 33, "s3": 34}
    assert (lots(book), book.realised_pnl_vnd) == ([], 50)


def test_shares_for_nothing_spread_over_the_lots():
    # 15 for 100: 15 for the first lot, 30 for the second; the costs stay
    assert lots(fifo([bought(100, 1_000), bought(200, 4_000), came(45)])) == [(115, 1_000), (230, 4_000)]
    # a reverse split 1 for 10
    assert lots(fifo([bought(100, 1_000), bought(200, 4_000), came(-270)])) == [(10, 1_000), (20, 4_000)]


def test_more_than_is_held_cannot_be_sold():
    with pytest.raises(ValueError, match="sells 101, 100 are held"):
        fifo([bought(100, 1_000), sold(101, 5_000)])


@given(data=st.data())
def test_fifo_and_average_cost_agree_on_everything_but_when(data):
    book, holding = fifo([]), Holding()
    for moves in range(data.draw(st.integers(1, 25))):
        if holding.quantity and data.draw(st.booleans()):
            quantity = data.draw(st.integers(1, holding.quantity))
            net = data.draw(st.integers(1, 10**9))
            book.take(sold(quantity, net, str(moves)))
            holding = holding.sold(quantity=quantity, value_vnd=net, fee_vnd=0, tax_vnd=0).holding
        else:
            quantity, cost = data.draw(st.integers(1, 1_000)), data.draw(st.integers(1, 10**9))
            book.take(bought(quantity, cost, str(moves)))
            holding = holding.bought(quantity=quantity, value_vnd=cost, fee_vnd=0)
        assert book.quantity == holding.quantity
        assert book.cost_total_vnd - book.realised_pnl_vnd == holding.cost_total_vnd - holding.realised_pnl_vnd
        assert all(lot.quantity > 0 and lot.cost_vnd >= 0 for lot in book.lots)
