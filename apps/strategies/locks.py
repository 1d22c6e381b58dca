"""Row locks of strategies and backtests; taken before any lock of an account or an order."""

from uuid import UUID

from django.db import connection

from apps.strategies.models import BacktestRun, Promotion, Strategy

_CLAIMS = "SELECT pg_advisory_xact_lock(hashtextextended('backtest-claims', 0))"


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
