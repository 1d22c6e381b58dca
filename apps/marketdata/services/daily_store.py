"""Days that the broker told of indices and prices, into PostgreSQL. What was stored is replaced by what is told now."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import models

from apps.marketdata.models import DailyPrice, IndexDay
from qts.adapters.ssi import market_data as told


def store_index_days(days: Sequence[told.IndexDay]) -> int:
    """How many there were."""
    return _store(IndexDay, "index_code", days)


def store_daily_prices(days: Sequence[told.DailyPrice]) -> int:
    """How many there were."""
    return _store(DailyPrice, "symbol", days)


def _store(model: type[models.Model], name: str, days: Sequence[Any]) -> int:
    rows = {(getattr(one, name), one.day): asdict(one) for one in days}
    if rows:
        unique = [name, "trading_day"]
        columns = [column for column in next(iter(rows.values())) if column not in {name, "day"}]
        model._default_manager.bulk_create(
            [model(trading_day=row.pop("day"), **row) for row in rows.values()],
            update_conflicts=True,
            unique_fields=unique,
            update_fields=columns,
        )
    return len(rows)
