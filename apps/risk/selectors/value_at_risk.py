"""Value at risk of what is held now, from the stored daily prices, with a backtest of its exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from apps.marketdata.selectors import daily_bars
from qts.quant.value_at_risk import DAYS_MIN, METHODS, Floats, returns_of
from qts.quant.value_at_risk_backtest import backtest, basel_zone, kupiec

DAYS_MAX = 500
CONFIDENCES = (95, 99)
TAIL_DAYS_MIN: Mapping[int, int] = {95: DAYS_MIN, 99: 100}  # below it not one day lies beyond the level
WINDOW = 250
JUDGED_DAYS_MIN = 10
SLOW = "monte_carlo"  # 20,000 draws for every judged evening: the document judges it, a page does not wait for it


@dataclass(frozen=True, slots=True)
class RiskLine:
    """One method at one level. The backtest is None where too few days were left to judge."""

    method: str
    confidence_percent: int
    value_at_risk_vnd: int
    expected_shortfall_vnd: int
    judged_days: int | None
    exceptions: int | None
    kupiec_p_percent: int | None
    zone: str


@dataclass(frozen=True, slots=True)
class ValueAtRisk:
    """`days` of common history; `without_history` are held symbols that had to be left out."""

    days: int
    days_needed: int
    lines: tuple[RiskLine, ...]
    without_history: tuple[str, ...]
    covered_bps: int


def value_at_risk(values_vnd: Mapping[str, int], before: date) -> ValueAtRisk:
    """Of so much held in each symbol, from the days before `before`. No lines where the history is too short."""
    closes = {symbol: _closes(symbol, before) for symbol, value in values_vnd.items() if value}
    enough = {symbol: found for symbol, found in closes.items() if len(found) > DAYS_MIN}
    days = sorted(set.intersection(*(set(found) for found in enough.values()))) if enough else []
    missing = tuple(sorted(set(closes) - set(enough)))
    total = sum(values_vnd[symbol] for symbol in closes)
    covered = sum(values_vnd[symbol] for symbol in enough) * 10_000 // total if total else 0
    if len(days) <= DAYS_MIN:
        return ValueAtRisk(max(0, len(days) - 1), DAYS_MIN, (), missing, covered)
    returns = returns_of(np.array([[enough[symbol][day] for symbol in enough] for day in days], dtype=np.float64))
    exposures: Floats = np.array([float(values_vnd[symbol]) for symbol in enough])
    lines = tuple(
        _line(method, level, returns, exposures)
        for level in CONFIDENCES
        if len(returns) >= TAIL_DAYS_MIN[level]
        for method in METHODS
    )
    return ValueAtRisk(len(returns), DAYS_MIN, lines, missing, covered)


def _closes(symbol: str, before: date) -> dict[date, int]:
    return {bar.trading_day: bar.close_vnd for bar in daily_bars(symbol, until=before, limit=DAYS_MAX)}


def _line(method: str, level: int, returns: Floats, exposures: Floats) -> RiskLine:
    confidence = level / 100
    found = METHODS[method](returns, exposures, confidence, 0)
    window = min(WINDOW, max(DAYS_MIN, len(returns) // 2))
    judged = exceptions = p_percent = None
    zone = ""
    if method != SLOW and len(returns) - window >= JUDGED_DAYS_MIN:
        past = backtest(returns, exposures, confidence, METHODS[method], window=window)
        judged, exceptions = past.days, past.exceptions
        p_percent = round(kupiec(past.exceptions, past.days, confidence).p_value * 100)
        zone = basel_zone(past.exceptions, past.days, confidence)
    return RiskLine(
        method=method,
        confidence_percent=level,
        value_at_risk_vnd=max(0, round(found.value_at_risk)),
        expected_shortfall_vnd=max(0, round(found.expected_shortfall)),
        judged_days=judged,
        exceptions=exceptions,
        kupiec_p_percent=p_percent,
        zone=zone,
    )
