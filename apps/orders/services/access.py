"""Who may act on the orders of an account."""

from uuid import UUID

from django.contrib.auth import get_user_model

from apps.accounts import selectors as accounts
from qts.domain.values import Actor, ActorKind


def may_trade(actor: Actor, account_id: UUID) -> bool:
    """A user needs a membership that lets him trade; strategies and parts of the system were let in by their owners."""
    if actor.kind is not ActorKind.USER:
        return True
    user = get_user_model().objects.filter(pk=actor.id, is_active=True).first()
    return user is not None and accounts.may_trade(user, account_id)
