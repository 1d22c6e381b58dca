"""What the gate measured, beside each limit: equal to what it refused on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.errors import RuleCode
from qts.domain.risk import RULES, Figure, all_breaches, controls_asked, figures_of, headroom, is_floor, used_bps
from qts.domain.risk.tests.orders import QUIET, order, under, with_account

LIMITS_OF = sorted(code for code, rule in RULES.items() if rule.measure is not None)


def test_a_purchase_shows_each_limit_in_force_and_the_checks_that_compare_numbers():
    found = figures_of(QUIET, order("BUY 300 SSI @ 25_050"))
    assert found[RuleCode.ORDER_VALUE_EXCEEDS_MAX] == Figure(100_000_000, 7_515_000)
    assert found[RuleCode.POSITION_EXCEEDS_MAX] == Figure(20_000, 10_300)
    assert found[RuleCode.PRICE_ABOVE_CEILING] == Figure(26_750, 25_050)
    assert found[RuleCode.PRICE_BELOW_FLOOR] == Figure(23_250, 25_050)
    assert found[RuleCode.BUYING_POWER_EXCEEDED].limit == 1_000_000_000
    assert RuleCode.SELLABLE_QUANTITY_EXCEEDED not in found
    assert list(found) == [code for code in RULES if code in found]


def test_a_sale_is_asked_what_concerns_sales():
    found = figures_of(QUIET, order("SELL 300 SSI @ 25_050"))
    assert found[RuleCode.SELLABLE_QUANTITY_EXCEEDED] == Figure(10_000, 300)
    assert not {RuleCode.BUYING_POWER_EXCEEDED, RuleCode.POSITION_EXCEEDS_MAX} & found.keys()
    assert set(controls_asked(is_sale=True)) < set(controls_asked(is_sale=False))


def test_a_control_that_cannot_answer_has_no_figure():
    unknown = with_account(day_pnl_vnd=None)
    assert RuleCode.DAILY_LOSS_EXCEEDS_MAX not in figures_of(unknown, order("BUY 300 SSI @ 25_050"))
    assert RuleCode.UNKNOWN_SYMBOL not in figures_of(QUIET, order("BUY 300 XYZ @ 25_050", instrument=None))


@pytest.mark.parametrize(
    ("code", "figure", "left", "used"),
    [
        ("ORDER_VALUE_EXCEEDS_MAX", Figure(100, 25), 75, 2_500),
        ("ORDER_VALUE_EXCEEDS_MAX", Figure(100, 150), -50, 15_000),
        ("DAILY_LOSS_EXCEEDS_MAX", Figure(100, -40), 140, 0),
        ("SYMBOL_RESTRICTED", Figure(0, 300), -300, None),
        ("MARGIN_RATIO_BELOW_MIN", Figure(5_000, 10_000), 5_000, 5_000),
        ("PRICE_BELOW_FLOOR", Figure(23_250, 25_000), 1_750, None),
        ("PRICE_ABOVE_CEILING", Figure(26_750, 25_000), 1_750, None),
        ("QUOTE_STALE", Figure(1_000, None), None, None),
    ],
)
def test_headroom_and_use(code, figure, left, used):
    assert (headroom(RuleCode(code), figure), used_bps(RuleCode(code), figure)) == (left, used)


@given(
    limits=st.dictionaries(st.sampled_from(LIMITS_OF), st.integers(0, 2_000_000_000), max_size=12),
    side=st.sampled_from(["BUY", "SELL"]),
    quantity=st.integers(1, 200).map(lambda lots: lots * 100),
    price=st.integers(460, 540).map(lambda ticks: ticks * 50),
)
def test_an_overstepped_figure_is_a_breach_and_the_reverse(limits, side, quantity, price):
    snapshot, intent = under(QUIET, **limits), order(f"{side} {quantity} SSI @ {price}")
    figures = figures_of(snapshot, intent)
    breaches = {breach.code: breach for breach in all_breaches(snapshot, intent)}
    overstepped = {code for code, figure in figures.items() if (headroom(code, figure) or 0) < 0}
    assert overstepped == {code for code in breaches if code in figures}
    for code in overstepped:
        assert (breaches[code].limit, breaches[code].actual) == (figures[code].limit, figures[code].actual)


def test_which_limits_are_floors():
    floors = {code for code in RULES if is_floor(code)}
    assert RuleCode.PRICE_BELOW_FLOOR in floors
    assert RuleCode.POSITION_EXCEEDS_MAX not in floors
