"""Users, their roles, and the bridge from allauth's second factor to django-otp's 'is this session verified?'."""

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
    id = models.BigAutoField(primary_key=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]


class AllauthDevice(ThrottlingMixin, Device):  # type: ignore[misc]
    """django-otp's view of the authenticator that the user enrolled through allauth: one secret, one enrolment.

    Removing the authenticator removes the device, and with it the verified state of every session it verified.
    """

    authenticator = models.OneToOneField("mfa.Authenticator", on_delete=models.CASCADE, related_name="otp_device")

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
