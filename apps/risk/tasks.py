"""Shells for Celery."""

from celery import shared_task

from apps.risk import services


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def monitor_slice() -> None:
    services.run_monitor_slice()
