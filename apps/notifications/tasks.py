"""Shells for Celery. Beat starts them again and again; a second copy finds the lease taken and returns at once."""

from celery import shared_task

from apps.notifications.services import delivering, watching


@shared_task(queue="default", ignore_result=True, acks_late=False)
def alerts_slice() -> None:
    watching.run_alerts_slice()


@shared_task(queue="default", ignore_result=True, acks_late=False)
def deliveries_slice() -> None:
    delivering.run_deliveries_slice()
