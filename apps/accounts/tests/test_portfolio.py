"""What it is worth now. SSI opened at a reference of 25,000: the day began with 100,000,000 + 1,000 x 25,000."""

from uuid import uuid4

import pytest

from apps.accounts import selectors
from apps.accounts.tests.conftest import MONDAY, day
from apps.accounts.tests.live_market import clock_at
from qts.domain.errors import TerminalError
from qts.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL


def test_shares_are_valued_at_the_last_price(account_id, market):
    market.quote("SSI", 25_500)
    view = selectors.portfolio(account_id, MONDAY)
    (held,) = view.positions
    assert (held.mark_vnd, held.market_value_vnd, held.average_cost_vnd) == (25_500, 25_500_000, 24_000)
    assert held.unrealised_pnl_vnd == view.unrealised_pnl_vnd == 1_500_000
    assert view.equity_vnd == 125_500_000
    assert view.day_pnl_vnd == 500_000


def test_before_the_first_match_the_reference_is_the_mark(account_id, market):
    market.quote("SSI", 0)
    view = selectors.portfolio(account_id, MONDAY)
    assert (view.market_value_vnd, view.day_pnl_vnd) == (25_000_000, 0)


def test_the_days_profit_counts_trades_with_their_fees_and_tax(account_id, desk, market):
    """Sold 300 at 26,000 (7,800,000 - 11,700 - 7,800), bought 200 at 25,500 (5,100,000 + 7,650), now at 25,600."""
    desk.fill(SELL, 300, 26_000)
    desk.fill(BUY, 200, 25_500)
    market.quote("SSI", 25_600)
    view = selectors.portfolio(account_id, MONDAY)
    assert view.state.cash_vnd == 100_000_000 + 7_780_500 - 5_107_650
    assert view.equity_vnd == 102_672_850 + 900 * 25_600
    assert view.day_pnl_vnd == 102_672_850 + 23_040_000 - 125_000_000


def test_yesterdays_gain_is_not_todays(account_id, desk, market, settings):
    desk.fill(SELL, 300, 26_000)
    settings.MARKET_CLOCK = clock_at(day(1))
    market.now = day(1)
    market.quote("SSI", 26_100, reference_vnd=26_000)
    view = selectors.portfolio(account_id, day(1))
    assert view.day_pnl_vnd == 700 * 100


def test_a_position_sold_out_today_still_counts_in_the_days_profit(account_id, desk, market):
    desk.fill(SELL, 1_000, 24_000)  # 24,000,000 - 36,000 - 24,000 against 25,000,000 at the reference
    market.quote("SSI", 23_500)
    assert selectors.portfolio(account_id, MONDAY).day_pnl_vnd == -1_060_000


def test_without_a_price_the_value_is_unknown_not_zero(account_id, market):
    view = selectors.portfolio(account_id, MONDAY)
    assert (view.market_value_vnd, view.unrealised_pnl_vnd, view.equity_vnd, view.day_pnl_vnd) == (None,) * 4
    assert view.positions[0].mark_vnd is None
    assert view.state.cash_vnd == 100_000_000


def test_a_price_of_yesterday_is_no_price(account_id, market, settings):
    market.quote("SSI", 25_500)
    settings.MARKET_CLOCK = clock_at(day(1))
    assert selectors.portfolio(account_id, day(1)).equity_vnd is None


def test_an_unknown_account_is_an_error(db):
    with pytest.raises(TerminalError, match="no account"):
        selectors.portfolio(uuid4(), MONDAY)
