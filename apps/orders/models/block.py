"""One decision for several accounts."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.values import OrderType, Side
from qts.web.words import ORDER_TYPES, SENDING_STATES, SIDES, choices


class Block(models.Model):
    """A block as it was confirmed: `rows` are [account id, shares] in the order in which its accounts were shown.

    Each row is one order of its account and named after the block and the row: whoever sends the block again, after a
    crash or a second click, finds those that went out already.
    """

    class Status(models.TextChoices):
        SENDING = "SENDING"
        SENT = "SENT"  # every row has its answer

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client_order_id = models.CharField(_("client order id"), max_length=100)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    symbol = models.CharField(_("symbol"), max_length=20)
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    order_type = models.CharField(_("type"), max_length=4, choices=choices(ORDER_TYPES, OrderType))
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)
    rows = models.JSONField(_("rows"))
    status = models.CharField(_("status"), max_length=8, choices=choices(SENDING_STATES), default=Status.SENDING)
    actor_kind = models.CharField(_("asked for by (kind)"), max_length=16)
    actor_id = models.CharField(_("asked for by"), max_length=100)
    placed_at = models.DateTimeField(_("placed"))  # market time
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("block order")
        verbose_name_plural = _("block orders")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["actor_kind", "actor_id", "client_order_id"], name="orders_block_once")
        ]
        indexes = [
            models.Index(fields=["recorded_at"], condition=Q(status="SENDING"), name="orders_block_sending"),
            models.Index(fields=["-recorded_at"], name="orders_block_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.symbol} for {len(self.rows)} accounts {self.status}"
