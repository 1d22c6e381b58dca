"""Where allauth asks us: who may sign up, when to ask for the password again, how secrets are stored."""

import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from apps.configuration import services as configuration

FRESH_LOG_IN_S = 300


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are made by an administrator."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Not within minutes of the log-in: who enrols right after it has typed the password a moment ago."""
        records = get_authentication_records(self.request, self.request.user)
        if records and time.time() - records[-1]["at"] < FRESH_LOG_IN_S:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds of codes are sealed at rest with the system's keys."""

    def encrypt(self, text: str) -> str:
        return configuration.seal_text(text)

    def decrypt(self, encrypted_text: str) -> str:
        return configuration.open_text(encrypted_text)

    def get_totp_label(self, user: object) -> str:
        return str(getattr(user, "username", user))
