"""Celery's way in."""

from uuid import UUID

from celery import shared_task

from apps.strategies import services

START_EXPIRES_S = 3  # the next beat asks again


@shared_task
def signals_slice() -> None:
    services.run_signals_slice()


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def tend_backtests() -> None:
    """Started every few seconds: who finds a run's lease taken ends at once."""
    for run_id in services.backtests_to_run():
        run_backtest.apply_async((str(run_id),), expires=START_EXPIRES_S)


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def run_backtest(run_id: str) -> None:
    services.run_backtest(UUID(run_id))
