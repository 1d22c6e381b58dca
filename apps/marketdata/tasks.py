"""Shells for Celery. Beat starts them again and again; a second copy finds the lease taken and returns at once."""

from celery import shared_task

from apps.marketdata.services import ingest, master_data, recorder
from qts.domain.errors import TransientError


@shared_task(queue="stream", ignore_result=True, acks_late=False)
def ingest_slice() -> None:
    ingest.run_stream_slice()


@shared_task(queue="stream", ignore_result=True, acks_late=False)
def recorder_slice() -> None:
    recorder.run_recorder_slice()


@shared_task(
    queue="default",
    ignore_result=True,
    acks_late=False,
    autoretry_for=(TransientError,),
    retry_backoff=True,
    max_retries=3,
)
def load_master_data() -> None:
    """Does nothing when today's master data is there already, so it may be started often."""
    master_data.load_master_data_of_day()
