"""Old prices made comparable: by hand, and against a provider's adjusted prices of fourteen years."""

import csv
import gzip
import os
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.portfolio.price_adjusting import adjusted_vnd, ex_date_factor

SHARED = Path(os.environ.get("QTS_SHARED_DATA") or Path(__file__).resolve().parents[5] / "shared" / "data")
ACTIONS, PRICES = (
    SHARED / "corporate" / name for name in ("corporate_actions_2021.csv.gz", "vn_daily_adj_unadj_to_2021.csv.gz")
)
CASH = ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1_500)
STOCK = ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=15, old_shares=100)
RIGHTS = ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=4, subscription_price_vnd=12_000)


@pytest.mark.parametrize(
    ("terms", "close_vnd", "after_vnd"),
    [
        ([CASH], 25_000, Fraction(23_500)),
        ([STOCK], 23_000, Fraction(20_000)),
        ([ActionTerms(ActionKind.BONUS, new_shares=1, old_shares=1)], 23_000, Fraction(11_500)),
        ([ActionTerms(ActionKind.SPLIT, new_shares=3, old_shares=2)], 30_000, Fraction(20_000)),
        ([ActionTerms(ActionKind.SPLIT, new_shares=1, old_shares=10)], 3_000, Fraction(30_000)),
        ([RIGHTS], 22_000, Fraction(20_000)),
        ([CASH, STOCK], 24_500, Fraction(20_000)),
        ([], 24_500, Fraction(24_500)),
    ],
)
def test_the_price_after_a_right_came_off(terms, close_vnd, after_vnd):
    assert ex_date_factor(terms, close_vnd) * close_vnd == after_vnd


def test_a_dividend_above_the_price_and_nonsense_are_refused():
    with pytest.raises(ValueError, match="1500 VND comes off a price of 1500"):
        ex_date_factor([CASH], 1_500)
    with pytest.raises(ValueError, match="ratio"):
        ex_date_factor([ActionTerms(ActionKind.BONUS)], 20_000)


@pytest.mark.parametrize(("price_vnd", "factor", "adjusted"), [(25, "1/2", 13), (10, "1/3", 3), (20_000, "1", 20_000)])
def test_adjusted_prices_are_whole_dong_with_halves_upwards(price_vnd, factor, adjusted):
    assert adjusted_vnd(price_vnd, Fraction(factor)) == adjusted


@pytest.mark.shared_data
@pytest.mark.skipif(not (ACTIONS.is_file() and PRICES.is_file()), reason="needs recorded prices, which are not shipped")
def test_cash_dividends_since_2012_adjust_as_the_provider_adjusted():
    """Where one dividend alone came off: what lies between adjusted and plain closes changes by the factor that day."""
    closes = defaultdict(list)
    with gzip.open(PRICES, "rt") as file:
        for row in csv.DictReader(file):
            closes[row["symbol"]].append((row["date"][:10], float(row["close"]), float(row["unadjusted"])))
    errors = []
    for symbol, day, dividend_vnd in lone_dividends():
        known = sorted(closes.get(symbol, []))
        at = next((place for place, one in enumerate(known) if one[0] >= day), 0)
        if not at or known[at][0] != day:
            continue
        before, after = known[at - 1], known[at]
        terms = ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=dividend_vnd)
        if dividend_vnd < round(before[2] * 1_000):
            ours = float(ex_date_factor([terms], round(before[2] * 1_000)))
            errors.append(abs((before[1] / before[2]) / (after[1] / after[2]) / ours - 1))
    errors.sort()
    print(f"{len(errors)} dividends, error in the middle {errors[len(errors) // 2]:.5f}")
    assert len(errors) > 500
    assert errors[len(errors) // 2] < 0.001
    assert sum(error < 0.005 for error in errors) > 0.85 * len(errors)


def lone_dividends():
    """Symbol, ex-date and VND a share."""
    by_day = defaultdict(list)
    with gzip.open(ACTIONS, "rt") as file:
        for row in csv.DictReader(file):
            if row["type"] in {"DIVIDEND", "STOCKDIV", "KINDDIV", "ISSUE"} and row["effectiveDate"] >= "2012":
                by_day[row["symbol"], row["effectiveDate"][:10]].append(row)
    for (symbol, day), rows in sorted(by_day.items()):
        if [row["type"] for row in rows] == ["DIVIDEND"] and float(rows[0]["dividend"] or 0) > 0:
            yield symbol, day, round(float(rows[0]["dividend"]))
