"""Ceiling and floor of a trading day, by the trading rules of HOSE and HNX."""

from dataclasses import dataclass

from qts.domain.market.rule_book import RuleBook
from qts.domain.market.ticks import tick_size_vnd
from qts.domain.values import Exchange, InstrumentKind


def has_wide_band(
    rules: RuleBook, exchange: Exchange, *, is_first_trading_day: bool, sessions_suspended: int = 0
) -> bool:
    """The first trading day's band also holds on the first day back after so many sessions of suspension."""
    return is_first_trading_day or sessions_suspended > rules.boards[exchange].band.wide_after_sessions


@dataclass(frozen=True, slots=True)
class Band:
    """Both bounds are themselves valid prices, in VND."""

    ceiling_vnd: int
    floor_vnd: int

    def holds(self, price_vnd: int) -> bool:
        return self.floor_vnd <= price_vnd <= self.ceiling_vnd


def price_band(
    rules: RuleBook, exchange: Exchange, kind: InstrumentKind, reference_vnd: int, first_day: bool = False
) -> Band:
    """The band around a positive reference price.

    The ceiling is rounded down, the floor up, each to the step valid at the computed price. A bound that rounding
    brings back to the reference moves one step outward; a floor at or below zero becomes the reference.
    Raises ValueError for a covered warrant, whose band depends on its underlying: see `warrant_band`.
    """
    if kind is InstrumentKind.WARRANT:
        raise ValueError("the band of a covered warrant comes from its underlying: use warrant_band")
    band = rules.boards[exchange].band
    percent = band.wide_percent if first_day else band.daily_percent
    bounds = _ExactBounds(upper=reference_vnd * (100 + percent), lower=reference_vnd * (100 - percent), denominator=100)
    return _rounded(rules, exchange, kind, reference_vnd, bounds)


def warrant_band(
    rules: RuleBook, reference_vnd: int, underlying_reference_vnd: int, underlying: Band, ratio: tuple[int, int]
) -> Band:
    """The underlying's moves in VND divided by the conversion ratio (numerator, denominator), around the reference."""
    shares, warrants = ratio
    up = (underlying.ceiling_vnd - underlying_reference_vnd) * warrants
    down = (underlying_reference_vnd - underlying.floor_vnd) * warrants
    scaled = reference_vnd * shares
    bounds = _ExactBounds(upper=scaled + up, lower=scaled - down, denominator=shares)
    return _rounded(rules, Exchange.HOSE, InstrumentKind.WARRANT, reference_vnd, bounds)


@dataclass(frozen=True, slots=True)
class _ExactBounds:
    """`upper / denominator` and `lower / denominator` are the bounds before rounding."""

    upper: int
    lower: int
    denominator: int


def _rounded(
    rules: RuleBook, exchange: Exchange, kind: InstrumentKind, reference_vnd: int, exact: _ExactBounds
) -> Band:
    if reference_vnd <= 0:
        raise ValueError(f"reference price must be positive, got {reference_vnd}")
    step = tick_size_vnd(rules, exchange, kind, exact.upper // exact.denominator)
    ceiling_vnd = exact.upper // (exact.denominator * step) * step
    step = tick_size_vnd(rules, exchange, kind, exact.lower // exact.denominator)
    floor_vnd = -(-exact.lower // (exact.denominator * step)) * step
    step = tick_size_vnd(rules, exchange, kind, reference_vnd)
    if ceiling_vnd <= reference_vnd:
        ceiling_vnd = reference_vnd + step
    if floor_vnd >= reference_vnd:
        floor_vnd = reference_vnd - step
    return Band(ceiling_vnd=ceiling_vnd, floor_vnd=floor_vnd if floor_vnd > 0 else reference_vnd)
