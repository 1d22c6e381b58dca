"""What people type into the ticket."""

import pytest
from django.utils import translation

from apps.portal.forms import read_price_vnd, read_quantity
from apps.portal.views.refusals import reason_text


@pytest.mark.parametrize(
    ("text", "vnd"),
    [
        ("25.30", 25_300),
        ("25,30", 25_300),
        (" 25.3 ", 25_300),
        ("1,234.50", 1_234_500),
        ("1.234,50", 1_234_500),
        ("25", 25_000),
        ("25.", 25_000),
        ("-1", -1_000),
        ("２５.５", 25_500),  # as an input method for another language types it
    ],
)
def test_a_price_is_read_as_the_board_writes_it(text, vnd):
    assert read_price_vnd(text, 1_000) == vnd


def test_points_of_a_future_become_vnd_of_a_contract():
    assert read_price_vnd("1,280.5", 100_000) == 128_050_000


NO_PRICES = [
    *("", "-", ".", "abc", "25.3055", "25.30.1", "1.234.50", "1,23,456", "9" * 20, "25 30", "--1", "25²"),
    *("NaN", "Infinity", "1e3", "1e3000", "9e999999", "1_000", "0x19"),  # numbers to a program, not on a board
]


@pytest.mark.parametrize("text", NO_PRICES)
def test_what_is_not_whole_vnd_is_refused(text):
    with pytest.raises(ValueError, match="not"):
        read_price_vnd(text, 1_000)


@pytest.mark.parametrize(("text", "shares"), [("100", 100), ("1,200", 1_200), ("1.200", 1_200), ("-100", -100)])
def test_a_quantity_is_whole_shares(text, shares):
    assert read_quantity(text) == shares


@pytest.mark.parametrize("text", ["", "1.5", "1,5", "1,20", "1e3", "ten", "1_000", "٣٠٠x", "9" * 16])
def test_what_is_not_whole_shares_is_refused(text):
    with pytest.raises(ValueError, match="not whole shares"):
        read_quantity(text)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("NOT_SENT_IN_TIME", "It could not leave for a minute and was taken back: the broker was away."),
        ("ORD012: Order cannot be modified", "ORD012: Order cannot be modified"),
        ("", ""),
    ],
)
def test_a_reason_is_a_sentence_or_the_brokers_own_words(reason, shown):
    with translation.override("en"):
        assert reason_text(reason) == shown
