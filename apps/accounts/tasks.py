"""Shells for Celery."""

from celery import shared_task

from apps.accounts import services
from apps.marketdata.selectors import market_now


@shared_task(queue="trading", ignore_result=True, acks_late=False)
def settle_slice() -> None:
    services.run_settle_slice()


@shared_task(queue="default", ignore_result=True)
def check_ledger() -> None:
    services.check_all_books(market_now())


@shared_task(queue="default", ignore_result=True)
def settle_futures() -> None:
    services.take_settlement_prices(market_now())


@shared_task(queue="default", ignore_result=True)
def take_values() -> None:
    services.take_value_snapshots(market_now())
