"""Users, their roles, and the bridge from allauth's second factor to django-otp's 'is this session verified?'."""

import uuid
from enum import StrEnum

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin


class Role(StrEnum):
    """What a person does here. The values are the names of Django groups, made by a migration."""

    TRADER = "trader"
    RISK_OFFICER = "risk_officer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of django-otp, which ships no types
    class Theme(models.TextChoices):
        DARK = "dark", _("dark")
        LIGHT = "light", _("light")

    class Density(models.TextChoices):
        ROOMY = "roomy", _("roomy")
        COMPACT = "compact", _("compact")

    id = models.BigAutoField(primary_key=True)
    # how this person wants the pages, in every browser; empty: as the browser has it
    language = models.CharField(_("language"), max_length=7, blank=True, db_default="", default="")
    theme = models.CharField(_("theme"), max_length=5, blank=True, db_default="", default="", choices=Theme)
    density = models.CharField(_("density"), max_length=7, blank=True, db_default="", default="", choices=Density)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]


class AllauthDevice(ThrottlingMixin, Device):  # type: ignore[misc]
    """django-otp's view of the authenticator that the user enrolled through allauth: one secret, one enrolment.

    Removing the authenticator removes the device, and with it the verified state of every session it verified.
    """

    authenticator = models.OneToOneField(
        "mfa.Authenticator", on_delete=models.CASCADE, related_name="otp_device", verbose_name=_("authenticator")
    )

    class Meta:
        verbose_name = _("authenticator device")
        verbose_name_plural = _("authenticator devices")

    def get_throttle_factor(self) -> int:
        return 1

    def verify_token(self, token: str) -> bool:
        """One code of the authenticator; each may be used once, and failures slow the next try down."""
        allowed, _reason = self.verify_is_allowed()
        if not allowed:
            return False
        if self.authenticator.wrap().validate_code(token):
            self.throttle_reset()
            return True
        self.throttle_increment()
        return False


class ApiKey(models.Model):
    """A program's way in, with no more rights than its owner has. Only the digest of the key is stored."""

    class Scope(models.TextChoices):
        READ = "read", _("read")
        TRADE = "trade", _("read and trade")
        SIGNALS = "signals", _("read and publish signals")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(_("hash"), max_length=64, unique=True)
    scope = models.CharField(_("may"), max_length=8, choices=Scope.choices)
    created_at = models.DateTimeField(_("made"))  # wall clock, as all times here
    expires_at = models.DateTimeField(_("ends"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"
