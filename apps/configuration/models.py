"""Settings that change at run time, versioned, and the broker's credentials, sealed."""

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.adapters.sealing import Sealed

if TYPE_CHECKING:
    SealedText = models.TextField[Sealed, Sealed]
else:
    SealedText = models.TextField


class SealedField(SealedText):
    """Holds `Sealed` values. Plain text is refused, so a secret cannot be stored in the clear by accident."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, Sealed):
            return None if value is None else value.token
        raise TypeError(f"{self.name} takes a sealed value, not {type(value).__name__}")

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class BrokerConnection(models.Model):
    """One customer of the broker: the key pair and PIN that FC Trading asks for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    consumer_id = models.CharField(_("consumer id"), max_length=200)
    consumer_secret = SealedField(_("consumer secret"))
    private_key = SealedField(_("private key"))
    pin = SealedField(_("PIN"))
    is_active = models.BooleanField(_("active"), default=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("broker connection")
        verbose_name_plural = _("broker connections")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


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
