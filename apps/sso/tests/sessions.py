"""Users and sessions for tests of pages and APIs, here and in the apps above."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib.auth import get_user_model
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY

from apps.sso import services
from apps.sso.selectors import Role

PASSWORD = "correct-horse-battery"


def make_user(username: str, *roles: Role, with_factor: bool = True) -> Any:
    user = get_user_model().objects.create_user(username=username, password=PASSWORD)
    services.assign_roles(user, roles)
    if with_factor:
        services.enrol_totp(user, generate_totp_secret())
    return user


def verified_client(user: Any, client: Client | None = None) -> Client:
    """A client whose session is logged in and has shown the user's second factor."""
    client = client or Client()
    client.force_login(user)
    verify(client, user)
    return client


def verify(client: Client, user: Any) -> None:
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = Authenticator.objects.get(
        user=user, type=Authenticator.Type.TOTP
    ).otp_device.persistent_id
    session.save()
