"""Celery's way in."""

from celery import shared_task

from apps.strategies import services


@shared_task
def signals_slice() -> None:
    services.run_signals_slice()
