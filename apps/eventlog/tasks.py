"""Shells for Celery: each runs one leased slice of an endless loop; the beat schedule names their queues."""

from celery import shared_task

from apps.eventlog import services


@shared_task(ignore_result=True, acks_late=False)
def relay_slice() -> None:
    services.run_relay_slice()


@shared_task(ignore_result=True, acks_late=False)
def dispatch_slice() -> None:
    services.run_dispatch_slice()
