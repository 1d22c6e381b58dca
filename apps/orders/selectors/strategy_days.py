"""What the strategies hold and traded."""

from collections.abc import Collection
from datetime import date

from django.db.models import Case, F, Q, Sum, Value, When

from apps.orders.models import Order
from apps.orders.selectors.orders import OPEN_STATUSES
from apps.orders.selectors.types import StrategyDay, StrategyExposure
from qts.domain.orders import Status
from qts.domain.values import Side


def strategy_exposures(strategy_ids: Collection[str]) -> dict[tuple[str, str], StrategyExposure]:
    """What each strategy's own orders add up to, by (strategy id, symbol), in one query."""
    sign = Case(When(side=Side.BUY, then=Value(1)), default=Value(-1))
    remaining = F("quantity") - F("filled_quantity")
    rows = (
        Order.objects.filter(strategy_id__in=strategy_ids)
        .exclude(status=Status.DENIED)
        .values_list("strategy_id", "symbol")
        .annotate(
            held=Sum(sign * F("filled_quantity")),
            working=Sum(sign * remaining, filter=Q(status__in=OPEN_STATUSES), default=0),
        )
    )
    return {(strategy_id, symbol): StrategyExposure(held, working) for strategy_id, symbol, held, working in rows}


def strategy_days(strategy_ids: Collection[str], day: date) -> list[StrategyDay]:
    """What each strategy's own matches made of it until the end of that day, by symbol, in one query."""
    sign, of_day = Case(When(side=Side.BUY, then=Value(1)), default=Value(-1)), Q(trading_day=day)
    rows = (
        Order.objects.filter(strategy_id__in=strategy_ids, filled_quantity__gt=0, trading_day__lte=day)
        .values_list("strategy_id", "symbol")
        .annotate(
            held=Sum(sign * F("filled_quantity")),
            bought=Sum(sign * F("filled_quantity"), filter=of_day, default=0),
            paid_vnd=Sum(sign * F("filled_value_vnd"), filter=of_day, default=0),
        )
        .order_by("strategy_id", "symbol")
    )
    return [StrategyDay(*row) for row in rows]
