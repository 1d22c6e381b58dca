"""Shells for Celery: each runs one leased slice of an endless loop."""

from celery import shared_task

from apps.eventlog import services


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def relay_slice() -> None:
    services.run_relay_slice()


@shared_task(queue="default", ignore_result=True, acks_late=False)
def dispatch_slice() -> None:
    services.run_dispatch_slice()
