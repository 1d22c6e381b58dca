"""By what old prices have to be multiplied, from the rights that came off and the closes before them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from apps.marketdata.models import DailyBar, DailyPrice, PriceRight
from qts.domain.errors import TerminalError
from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.portfolio.price_adjusting import ex_date_factor


class AdjustmentUnknown(TerminalError):
    """A right came off, and the close before it is not stored; the text names the day."""


class PriceFactors:
    """Of one symbol. `of(day)` is 1 from the newest ex-date on."""

    def __init__(self, factors: Sequence[tuple[date, Fraction]]) -> None:
        """Ex-dates in order, each with the factor of its own rights."""
        self._days = [day for day, _ in factors]
        self._after = [Fraction(1)]  # from the newest backwards, what lies before so many of them
        for _, factor in reversed(factors):
            self._after.append(self._after[-1] * factor)

    def of(self, day: date) -> Fraction:
        return self._after[len(self._days) - bisect_right(self._days, day)]


def price_factors(symbol: str, *, until: date) -> PriceFactors:
    """Of the rights that had come off by `until`. Raises AdjustmentUnknown."""
    before = {"symbol": OuterRef("symbol"), "trading_day__lt": OuterRef("ex_date")}
    closes = (model.objects.filter(**before).order_by("-trading_day").values("close_vnd") for model in _TOLD)
    rows = PriceRight.objects.filter(symbol=symbol, ex_date__lte=until).order_by("ex_date")
    rights = rows.annotate(close_before_vnd=Coalesce(*(Subquery(one[:1]) for one in closes)))
    return PriceFactors(
        [(day, _factor(symbol, day, list(of_day))) for day, of_day in groupby(rights, lambda one: one.ex_date)]
    )


_TOLD = (DailyBar, DailyPrice)


def _factor(symbol: str, day: date, rights: Sequence[PriceRight]) -> Fraction:
    close_vnd: int | None = rights[0].close_before_vnd  # type: ignore[attr-defined]  # annotated
    if close_vnd is None:
        raise AdjustmentUnknown(f"{symbol} has no stored day before {day}, when a right came off")
    terms = [
        ActionTerms(
            kind=ActionKind(one.kind),
            cash_per_share_vnd=one.cash_per_share_vnd,
            new_shares=one.new_shares,
            old_shares=one.old_shares,
            subscription_price_vnd=one.subscription_price_vnd,
        )
        for one in rights
    ]
    try:
        return ex_date_factor(terms, close_vnd)
    except ValueError as error:
        raise AdjustmentUnknown(f"{symbol}, {day}: {error}") from error
