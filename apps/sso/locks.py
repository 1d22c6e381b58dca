"""The one lock of this app."""

from allauth.mfa.models import Authenticator


def lock_authenticators() -> list[Authenticator]:
    return list(Authenticator.objects.select_for_update().order_by("id"))
