from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import (
    Band,
    is_on_tick,
    next_price_down,
    next_price_up,
    price_band,
    round_down_to_tick,
    rule_book_on,
    tick_size_vnd,
    warrant_band,
)
from qts.domain.values import Exchange, InstrumentKind

RULES = rule_book_on(date(2026, 1, 5))

STOCK, ETF, WARRANT, FUTURE = (
    InstrumentKind.STOCK,
    InstrumentKind.ETF,
    InstrumentKind.WARRANT,
    InstrumentKind.FUTURE,
)
HOSE, HNX, UPCOM, VNFE = Exchange.HOSE, Exchange.HNX, Exchange.UPCOM, Exchange.VNFE
BOARDS = [(HOSE, STOCK), (HOSE, ETF), (HNX, STOCK), (HNX, ETF), (UPCOM, STOCK)]


@pytest.mark.parametrize(
    ("exchange", "kind", "price_vnd", "tick_vnd"),
    [
        (HOSE, STOCK, 9_990, 10),
        (HOSE, STOCK, 10_000, 50),
        (HOSE, STOCK, 49_950, 50),
        (HOSE, STOCK, 50_000, 100),
        (HOSE, ETF, 60_000, 10),
        (HOSE, WARRANT, 1_250, 10),
        (HNX, STOCK, 900, 100),
        (UPCOM, STOCK, 90_000, 100),
        (HNX, ETF, 15_001, 1),
        (VNFE, FUTURE, 128_050_000, 10_000),
    ],
)
def test_tick_size(exchange, kind, price_vnd, tick_vnd):
    assert tick_size_vnd(RULES, exchange, kind, price_vnd) == tick_vnd


@pytest.mark.parametrize(
    ("price_vnd", "on_tick"),
    [(9_995, False), (9_990, True), (10_010, False), (10_050, True), (50_050, False), (50_100, True), (0, False)],
)
def test_on_tick_on_hose(price_vnd, on_tick):
    assert is_on_tick(RULES, HOSE, STOCK, price_vnd) is on_tick


def test_steps_change_at_the_thresholds():
    assert next_price_up(RULES, HOSE, STOCK, 49_950) == 50_000
    assert next_price_up(RULES, HOSE, STOCK, 50_000) == 50_100
    assert next_price_down(RULES, HOSE, STOCK, 50_000) == 49_950
    assert next_price_down(RULES, HOSE, STOCK, 10_000) == 9_990


@pytest.mark.parametrize(
    ("board", "reference_vnd", "first_day", "band"),
    [
        ((HOSE, STOCK), 9_800, False, Band(10_450, 9_120)),  # each bound takes the step valid at its own price
        ((HOSE, STOCK), 46_750, False, Band(50_000, 43_500)),
        ((HOSE, STOCK), 100, False, Band(110, 90)),  # rounding back to the reference moves one step outward
        ((UPCOM, STOCK), 500, False, Band(600, 400)),
        ((HNX, STOCK), 100, False, Band(200, 100)),  # a floor at zero becomes the reference
        ((HNX, STOCK), 20_000, True, Band(26_000, 14_000)),
        ((VNFE, FUTURE), 128_050_000, False, Band(137_010_000, 119_090_000)),
    ],
)
def test_band(board, reference_vnd, first_day, band):
    assert price_band(RULES, *board, reference_vnd, first_day) == band


def test_a_band_holds_its_own_bounds_and_nothing_beyond():
    band = Band(ceiling_vnd=10_450, floor_vnd=9_120)
    assert band.holds(10_450)
    assert band.holds(9_120)
    assert not band.holds(10_500)
    assert not band.holds(9_110)


def test_the_band_of_a_warrant_follows_its_underlying():
    # 20,000 +- 1,400; four warrants a share: +- 350 around 1,500
    underlying = price_band(RULES, HOSE, STOCK, 20_000)
    assert underlying == Band(21_400, 18_600)
    assert warrant_band(RULES, 1_500, 20_000, underlying, (4, 1)) == Band(1_850, 1_150)
    with pytest.raises(ValueError, match="underlying"):
        price_band(RULES, HOSE, WARRANT, 1_500)


def test_no_band_without_a_reference():
    with pytest.raises(ValueError, match="positive"):
        price_band(RULES, HOSE, STOCK, 0)


@given(board=st.sampled_from(BOARDS), price_vnd=st.integers(min_value=1_000, max_value=2_000_000))
def test_bounds_are_valid_prices_around_the_reference(board, price_vnd):
    exchange, kind = board
    reference_vnd = round_down_to_tick(RULES, exchange, kind, price_vnd)
    band = price_band(RULES, exchange, kind, reference_vnd)
    assert is_on_tick(RULES, exchange, kind, band.ceiling_vnd)
    assert is_on_tick(RULES, exchange, kind, band.floor_vnd)
    assert band.floor_vnd < reference_vnd < band.ceiling_vnd
    percent = {HOSE: 7, HNX: 10, UPCOM: 15}[exchange]
    # the next price outward would break the percentage, unless the bound was already moved out by one step
    beyond_vnd = next_price_up(RULES, exchange, kind, band.ceiling_vnd)
    assert beyond_vnd * 100 > reference_vnd * (100 + percent)
    below_vnd = next_price_down(RULES, exchange, kind, band.floor_vnd)
    assert below_vnd * 100 < reference_vnd * (100 - percent)


@given(board=st.sampled_from(BOARDS), price_vnd=st.integers(min_value=1_000, max_value=2_000_000))
def test_up_and_down_are_inverse(board, price_vnd):
    exchange, kind = board
    price_vnd = round_down_to_tick(RULES, exchange, kind, price_vnd)
    assert next_price_down(RULES, exchange, kind, next_price_up(RULES, exchange, kind, price_vnd)) == price_vnd
