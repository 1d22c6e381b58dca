from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.adapters.ssi.numbers import BadNumber, centipoints, points_to_vnd, points_to_vnd_rounded, rounded, whole


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (24500.0, 24500),
        (24950, 24950),
        ("28600", 28600),
        ("28600.0", 28600),
        (" 100 ", 100),
        ("1e5", 100000),
        (0.0, 0),
        (-500.0, -500),
        (None, 0),
        ("", 0),
        ("NaN", 0),
        (11198429659100.0, 11198429659100),
        (9007199254740993, 9007199254740993),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_whole_numbers_come_over_exactly(value, integer):
    got = whole(value)
    assert got == integer
    assert type(got) is int


@pytest.mark.parametrize("value", [24500.5, "24500.5", 0.1, "abc", "Infinity", float("inf"), "1e400", "12,5", "0x10"])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(BadNumber):
        whole(value)


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (24642.228, 24642),
        (24642.5, 24643),
        (24641.5, 24642),
        (-0.5, -1),
        (2.5, 3),
        (185028289999.99728, 185028290000),
        (128454615.60380691, 128454616),
        ("NaN", 0),
        (None, 0),
        ("22927.93", 22928),
    ],
)
def test_derived_figures_are_rounded_half_away_from_zero(value, integer):
    assert rounded(value) == integer


@pytest.mark.parametrize(
    ("points", "vnd"),
    [
        (1280.5, 128_050_000),
        (1283.9, 128_390_000),
        (2011.6, 201_160_000),
        ("1283.9", 128_390_000),
        (1290, 129_000_000),
        (0.0, 0),
        (None, 0),
        ("NaN", 0),
        (0.1, 10_000),
        (1199.7, 119_970_000),
    ],
)
def test_points_become_vnd_per_contract(points, vnd):
    got = points_to_vnd(points)
    assert got == vnd
    assert type(got) is int


@pytest.mark.parametrize("points", [1280.500001, "1280.1234567", "x", 1e300])
def test_points_that_are_no_whole_vnd_are_refused(points):
    with pytest.raises(BadNumber):
        points_to_vnd(points)


def test_an_average_of_points_is_rounded_and_an_index_is_in_hundredths():
    assert points_to_vnd_rounded(1284.54615603) == 128_454_616
    assert centipoints(1876.81) == 187_681
    assert centipoints(1746.675) == 174_668
    assert centipoints("1746.36") == 174_636


@given(st.integers(1, 5_000_000))
def test_every_tenth_of_a_point_is_exact(tenths):
    assert points_to_vnd(tenths / 10) == tenths * 10_000
    assert points_to_vnd(str(Decimal(tenths) / 10)) == tenths * 10_000


@given(st.integers(-(10**15), 10**15))
def test_integers_survive_as_floats_and_as_text(integer):
    assert whole(float(integer)) == whole(str(integer)) == rounded(float(integer)) == integer


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**11), max_value=10**11))
def test_the_float_and_the_text_of_one_number_round_alike(number):
    assert rounded(float(number)) == rounded(str(number))


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_anything_is_an_integer_or_a_bad_number(value):
    for convert in (whole, rounded, points_to_vnd, points_to_vnd_rounded, centipoints):
        try:
            assert type(convert(value)) is int
        except BadNumber:
            continue
