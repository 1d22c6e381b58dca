"""The gateway and the order stream of one broker connection, as people may see them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qts.web.words import LINKS, choices


class GatewayState(models.Model):
    """The gateway of one connection: the fence against a sender that lost its lease, and what people may see of it.

    `epoch` never goes down: a claim made in an older epoch is refused by the database, whatever the lease says.
    """

    class Circuit(models.TextChoices):
        CLOSED = "CLOSED"
        OPEN = "OPEN"

    connection_id = models.UUIDField(_("broker connection"), primary_key=True)
    epoch = models.BigIntegerField(_("epoch"), default=0)
    circuit = models.CharField(_("circuit"), max_length=8, choices=choices(LINKS, Circuit), default=Circuit.CLOSED)
    trouble = models.CharField(_("trouble"), max_length=500, blank=True)
    seen_at = models.DateTimeField(_("last seen"), null=True)  # wall clock
    last_sent_at = models.DateTimeField(_("last sent"), null=True)  # wall clock

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")

    def __str__(self) -> str:
        return f"{self.connection_id} epoch {self.epoch}"


class StreamPosition(models.Model):
    """How far the order stream of one connection was taken in; written with the event that moved it."""

    class State(models.TextChoices):
        CONNECTED = "CONNECTED"
        RECONNECTING = "RECONNECTING"

    connection_id = models.UUIDField(_("broker connection"), primary_key=True)
    trading_day = models.DateField(_("trading day"))
    last_notify_id = models.BigIntegerField(_("last notifyID"), default=0)
    state = models.CharField(_("state"), max_length=16, choices=choices(LINKS, State), default=State.RECONNECTING)
    trouble = models.CharField(_("trouble"), max_length=500, blank=True)
    seen_at = models.DateTimeField(_("last seen"), null=True)  # wall clock
    reconciled_at = models.DateTimeField(_("last reconciled"), null=True)  # wall clock
    compared_day = models.DateField(_("last day compared at its end"), null=True)

    class Meta:
        verbose_name = _("order stream")
        verbose_name_plural = _("order streams")

    def __str__(self) -> str:
        return f"{self.connection_id} {self.trading_day} {self.last_notify_id}"
