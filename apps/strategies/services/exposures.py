"""What each strategy holds: by the fills of its orders, or, in shadow, by what it would have ordered."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Case, F, Sum, Value, When

from apps.orders import selectors as orders
from apps.strategies.models import Decision, DecisionOutcome, Mode, Strategy
from qts.domain.values import Side


def exposures(strategies: Collection[Strategy]) -> dict[tuple[str, str], orders.StrategyExposure]:
    """By (strategy id, symbol), in one query for those that order and one for those that do not."""
    ordering = [str(one.id) for one in strategies if one.mode != Mode.SHADOW]
    found = orders.strategy_exposures(ordering) if ordering else {}
    if shadows := {one.id: one.run for one in strategies if one.mode == Mode.SHADOW}:
        found |= _of_shadows(shadows)
    return found


def _of_shadows(runs: dict[UUID, int]) -> dict[tuple[str, str], orders.StrategyExposure]:
    """As if each had been filled at once and whole; each start begins with nothing."""
    sign = Case(When(side=Side.BUY, then=Value(1)), default=Value(-1))
    rows = (
        Decision.objects.filter(strategy_id__in=list(runs), outcome=DecisionOutcome.SHADOWED, run=F("strategy__run"))
        .values_list("strategy_id", "symbol")
        .annotate(held=Sum(sign * F("quantity")))
        .order_by("strategy_id", "symbol")
    )
    return {(str(strategy_id), symbol): orders.StrategyExposure(held, 0) for strategy_id, symbol, held in rows}
