"""The Celery application: workers of the queues stream, signals, trading, quant and default."""

import os
from typing import Any, Final

import psycopg
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready, worker_shutting_down

from qts.adapters.lease import show_life, stop_all_slices
from qts.adapters.life import Life

LIFE_CONNECT_S_MAX: Final = 2

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.demo")

app = Celery("qts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """A receiver here keeps Celery from setting up logging of its own over Django's."""


@worker_init.connect
def show_our_life(**_: Any) -> None:
    """Who finds a lease of this process knows at once when the process is gone, and need not wait for its end."""
    show_life(Life(_open_session))


def _open_session() -> "psycopg.Connection[Any]":
    from django.db import connection

    parameters = connection.get_connection_params()
    return psycopg.connect(**parameters, autocommit=True, connect_timeout=LIFE_CONNECT_S_MAX)


@worker_ready.connect
def _begin_at_once(sender: Any, **_: Any) -> None:
    """A worker that begins does not wait for beat: it asks for the slices of its queues itself. Others that run find
    their lease taken, as ever."""
    from django.conf import settings

    mine = {queue.name for queue in sender.task_consumer.queues}
    for entry in app.conf.beat_schedule.values():
        if entry["options"]["queue"] in mine and entry["schedule"] == settings.SLICE_RESTART_S:
            app.send_task(entry["task"], **entry["options"])


@worker_shutting_down.connect
def _end_slices(**_: Any) -> None:
    """A slice ends at its next turn and gives back its lease, so that the next worker need not wait for it."""
    stop_all_slices()
