"""Shells for Celery."""

from datetime import timedelta

from celery import shared_task

from apps.analytics import services
from apps.marketdata.selectors import market_now

HISTORY_DAYS = 30
SIGNAL_DAYS = 2 * 365  # backtests are fed with them


@shared_task(queue="default", ignore_result=True, acks_late=False)
def prune_indicator_history() -> None:
    before = market_now() - timedelta(days=HISTORY_DAYS)
    services.prune_indicators(before=before)
    services.prune_patterns(before=before)
    services.prune_signals(before=market_now() - timedelta(days=SIGNAL_DAYS))
