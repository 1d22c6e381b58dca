"""Large orders that go out in parts."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.orders.models.order import Order
from qts.domain.orders.slicing import SlicedStatus, SliceKind
from qts.domain.values import Side
from qts.web.words import PLAN_STATES, SIDES, SLICE_KINDS, choices


class SlicedOrder(models.Model):
    """The parent: what is to be traded in all, and how. It is never at the exchange and reserves nothing itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        "accounts.BrokerageAccount", models.PROTECT, related_name="+", verbose_name=_("account")
    )
    client_order_id = models.CharField(_("client order id"), max_length=100)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    kind = models.CharField(_("kind"), max_length=8, choices=choices(SLICE_KINDS, SliceKind))
    symbol = models.CharField(_("symbol"), max_length=20)
    exchange = models.CharField(_("exchange"), max_length=8)
    lot_size = models.PositiveIntegerField(_("round lot"))
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    quantity = models.BigIntegerField(_("quantity"))
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)  # none: at the market
    show_quantity = models.BigIntegerField(_("quantity shown"), null=True)
    slices = models.PositiveIntegerField(_("slices"), null=True)
    minutes = models.PositiveIntegerField(_("minutes of continuous trading"), null=True)
    status = models.CharField(_("status"), max_length=12, choices=choices(PLAN_STATES, SlicedStatus))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    breaches = models.JSONField(_("refusals"), default=list, blank=True)
    waits_for = models.CharField(_("waits for"), max_length=200, blank=True)
    strategy_id = models.CharField(_("strategy"), max_length=64, blank=True)
    actor_kind = models.CharField(_("asked for by (kind)"), max_length=16)
    actor_id = models.CharField(_("asked for by"), max_length=100)
    last_event_id = models.BigIntegerField(_("last event"), default=0)
    placed_at = models.DateTimeField(_("placed"))  # market time; a TWAP begins then
    updated_at = models.DateTimeField(_("last change"))  # market time
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("sliced order")
        verbose_name_plural = _("sliced orders")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "client_order_id"], name="orders_sliced_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_sliced_quantity"),
        ]
        indexes = [
            models.Index(fields=["account", "-recorded_at"], name="orders_sliced_by_account"),
            models.Index(fields=["status"], condition=Q(status=SlicedStatus.ACTIVE), name="orders_sliced_active"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.side} {self.quantity} {self.symbol} {self.status}"


class Slice(models.Model):
    """One part. The number and the order's name are taken in the transaction that records the order."""

    id = models.BigAutoField(primary_key=True)
    parent = models.ForeignKey(SlicedOrder, models.PROTECT, related_name="parts", verbose_name=_("sliced order"))
    number = models.PositiveSmallIntegerField(_("number"))
    order = models.OneToOneField(Order, models.PROTECT, related_name="slice", verbose_name=_("order"))

    class Meta:
        verbose_name = _("slice")
        verbose_name_plural = _("slices")
        ordering = ["parent", "number"]
        constraints = [models.UniqueConstraint(fields=["parent", "number"], name="orders_slice_once")]

    def __str__(self) -> str:
        return f"{self.parent_id} {self.number}"
