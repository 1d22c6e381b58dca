"""Many orders that were confirmed at once."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.web.words import SENDING_STATES, choices


class Basket(models.Model):
    """A table of orders as it was confirmed. Its orders are named after it and their row: whoever sends the table
    again, after a crash or a second click, finds those that went out already."""

    class Status(models.TextChoices):
        SENDING = "SENDING"
        SENT = "SENT"  # every row has its answer

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        "accounts.BrokerageAccount", models.PROTECT, related_name="+", verbose_name=_("account")
    )
    client_order_id = models.CharField(_("client order id"), max_length=100)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    rows = models.JSONField(_("rows"))
    status = models.CharField(_("status"), max_length=8, choices=choices(SENDING_STATES), default=Status.SENDING)
    actor_kind = models.CharField(_("asked for by (kind)"), max_length=16)
    actor_id = models.CharField(_("asked for by"), max_length=100)
    placed_at = models.DateTimeField(_("placed"))  # market time
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        ordering = ["-recorded_at"]
        constraints = [models.UniqueConstraint(fields=["account", "client_order_id"], name="orders_basket_once")]
        indexes = [
            models.Index(fields=["account", "-recorded_at"], name="orders_basket_by_account"),
            models.Index(fields=["recorded_at"], condition=Q(status="SENDING"), name="orders_basket_sending"),
        ]

    def __str__(self) -> str:
        return f"{len(self.rows)} orders {self.status}"
