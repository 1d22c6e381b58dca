"""Did value at risk keep its word on real days? `python -m benchmarks.value_at_risk` writes docs/value-at-risk.*.

Daily prices are not part of this repository: they come from the folder QTS_SHARED_DATA, or ../shared/data beside it.
"""

import csv
import gzip
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from qts.quant.value_at_risk import METHODS, Floats, returns_of
from qts.quant.value_at_risk_backtest import (
    Backtest,
    backtest,
    basel_zone,
    christoffersen,
    conditional_coverage,
    kupiec,
)

ROOT = Path(__file__).resolve().parents[1]
DAILY = Path(os.environ.get("QTS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "daily"
DOCUMENT, PICTURE = ROOT / "docs" / "value-at-risk.md", ROOT / "docs" / "value-at-risk.png"
BASKET = ("ACB", "CTG", "FPT", "GAS", "HPG", "MBB", "MWG", "SSI", "VCB", "VNM")
PORTFOLIOS: Mapping[str, tuple[str, ...]] = {
    "ten shares, equal value": BASKET, "HPG": ("HPG",), "VCB": ("VCB",), "SSI": ("SSI",),
}  # fmt: skip
CONFIDENCES = (0.95, 0.99)
WINDOW = 250
FIRST_DAY = "2016-07-01"
NAMES = {
    "historical": "historical", "filtered_historical": "historical, filtered", "parametric": "parametric",
    "monte_carlo": "Monte Carlo",
}  # fmt: skip


def main() -> None:
    closes = read_closes(BASKET)
    days = sorted(set.intersection(*(set(found) for found in closes.values())))
    found = {
        (name, method, confidence): run(closes, days, symbols, method, confidence)
        for name, symbols in PORTFOLIOS.items()
        for method in METHODS
        for confidence in CONFIDENCES
    }
    DOCUMENT.write_text("\n".join(page(found, days)) + "\n", encoding="utf-8")
    draw(found, days)


def read_closes(symbols: Iterable[str]) -> dict[str, dict[str, float]]:
    """Adjusted closes by symbol and day, from FIRST_DAY on."""
    closes: dict[str, dict[str, float]] = {symbol: {} for symbol in symbols}
    with gzip.open(DAILY / "vn_daily_adjusted.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["symbol"] in closes and row["date"] >= FIRST_DAY:
                closes[row["symbol"]][row["date"]] = float(row["close"])
    return closes


def run(
    closes: Mapping[str, Mapping[str, float]], days: list[str], symbols: tuple[str, ...], method: str, confidence: float
) -> Backtest:
    """100 VND, spread equally over the symbols and put back into balance each evening: losses are percents."""
    table: Floats = np.array([[closes[symbol][day] for symbol in symbols] for day in days])
    exposures: Floats = np.full(len(symbols), 100.0 / len(symbols))
    return backtest(returns_of(table), exposures, confidence, METHODS[method], window=WINDOW)


def page(found: Mapping[tuple[str, str, float], Backtest], days: list[str]) -> Iterator[str]:
    judged = next(iter(found.values())).days
    yield from INTRODUCTION.format(judged=f"{judged:,}", first=days[WINDOW + 1], last=days[-1]).splitlines()
    for name in PORTFOLIOS:
        yield from ("", f"## {name[0].upper()}{name[1:]}", "", *HEAD)
        for confidence in CONFIDENCES:
            for method in METHODS:
                yield _row(found[name, method, confidence], method)
    yield from ("", *READING.format(**_counts(found)).splitlines())


def _row(one: Backtest, method: str) -> str:
    unconditional, independent = kupiec(one.exceptions, one.days, one.confidence), christoffersen(one.hits)
    both = conditional_coverage(one.hits, one.confidence)
    latest = one.hits[-250:]
    zone = basel_zone(sum(latest), len(latest), one.confidence)
    return (
        f"| {one.confidence:.0%} | {NAMES[method]} | {one.values_at_risk.mean():.2f} % | {one.expected:.0f} |"
        f" {one.exceptions} | {unconditional.statistic:.2f} | {_p(unconditional.p_value)} |"
        f" {_p(independent.p_value)} | {_p(both.p_value)} | {sum(latest)} {zone} |"
    )


def _p(value: float) -> str:
    text = f"{value:.3f}" if value >= 0.001 else "< 0.001"
    return text if value > 0.05 else f"**{text}**"


def _counts(found: Mapping[tuple[str, str, float], Backtest]) -> dict[str, str]:
    """How many of each method's backtests pass each test, as "3 of 8"."""
    counts: dict[str, str] = {}
    for method in METHODS:
        mine = [one for (_, name, _), one in found.items() if name == method]
        right = sum(kupiec(one.exceptions, one.days, one.confidence).p_value > 0.05 for one in mine)
        both = sum(conditional_coverage(one.hits, one.confidence).p_value > 0.05 for one in mine)
        counts |= {method: f"{right} of {len(mine)}", f"{method}_both": f"{both} of {len(mine)}"}
    return counts


def draw(found: Mapping[tuple[str, str, float], Backtest], days: list[str]) -> None:
    """Exceptions of a year against what was promised, for the basket: statistics, no prices."""
    from matplotlib import pyplot

    name = next(iter(PORTFOLIOS))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axes, confidence in zip((left, right), CONFIDENCES, strict=True):
        for position, method in enumerate(METHODS):
            one = found[name, method, confidence]
            years = [int(day[:4]) for day in days[WINDOW + 1 :]]
            shown = sorted(set(years))
            shares = [
                100 * np.mean([hit for hit, year in zip(one.hits, years, strict=True) if year == of]) for of in shown
            ]
            axes.bar(np.array(shown) + (position - 1.5) * 0.2, shares, width=0.2, label=NAMES[method])
        axes.axhline(100 * (1 - confidence), color="black", linewidth=1, label="promised")
        axes.set_title(f"days with a loss over the {confidence:.0%} value at risk, % of a year")
    left.legend(fontsize=8)
    figure.savefig(PICTURE, dpi=110)


HEAD = (
    "| level | method | mean VaR | promised | exceptions | Kupiec LR | p (number) | p (independent) | p (both) |"
    " last 250 days |",
    "|---|---|---|---|---|---|---|---|---|---|",
)
INTRODUCTION = """# Value at risk: does it keep its word?

<!-- Written by `python -m benchmarks.value_at_risk`; the words stand there too. -->

The risk page shows the value at risk (VaR) and the expected shortfall of an account and of the firm over one trading
day, in four ways (`qts/quant/value_at_risk.py`). Here every way is judged on real daily prices of Vietnamese shares,
adjusted for dividends and splits: {judged} days from {first} to {last}. The estimate of each evening saw the
{window} days before, and no more; the loss of the next day was an exception if it was larger.

* historical: the past days as they were.
* historical, filtered: each past day scaled from its own volatility (weights fall by 0.94 a day) to the present one.
* parametric: normal with the mean and deviation of the past days.
* Monte Carlo: 20,000 draws of Student's t (five degrees of freedom) with their means and covariances.

Kupiec's test asks whether the number of exceptions is the promised one, Christoffersen's whether the day after an
exception is like any other day; p (both) asks for the two at once. A bold p is under 5 %: the method did not keep its
word there. The last column counts exceptions in the last 250 days with Basel's traffic light.""".replace(
    "{window}", str(WINDOW)
)
READING = """## What it says

![Exceptions by year](value-at-risk.png)

| method | right number (Kupiec) | right number and independent |
|---|---|---|
| historical | {historical} | {historical_both} |
| historical, filtered | {filtered_historical} | {filtered_historical_both} |
| parametric | {parametric} | {parametric_both} |
| Monte Carlo | {monte_carlo} | {monte_carlo_both} |

Prices move at most 7 % a day on HOSE, and falls come in rows: March 2020, April to November 2022, April 2025. A window
of a year that weighs all days the same learns of such weeks when they are over, so its exceptions cluster. The filtered
figure follows the volatility; it is what the risk page puts first. No method knows of a position that cannot be sold at
the floor price for days: for that there is the scenario page. Expected shortfall is the mean loss on the days beyond
the VaR. Where fewer than 30 days of prices are stored, the risk page says so instead of a figure."""


if __name__ == "__main__":
    main()
