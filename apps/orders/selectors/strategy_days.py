"""What the strategies hold and traded."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import BigIntegerField, Case, Count, ExpressionWrapper, F, Q, Sum, Value, When

from apps.orders.models import Fill, Order
from apps.orders.selectors.orders import OPEN_STATUSES
from apps.orders.selectors.types import StrategyBook, StrategyDay, StrategyExposure
from qts.domain.orders import Status
from qts.domain.portfolio import FeeSchedule
from qts.domain.portfolio.fees import BPS_PER_WHOLE
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


def strategy_books(strategy_ids: Iterable[str], day: date, fees: FeeSchedule) -> dict[str, list[StrategyBook]]:
    """By strategy and symbol, in one query. Costs are of each match, rounded down, as the ledger books them."""
    sign, of_day = Case(When(order__side=Side.BUY, then=Value(1)), default=Value(-1)), Q(trading_day=day)
    value = F("quantity") * F("price_vnd")
    rate = Case(
        When(order__side=Side.BUY, then=Value(0)), default=Value(fees.sale_tax_rate_bps), output_field=BigIntegerField()
    )
    fee = ExpressionWrapper(value * Value(fees.fee_rate_bps) / Value(BPS_PER_WHOLE), BigIntegerField())
    tax = ExpressionWrapper(value * rate / Value(BPS_PER_WHOLE), BigIntegerField())
    rows = (
        Fill.objects.filter(order__strategy_id__in=list(strategy_ids), trading_day__lte=day)
        .values_list("order__strategy_id", "order__symbol")
        .annotate(
            fill_count=Count("id"),
            held=Sum(sign * F("quantity")),
            paid_vnd=Sum(sign * value),
            costs_vnd=Sum(fee + tax),
            day_bought=Sum(sign * F("quantity"), filter=of_day, default=0),
            day_paid_vnd=Sum(sign * value, filter=of_day, default=0),
            day_costs_vnd=Sum(fee + tax, filter=of_day, default=0),
        )
        .order_by("order__symbol")
    )
    books: dict[str, list[StrategyBook]] = defaultdict(list)
    for strategy_id, *row in rows:
        books[strategy_id].append(StrategyBook(*row))
    return books
