"""Second factors: allauth keeps the secret, the device beside it answers django-otp."""

import time

from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.utils import timezone

from apps.configuration import services as configuration
from apps.eventlog import services as eventlog
from apps.sso.locks import lock_authenticators
from apps.sso.models import AllauthDevice, User
from apps.sso.services.api_keys import revoke_every_key
from qts.domain.events import FactorChanged
from qts.domain.values import Actor


def enrol_totp(user: User, secret: str) -> AllauthDevice:
    """Give the user an authenticator with this secret (base32), in place of an earlier one."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        return device_of(TOTP.activate(user, secret).instance)


def device_of(authenticator: Authenticator) -> AllauthDevice:
    """The device of an authenticator, made at first use."""
    device: AllauthDevice = AllauthDevice.objects.get_or_create(
        authenticator=authenticator, defaults={"user_id": authenticator.user_id, "name": authenticator.type}
    )[0]
    return device


def remove_factors(user: User, *, by: Actor) -> None:
    """Take every second factor from a user whose phone is lost; what their sessions had proved, and the API keys that
    were made in them, are gone with it."""
    with transaction.atomic():
        types = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        Authenticator.objects.filter(user=user).delete()
        revoke_every_key(user, by=by)
        for factor in types:
            event = FactorChanged(user_id=str(user.pk), username=user.username, factor=factor, is_present=False)
            eventlog.record(event, actor=by, now=timezone.now())


def current_code(username: str) -> str:
    """The code that the user's authenticator app would show now. Raises Authenticator.DoesNotExist without one."""
    authenticator = Authenticator.objects.get(user__username=username, type=Authenticator.Type.TOTP)
    counter = int(time.time()) // mfa_settings.TOTP_PERIOD
    return str(format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter)))


def reseal_factors() -> int:
    """Seal every stored seed under the newest key; how many."""
    sealed_fields = ("secret", "seed", "migrated_codes")
    with transaction.atomic():
        authenticators = lock_authenticators()
        for authenticator in authenticators:
            for field in sealed_fields:
                if field in authenticator.data:
                    authenticator.data[field] = _resealed(authenticator.data[field])
            authenticator.save(update_fields=["data"])
    return len(authenticators)


def _resealed(stored: str | list[str]) -> str | list[str]:
    if isinstance(stored, list):
        return [configuration.reseal_text(token) for token in stored]
    return configuration.reseal_text(stored)
