"""Row locks of strategies and backtests; taken before any lock of an account or an order."""

from datetime import date, datetime
from uuid import UUID

from django.db import connection

from apps.strategies.models import BacktestRun, ParityDay, ParityStatus, Promotion, Strategy

_CLAIMS = "SELECT pg_advisory_xact_lock(hashtextextended('backtest-claims', 0))"
_VERSIONS = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def lock_version_name(name: str) -> None:
    """One person at a time saves a version under this name; until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [f"strategy-version:{name}"])


def lock_strategy(strategy_id: UUID) -> Strategy:
    """Raises Strategy.DoesNotExist."""
    return Strategy.objects.select_for_update().get(id=strategy_id)


def lock_backtest(run_id: UUID) -> BacktestRun | None:
    """None for one that was deleted."""
    return BacktestRun.objects.select_for_update().filter(id=run_id).first()


def lock_backtest_claims() -> None:
    """One worker at a time counts how many run; until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS)


def lock_promotion(promotion_id: UUID) -> Promotion | None:
    return Promotion.objects.select_for_update().filter(id=promotion_id).first()


def lock_parity_day(strategy_id: UUID, day: date, *, now: datetime) -> ParityDay:
    """Made where it is not there yet."""
    ParityDay.objects.bulk_create(
        [ParityDay(strategy_id=strategy_id, trading_day=day, status=ParityStatus.RUNNING, started_at=now)],
        ignore_conflicts=True,
    )
    rows = ParityDay.objects.select_related("strategy").select_for_update(of=("self",))
    return rows.get(strategy_id=strategy_id, trading_day=day)
