"""Celery's way in."""

from datetime import date
from uuid import UUID

from celery import shared_task

from apps.marketdata.selectors import market_now
from apps.strategies import services

START_EXPIRES_S = 3  # the next beat asks again
PARITY_EXPIRES_S = 300  # as often as it is asked


@shared_task
def signals_slice() -> None:
    services.run_signals_slice()


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def tend_backtests() -> None:
    """Started every few seconds: who finds a run's lease taken ends at once."""
    for run_id in services.backtests_to_run():
        run_backtest.apply_async((str(run_id),), expires=START_EXPIRES_S)


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def tend_parity() -> None:
    """Started every few minutes: after the close, what has run that day and is not measured yet."""
    for strategy_id, day in services.parity_due(market_now()):
        measure_parity.apply_async((str(strategy_id), day.isoformat()), expires=PARITY_EXPIRES_S)


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def measure_parity(strategy_id: str, day: str) -> None:
    services.measure_parity(UUID(strategy_id), date.fromisoformat(day))


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def run_backtest(run_id: str) -> None:
    services.run_backtest(UUID(run_id))


@shared_task(queue="default", ignore_result=True, acks_late=False)
def prune_attendance() -> None:
    services.prune_attendance(now=market_now())
