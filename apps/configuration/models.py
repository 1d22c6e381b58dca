"""Settings that change at run time, versioned, and the broker's credentials, sealed."""

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.adapters.sealing import Sealed
from qts.adapters.ssi.credentials import SecondFactor

if TYPE_CHECKING:
    SealedText = models.TextField[Sealed, Sealed]
    OptionalSealedText = models.TextField[Sealed | None, Sealed | None]
else:
    SealedText = OptionalSealedText = models.TextField


class Sealing:
    """Of a field that holds `Sealed` values. Plain text is refused, so a secret cannot be stored in the clear by
    accident."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self: Any, value: Any) -> str | None:
        if value is None or isinstance(value, Sealed):
            return None if value is None else value.token
        raise TypeError(f"{self.name} takes a sealed value, not {type(value).__name__}")

    def value_to_string(self: Any, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class SealedField(Sealing, SealedText):
    pass


class OptionalSealedField(Sealing, OptionalSealedText):
    """Null where there is no secret."""


SECOND_FACTORS = [
    (SecondFactor.PIN.value, _("PIN, kept here: logs in by itself")),
    (SecondFactor.OTP.value, _("one-time code by SMS or e-mail")),
    (SecondFactor.SMART_OTP.value, _("one-time code from the broker's app")),
]


class BrokerConnection(models.Model):
    """One customer of the broker: the key pair that FC Trading asks for, and what opens its tokens for orders."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    consumer_id = models.CharField(_("consumer id"), max_length=200)
    consumer_secret = SealedField(_("consumer secret"))
    private_key = SealedField(_("private key"))
    second_factor = models.CharField(
        _("second factor"), max_length=10, choices=SECOND_FACTORS, default=SecondFactor.PIN.value
    )
    pin = OptionalSealedField(_("PIN"), null=True)
    is_active = models.BooleanField(_("active"), default=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("broker connection")
        verbose_name_plural = _("broker connections")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BrokerLogIn(models.Model):
    """Where the log-in of one connection stands whose second factor a person enters. All times are of the wall clock.

    The token for orders is kept, sealed, so that a killed gateway's successor goes on without a person; the code never.
    """

    connection = models.OneToOneField(
        BrokerConnection,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="log_in",
        verbose_name=_("broker connection"),
    )
    write_token = OptionalSealedField(_("token for orders"), null=True)
    expires_at = models.DateTimeField(_("valid until"), null=True)
    logged_in_at = models.DateTimeField(_("logged in at"), null=True)
    logged_in_by = models.CharField(_("logged in by"), max_length=120, blank=True)
    wanted_since = models.DateTimeField(_("code wanted since"), null=True)
    warned_at = models.DateTimeField(_("warned at"), null=True)
    code_requested_at = models.DateTimeField(_("code requested at"), null=True)
    code_requested_by = models.CharField(_("code requested by"), max_length=120, blank=True)
    code_asked_at = models.DateTimeField(_("last request of a code"), null=True)  # also after the code was used
    entering_since = models.DateTimeField(_("code at the broker since"), null=True)
    wrong_code_count = models.PositiveSmallIntegerField(_("wrong codes in a row"), default=0)
    stopped_until = models.DateTimeField(_("takes no code until"), null=True)

    class Meta:
        verbose_name = _("broker log-in")
        verbose_name_plural = _("broker log-ins")

    def __str__(self) -> str:
        return str(self.connection_id)


class DataKey(models.Model):
    """The FC Data key pair; the market data stream is the same for every customer, so one is in use at a time."""

    consumer_id = models.CharField(_("consumer id"), max_length=200)
    consumer_secret = SealedField(_("consumer secret"))
    is_active = models.BooleanField(_("active"), default=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("market data key")
        verbose_name_plural = _("market data keys")
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="configuration_one_active_data_key"
            )
        ]

    def __str__(self) -> str:
        return f"FC Data {self.pk}"


class SettingVersion(models.Model):
    """One version of one setting. The newest is in force; older ones stay as history."""

    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveIntegerField(_("version"))
    value = models.JSONField(_("value"))
    reason = models.CharField(_("reason"), max_length=500)
    changed_by = models.CharField(_("changed by"), max_length=120)
    changed_at = models.DateTimeField(_("changed at"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("settings")
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="configuration_setting_version")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
