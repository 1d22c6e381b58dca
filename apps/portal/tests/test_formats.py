"""Numbers as the board shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.portal.views import formats


@pytest.mark.parametrize(
    ("vnd", "kind", "text"),
    [
        (25_300, "STOCK", "25.30"),
        (9_990, "STOCK", "9.99"),
        (105_000, "STOCK", "105.00"),
        (1_234_500, "STOCK", "1,234.50"),
        (24_642, "STOCK", "24.64"),
        (24_645, "STOCK", "24.65"),
        (128_050_000, "FUTURE", "1,280.50"),
        (0, "STOCK", "–"),
        (None, "STOCK", "–"),
        (-150, "STOCK", "−0.15"),
    ],
)
def test_a_price_is_shown_in_thousand_vnd_or_points(vnd, kind, text):
    assert formats.price_text(vnd, kind) == text


@given(st.integers(min_value=1, max_value=10**7))
def test_a_price_of_whole_board_cents_reads_back_exactly(cents):
    shown = formats.price_text(cents * 10).replace(",", "")
    assert round(float(shown) * 1000) == cents * 10


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(300, 25_000, "+1.20%"), (-300, 25_000, "−1.20%"), (0, 25_000, "0.00%"), (1, 3, "+33.33%"), (1, 0, "–")],
)
def test_percent_has_a_sign_and_two_decimals(part, whole, text):
    assert formats.percent_text(part, whole) == text


@pytest.mark.parametrize(
    ("price", "css"),
    [
        (26_750, "c-ceiling"), (25_050, "c-up"), (25_000, "c-reference"), (24_950, "c-down"), (23_250, "c-floor"),
        (0, "c-none"),
    ],
)  # fmt: skip
def test_each_price_has_its_colour(price, css):
    assert formats.price_class(price, 25_000, 26_750, 23_250) == css


def test_without_a_reference_nothing_is_coloured():
    assert formats.price_class(25_000, 0, 0, 0) == "c-none"


def test_large_numbers_are_grouped():
    assert formats.quantity_text(1_234_500) == "1,234,500"
    assert formats.money_text(-5_000_000) == "−5,000,000"
    assert formats.signed(5, plus=True) == "+5"
    assert formats.billions_text(12_345_600_000_000) == "12,345.6"
    assert formats.index_text(128_050) == "1,280.50"
    assert formats.money_text(None) == "–"
