"""Row locks of strategies; taken before any lock of an account or an order."""

from uuid import UUID

from apps.strategies.models import Promotion, Strategy


def lock_strategy(strategy_id: UUID) -> Strategy:
    """Raises Strategy.DoesNotExist."""
    return Strategy.objects.select_for_update().get(id=strategy_id)


def lock_promotion(promotion_id: UUID) -> Promotion | None:
    return Promotion.objects.select_for_update().filter(id=promotion_id).first()
