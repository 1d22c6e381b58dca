"""Reference prices and what a right takes off them."""

from datetime import date
from fractions import Fraction

import pytest

from qts.domain.market import average_reference_vnd, reference_basis, reference_price_after_rights, rule_book_on
from qts.domain.values import Exchange, InstrumentKind

RULES = rule_book_on(date(2026, 1, 5))

HOSE, HNX, UPCOM, VNFE = Exchange.HOSE, Exchange.HNX, Exchange.UPCOM, Exchange.VNFE
STOCK = InstrumentKind.STOCK


def test_each_venue_has_its_basis():
    assert {exchange: str(reference_basis(RULES, exchange)) for exchange in Exchange} == {
        HOSE: "CLOSE",
        HNX: "CLOSE",
        UPCOM: "AVERAGE",
        VNFE: "SETTLEMENT",
    }


@pytest.mark.parametrize(
    ("value_vnd", "quantity", "reference_vnd"),
    [
        (0, 0, 12_300),  # nothing traded: as before
        (1_234_000, 100, 12_300),
        (1_235_000, 100, 12_400),  # exactly between two steps: the higher
        (1_234_999, 100, 12_300),
        (10_000 * 300 + 10_100 * 100, 400, 10_000),
    ],
)
def test_upcom_takes_the_average_to_its_step(value_vnd, quantity, reference_vnd):
    found = average_reference_vnd(RULES, UPCOM, STOCK, value_vnd=value_vnd, quantity=quantity, before_vnd=12_300)
    assert found == reference_vnd


@pytest.mark.parametrize(
    ("exchange", "close_vnd", "rights", "reference_vnd"),
    [
        (HOSE, 25_000, {}, 25_000),
        (HOSE, 25_000, {"cash_dividend_vnd": 1_500}, 23_500),
        (HOSE, 25_000, {"bonus_ratio": Fraction(1, 5)}, 20_850),  # 20,833.3
        (HOSE, 25_000, {"rights_ratio": Fraction(1, 2), "subscription_price_vnd": 10_000}, 20_000),
        # all three at once: (30,000 + 10,000/4 - 1,000) / (1 + 1/4 + 1/10) = 23,333.3
        (
            HOSE,
            30_000,
            {
                "rights_ratio": Fraction(1, 4),
                "subscription_price_vnd": 10_000,
                "cash_dividend_vnd": 1_000,
                "bonus_ratio": Fraction(1, 10),
            },
            23_350,
        ),
        (HOSE, 10_200, {"cash_dividend_vnd": 345}, 9_860),  # 9,855: the step of the price that comes out
        (HOSE, 50_100, {"cash_dividend_vnd": 120}, 50_000),  # 49,980 rounds up over the threshold
        (HNX, 25_000, {"bonus_ratio": Fraction(1, 5)}, 20_800),
    ],
)
def test_rights_come_off_the_close(exchange, close_vnd, rights, reference_vnd):
    assert reference_price_after_rights(RULES, exchange, STOCK, close_vnd, **rights) == reference_vnd


def test_a_dividend_above_the_price_is_an_error():
    with pytest.raises(ValueError, match="no price"):
        reference_price_after_rights(RULES, HOSE, STOCK, 1_000, cash_dividend_vnd=1_000)
