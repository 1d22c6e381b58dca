"""Row locks of strategies; taken before any lock of an account or an order."""

from uuid import UUID

from apps.strategies.models import Strategy


def lock_strategy(strategy_id: UUID) -> Strategy:
    """Raises Strategy.DoesNotExist."""
    return Strategy.objects.select_for_update().get(id=strategy_id)
