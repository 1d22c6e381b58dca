"""What the broker said that does not fit what we know."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.orders.models.order import Order
from qts.web.words import DIFFERENCES, choices


class ForeignOrder(models.Model):
    """An order at the broker that QTS did not place (by phone, by another program). Shown, never acted upon."""

    id = models.BigAutoField(primary_key=True)
    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    account_number = models.CharField(_("account number"), max_length=20)
    broker_order_id = models.CharField(_("order id at the broker"), max_length=64)
    unique_id = models.CharField(_("uniqueID"), max_length=32, blank=True)
    symbol = models.CharField(_("symbol"), max_length=20)
    side = models.CharField(_("side"), max_length=4)
    order_type = models.CharField(_("type"), max_length=8)
    quantity = models.BigIntegerField(_("quantity"))
    filled_quantity = models.BigIntegerField(_("filled"), default=0)
    price_vnd = models.BigIntegerField(_("price, VND"), default=0)
    broker_status = models.CharField(_("status at the broker"), max_length=8)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("order placed elsewhere")
        verbose_name_plural = _("orders placed elsewhere")
        ordering = ["-first_seen_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "trading_day", "broker_order_id"], name="orders_foreign_order_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.broker_order_id} {self.side} {self.quantity} {self.symbol}"


class Discrepancy(models.Model):
    """Something the broker said that does not fit what we know; it is kept for a person and nothing is invented."""

    class Kind(models.TextChoices):
        UNKNOWN_STATUS = "UNKNOWN_STATUS"
        IMPOSSIBLE_STEP = "IMPOSSIBLE_STEP"
        OVERFILL = "OVERFILL"
        FILL_MISSING = "FILL_MISSING"
        ORDER_MISSING = "ORDER_MISSING"
        UNRESOLVED_AT_DAY_END = "UNRESOLVED_AT_DAY_END"
        UNREADABLE = "UNREADABLE"
        FILL_MISMATCH = "FILL_MISMATCH"
        FOREIGN_FILL = "FOREIGN_FILL"
        BOOKS_REFUSED = "BOOKS_REFUSED"
        ORDER_MISMATCH = "ORDER_MISMATCH"
        ACT_FAILED = "ACT_FAILED"

    id = models.BigAutoField(primary_key=True)
    connection_id = models.UUIDField(_("broker connection"))
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="discrepancies", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=24, choices=choices(DIFFERENCES))
    subject = models.CharField(_("about"), max_length=100)  # what the same trouble, seen again, has in common
    detail = models.CharField(_("detail"), max_length=1000)
    noticed_at = models.DateTimeField(_("noticed"))
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    resolved_by = models.CharField(_("resolved by"), max_length=100, blank=True)  # empty where it settled by itself
    resolution = models.CharField(_("why"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "kind", "subject"],
                condition=Q(resolved_at__isnull=True),
                name="orders_open_discrepancy_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
