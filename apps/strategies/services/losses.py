"""A strategy whose own matches of today have lost more than its limit is off, and its kill switch is engaged."""

from datetime import datetime

from django.db import transaction

from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.risk import services as risk
from apps.risk.selectors import strategy_loss_limits
from apps.strategies.locks import lock_strategy
from apps.strategies.models import Strategy, StrategyStatus
from apps.strategies.services.lifecycle import stop_runaway
from qts.domain.market import to_vietnam


def stop_what_loses(now: datetime) -> None:
    """One look at the running strategies that have a limit. What holds a symbol without a price is not judged by it:
    the gate lets nothing through for that symbol either. Raises TransientError while the live prices are away."""
    limits = strategy_loss_limits()
    running = {
        str(strategy.id): strategy
        for strategy in Strategy.objects.filter(status=StrategyStatus.RUNNING)
        if str(strategy.id) in limits
    }
    if not running:
        return
    for strategy_id, loss_vnd in _losses_vnd(list(running), now).items():
        if loss_vnd <= limits[strategy_id]:
            continue
        with transaction.atomic():
            risk.stop_losing_strategy(strategy_id, loss_vnd=loss_vnd, limit_vnd=limits[strategy_id], now=now)
            stop_runaway(lock_strategy(running[strategy_id].id), now)


def _losses_vnd(strategy_ids: list[str], now: datetime) -> dict[str, int]:
    days = orders.strategy_days(strategy_ids, to_vietnam(now).date())
    quotes = marketdata.live_quotes(sorted({day.symbol for day in days}))
    losses = dict.fromkeys(strategy_ids, 0)
    for day in days:
        quote = quotes[day.symbol]
        if mark_vnd := quote.last_vnd or quote.reference_vnd:
            losses[day.strategy_id] -= day.profit_vnd(mark_vnd, quote.reference_vnd or mark_vnd)
    return losses
