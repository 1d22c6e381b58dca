"""Shells for Celery."""

from celery import shared_task

from apps.accounts import services


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def settle_slice() -> None:
    services.run_settle_slice()
