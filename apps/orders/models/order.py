"""Orders and their fills."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.orders import WORKING, Status
from qts.domain.values import OrderType, Side
from qts.web.words import ORDER_STATUSES, ORDER_TYPES, SIDES, choices


class OrderManager(models.Manager["Order"]):
    """Without what the gate measured: only an order's own page reads it, and no change of state writes it again."""

    def get_queryset(self) -> models.QuerySet["Order"]:
        return super().get_queryset().defer("gate")


class Order(models.Model):
    """One order. `status` moves only by the table of `qts.domain.orders`; totals are stored, averages derived.

    `request_id` is SSI's requestID (digits, at most eight, unique per connection and trading day); it is taken in the
    transaction that records the order and is never given to another one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        "accounts.BrokerageAccount", models.PROTECT, related_name="+", verbose_name=_("account")
    )
    connection_id = models.UUIDField(_("broker connection"))
    client_order_id = models.CharField(_("client order id"), max_length=100)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    trading_day = models.DateField(_("trading day"))
    request_id = models.CharField(_("request id at the broker"), max_length=8, blank=True)
    broker_order_id = models.CharField(_("order id at the broker"), max_length=64, blank=True)

    symbol = models.CharField(_("symbol"), max_length=20)
    exchange = models.CharField(_("exchange"), max_length=8, blank=True)  # empty when the symbol was not known
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    order_type = models.CharField(_("type"), max_length=4, choices=choices(ORDER_TYPES, OrderType))
    quantity = models.BigIntegerField(_("quantity"))
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)

    status = models.CharField(_("status"), max_length=20, choices=choices(ORDER_STATUSES, Status))
    filled_quantity = models.BigIntegerField(_("filled"), default=0)
    filled_value_vnd = models.BigIntegerField(_("value of the fills, VND"), default=0)
    # What the broker's own reports say is filled. Higher than `filled_quantity` while a match event is on its way.
    reported_filled_quantity = models.BigIntegerField(_("filled as reported"), default=0)
    reported_notify_id = models.BigIntegerField(_("last report"), default=0)
    broker_report = models.JSONField(_("the broker's last report"), null=True)  # as it was, beside what we made of it
    is_final_at_broker = models.BooleanField(_("over at the broker"), default=False)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    breaches = models.JSONField(_("refusals"), default=list, blank=True)
    # What the gate measured when it let the order pass or refused it; `apps.orders.services.answers.gate_record`.
    gate = models.JSONField(_("the gate's figures"), null=True, blank=True)
    # A cancel that has to wait: for the broker's order id, or for a session that allows it.
    cancel_wanted = models.BooleanField(_("to be cancelled"), default=False)

    # An amendment that is under way (AMEND_PENDING) or waits for its moment: the whole quantity and the limit price.
    wanted_quantity = models.BigIntegerField(_("quantity wanted"), null=True)
    wanted_price_vnd = models.BigIntegerField(_("price wanted, VND"), null=True)
    amended_at = models.DateTimeField(_("last amended at the exchange"), null=True)
    # Recorded, not sent yet: it goes to the gate and then out at this moment, or when the order it replaces is over.
    release_at = models.DateTimeField(_("held until"), null=True)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="replacements", verbose_name=_("replaces")
    )

    strategy_id = models.CharField(_("strategy"), max_length=64, blank=True)
    decision_id = models.UUIDField(_("decision"), null=True)
    actor_kind = models.CharField(_("ordered by (kind)"), max_length=16)
    actor_id = models.CharField(_("ordered by"), max_length=100)
    # Where its history begins and ends in the event log, so that reading it does not walk through the whole account's.
    first_event_id = models.BigIntegerField(_("first event"), default=0)
    last_event_id = models.BigIntegerField(_("last event"), default=0)

    # Market time, as the services are told it; `recorded_at` is the wall clock of the database.
    submitted_at = models.DateTimeField(_("submitted"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    accepted_at = models.DateTimeField(_("accepted by the exchange"), null=True)
    updated_at = models.DateTimeField(_("last change"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = OrderManager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "client_order_id"], name="orders_one_per_client_order_id"),
            models.UniqueConstraint(
                fields=["connection_id", "trading_day", "request_id"],
                condition=~Q(request_id=""),
                name="orders_one_per_request_id",
            ),
            models.CheckConstraint(
                condition=Q(filled_quantity__gte=0) & (Q(filled_quantity__lte=F("quantity")) | Q(filled_quantity=0)),
                name="orders_not_overfilled",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-recorded_at"], name="orders_by_account"),
            models.Index(fields=["recorded_at"], name="orders_by_time"),
            models.Index(fields=["connection_id", "broker_order_id"], name="orders_by_broker_id"),
            models.Index(
                fields=["connection_id", "account"], condition=Q(status__in=sorted(WORKING)), name="orders_working"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.status}"


class Fill(models.Model):
    """One match. The id is derived from (connection, trading day, notifyID), so a repeated event meets itself."""

    id = models.UUIDField(primary_key=True, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="fills", verbose_name=_("order"))
    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    notify_id = models.BigIntegerField(_("notifyID"))
    quantity = models.BigIntegerField(_("quantity"))
    price_vnd = models.BigIntegerField(_("price, VND"))
    matched_at = models.DateTimeField(_("matched"))  # the exchange's time
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("fill")
        verbose_name_plural = _("fills")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["connection_id", "trading_day", "notify_id"], name="orders_fill_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, price_vnd__gt=0), name="orders_fill_positive"),
        ]
        indexes = [models.Index(fields=["order", "matched_at"], name="orders_fills_of_order")]

    def __str__(self) -> str:
        return f"{self.quantity} @ {self.price_vnd}"
