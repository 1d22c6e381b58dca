"""Beat starts these every few seconds; one that finds the lease taken stands by, then ends."""

from datetime import UTC, datetime

from celery import shared_task

from apps.marketdata.selectors import market_now
from apps.orders import services


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def gateway_slice() -> None:
    services.run_gateways()


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def order_stream_slice() -> None:
    services.run_order_streams()


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def end_of_day_slice() -> None:
    services.close_day(market_now())
    services.forget_old_answers(datetime.now(UTC))


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def plan_slice() -> None:
    services.run_plan_slice()
