from datetime import UTC, date, datetime

import pytest

from qts.domain.market import TradingCalendar, built_in_history
from qts.domain.portfolio import (
    Valued,
    day_pnl_vnd,
    market_value_vnd,
    sellable_quantity,
    settles_at,
    unrealised_pnl_vnd,
)

TET = TradingCalendar(frozenset(date(2026, 2, day) for day in (16, 17, 18, 19, 20)))


@pytest.mark.parametrize(
    ("trade_day", "arrives"),
    [
        (date(2026, 11, 16), datetime(2026, 11, 18, 6, 0, tzinfo=UTC)),  # Monday: Wednesday 13:00 in Vietnam
        (date(2026, 11, 19), datetime(2026, 11, 23, 6, 0, tzinfo=UTC)),  # Thursday: over the weekend to Monday
        (date(2026, 2, 12), datetime(2026, 2, 23, 6, 0, tzinfo=UTC)),  # Thursday before Tet: 13 and 23 February
    ],
)
def test_a_trade_arrives_at_one_in_the_afternoon_of_the_second_trading_day(trade_day, arrives):
    assert settles_at(built_in_history(), trade_day, TET) == arrives


@pytest.mark.parametrize(
    ("quantity", "unsettled", "reserved", "sellable"),
    [(1_000, 300, 200, 500), (1_000, 1_000, 0, 0), (1_000, 700, 400, 0), (0, 0, 0, 0)],
)
def test_only_what_arrived_and_is_promised_to_nobody_can_be_sold(quantity, unsettled, reserved, sellable):
    assert sellable_quantity(quantity=quantity, unsettled=unsettled, reserved_quantity=reserved) == sellable


def test_value_and_open_profit_use_the_mark():
    holdings = [Valued(100, 2_503_750, 26_000), Valued(200, 10_000_000, 49_500)]
    assert market_value_vnd(holdings) == 2_600_000 + 9_900_000
    assert [unrealised_pnl_vnd(holding) for holding in holdings] == [96_250, -100_000]


def test_the_days_profit_is_measured_against_yesterdays_close():
    # opened with 1,000,000 cash and 100 shares at 20,000; now 3,150,000 in all
    profit = day_pnl_vnd(
        equity_vnd=3_150_000,
        opening_cash_vnd=1_000_000,
        opening_quantities={"SSI": 100, "VNM": 0},
        reference_vnd={"SSI": 20_000},
    )
    assert profit == 150_000


def test_a_held_symbol_without_a_reference_is_an_error_not_a_zero():
    with pytest.raises(KeyError):
        day_pnl_vnd(equity_vnd=1, opening_cash_vnd=1, opening_quantities={"SSI": 100}, reference_vnd={})
