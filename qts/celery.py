"""The Celery application: workers of the queues stream, signals, trading, quant and default."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down

from qts.adapters.lease import stop_all_slices

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.demo")

app = Celery("qts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """A receiver here keeps Celery from setting up logging of its own over Django's."""


@worker_shutting_down.connect
def _end_slices(**_: Any) -> None:
    """A slice ends at its next turn and gives back its lease, so that the next worker need not wait for it."""
    stop_all_slices()
