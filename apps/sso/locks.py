"""The locks of this app."""

from allauth.mfa.models import Authenticator

from apps.sso.models import User


def lock_authenticators() -> list[Authenticator]:
    return list(Authenticator.objects.select_for_update().order_by("id"))


def lock_user(user_id: int) -> None:
    """Two keys at once are counted one after the other."""
    User.objects.select_for_update().get(pk=user_id)
