"""What the rows of a basket leave over for each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderRequest
from qts.domain.orders.basket import BasketRow, basket_hash, together
from qts.domain.values import OrderType, Side


def row(text, needed_vnd=0, *codes):
    side, quantity, symbol = text.split()
    request = OrderRequest(symbol, Side(side), OrderType.LO, int(quantity), 25_000, "")
    return BasketRow(request, needed_vnd, tuple(Breach(RuleCode(code)) for code in codes))


MONEY, SHARES = "BUYING_POWER_EXCEEDED", "SELLABLE_QUANTITY_EXCEEDED"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("BUY 100 SSI", 60), row("BUY 100 FPT", 40)], ["", ""]),
        ([row("BUY 100 SSI", 60), row("BUY 100 FPT", 41)], ["", f"{MONEY} 40 41"]),
        ([row("BUY 100 SSI", 60), row("BUY 100 FPT", 41), row("BUY 100 HPG", 40)], ["", f"{MONEY} 40 41", ""]),
        ([row("BUY 100 SSI", 60, "PRICE_OFF_TICK"), row("BUY 100 FPT", 100)], ["PRICE_OFF_TICK None None", ""]),
        ([row("BUY 100 SSI", 101, MONEY)], [f"{MONEY} None None"]),  # the gate has said so already
        ([row("SELL 300 SSI"), row("SELL 200 SSI")], ["", ""]),
        ([row("SELL 300 SSI"), row("SELL 201 SSI")], ["", f"{SHARES} 200 201"]),
        ([row("SELL 100 FPT")], [f"{SHARES} 0 100"]),
        ([row("SELL 500 SSI"), row("BUY 100 FPT", 101)], ["", f"{MONEY} 100 101"]),  # a sale pays nothing today
    ],
)
def test_each_row_finds_what_those_before_it_left(rows, expected):
    found = together(rows, buying_power_vnd=100, sellable={"SSI": 500})
    said = [" ".join(f"{one.code} {one.limit} {one.actual}" for one in judged.breaches) for judged in found]
    assert said == expected


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(0, 200))
def test_what_passes_together_can_be_paid_together(amounts, power):
    found = together([row("BUY 100 SSI", amount) for amount in amounts], buying_power_vnd=power, sellable={})
    assert sum(judged.needed_vnd for judged in found if not judged.breaches) <= power
    assert len(found) == len(amounts)


def test_the_order_of_the_rows_is_part_of_the_wish():
    first, second = row("BUY 100 SSI").request, row("BUY 100 FPT").request
    assert basket_hash([first, second]) != basket_hash([second, first])
    assert basket_hash([first]) == basket_hash([row("BUY 100 SSI").request])
