"""Shells for Celery. Beat starts them again and again; a second copy finds the lease taken and returns at once."""

from celery import shared_task

from apps.marketdata.services import archive, backfill, gap_filling, ingest, master_data, recorder, tick_sink
from qts.domain.errors import TransientError


@shared_task(queue="stream", ignore_result=True, acks_late=False)
def ingest_slice() -> None:
    ingest.run_stream_slice()


@shared_task(queue="stream", ignore_result=True, acks_late=False)
def recorder_slice() -> None:
    recorder.run_recorder_slice()


@shared_task(queue="default", ignore_result=True, acks_late=False)
def tick_sink_slice() -> None:
    tick_sink.run_sink_slice()


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


@shared_task(queue="default", ignore_result=True, acks_late=False)
def fill_gaps() -> None:
    """One that fails is started again by beat in a quarter of a minute."""
    gap_filling.fill_gaps()


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def archive_days() -> None:
    """Each day is done or not, so a killed one goes on where it was."""
    archive.run_archive_slice()


@shared_task(queue="quant", ignore_result=True, acks_late=False)
def backfill_slice() -> None:
    backfill.run_backfill_slice()
