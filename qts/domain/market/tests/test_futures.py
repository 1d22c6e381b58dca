"""Months, expiry and names of index futures."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import (
    DayOverride,
    FutureContract,
    TradingCalendar,
    Underlying,
    expiry_day,
    find_future,
    front_months,
    rolling_names,
)
from qts.domain.values import Exchange

PLAIN = TradingCalendar()


@pytest.mark.parametrize(
    ("year", "month", "expires"),
    [
        (2025, 5, date(2025, 5, 15)),  # the month begins on a Thursday
        (2025, 8, date(2025, 8, 21)),  # on a Friday, so the third Thursday is as late as it can be
        (2025, 7, date(2025, 7, 17)),
        (2026, 1, date(2026, 1, 15)),
    ],
)
def test_a_future_expires_on_the_third_thursday(year, month, expires):
    assert expiry_day(year, month, PLAIN) == expires
    assert FutureContract(year, month).expiry_day(PLAIN) == expires


def test_it_expires_before_a_holiday():
    tet = TradingCalendar(frozenset(date(2026, 2, day) for day in (16, 17, 18, 19, 20)))
    assert expiry_day(2026, 2, tet) == date(2026, 2, 13)
    closed = TradingCalendar(
        overrides=frozenset({DayOverride(date(2026, 1, 15), is_open=False, exchange=Exchange.VNFE)})
    )
    assert expiry_day(2026, 1, closed) == date(2026, 1, 14)


@pytest.mark.parametrize(
    ("day", "aliases"),
    [
        (date(2025, 7, 1), "VN30F2507 VN30F2508 VN30F2509 VN30F2512"),
        (date(2025, 7, 17), "VN30F2507 VN30F2508 VN30F2509 VN30F2512"),  # still listed on its last day
        (date(2025, 7, 18), "VN30F2508 VN30F2509 VN30F2512 VN30F2603"),
        (date(2025, 8, 22), "VN30F2509 VN30F2510 VN30F2512 VN30F2603"),
        (date(2025, 12, 31), "VN30F2601 VN30F2602 VN30F2603 VN30F2606"),
    ],
)
def test_two_months_and_two_quarters_are_listed(day, aliases):
    assert [contract.alias for contract in front_months(day, PLAIN)] == aliases.split()
    assert [contract.alias for contract in rolling_names(day, PLAIN).values()] == aliases.split()
    assert list(rolling_names(day, PLAIN)) == ["VN30F1M", "VN30F2M", "VN30F1Q", "VN30F2Q"]


@pytest.mark.parametrize(
    ("contract", "code", "alias"),
    [
        (FutureContract(2025, 7), "41I1F7000", "VN30F2507"),
        (FutureContract(2025, 12), "41I1FC000", "VN30F2512"),
        (FutureContract(2026, 4), "41I1G4000", "VN30F2604"),
        (FutureContract(2025, 10, Underlying.VN100), "41I2FA000", "VN100F2510"),
        (FutureContract(2028, 3), "41I1J3000", "VN30F2803"),  # no I among the years
    ],
)
def test_codes_and_aliases(contract, code, alias):
    assert (contract.code, contract.alias) == (code, alias)
    for name in (code, alias):
        assert find_future(name, date(2025, 7, 1), PLAIN) == contract


def test_a_rolling_name_moves_on_after_expiry():
    assert find_future("VN30F1M", date(2025, 7, 17), PLAIN) == FutureContract(2025, 7)
    assert find_future("VN30F1M", date(2025, 7, 18), PLAIN) == FutureContract(2025, 8)
    assert find_future("VN100F2Q", date(2025, 7, 18), PLAIN) == FutureContract(2026, 3, Underlying.VN100)


@pytest.mark.parametrize("name", ["", "SSI", "VN30F3M", "VN30F2513", "VN30F250", "41I1F7001", "41I1I7000", "41I1F0000"])
def test_other_names_are_no_futures(name):
    with pytest.raises(ValueError, match="future"):
        find_future(name, date(2025, 7, 1), PLAIN)


@given(st.dates(date(2021, 1, 1), date(2035, 12, 31)))
def test_listed_contracts_are_four_alive_and_in_order(day):
    contracts = front_months(day, PLAIN)
    assert list(contracts) == sorted(set(contracts))
    assert len(contracts) == 4
    assert all(contract.expiry_day(PLAIN) >= day for contract in contracts)
    assert (contracts[0].expiry_day(PLAIN) - day).days <= 35
    assert all(contract.month % 3 == 0 for contract in contracts[2:])
