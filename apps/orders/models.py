"""Orders, what has to be sent for them, their fills, and what the broker said that does not fit."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.orders import WORKING, Status
from qts.domain.values import OrderType, Side


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
    side = models.CharField(_("side"), max_length=4, choices=[(side, side) for side in Side])
    order_type = models.CharField(_("type"), max_length=4, choices=[(kind, kind) for kind in OrderType])
    quantity = models.BigIntegerField(_("quantity"))
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)

    status = models.CharField(_("status"), max_length=20, choices=[(status, status) for status in Status])
    filled_quantity = models.BigIntegerField(_("filled"), default=0)
    filled_value_vnd = models.BigIntegerField(_("value of the fills, VND"), default=0)
    # What the broker's own reports say is filled. Higher than `filled_quantity` while a match event is on its way.
    reported_filled_quantity = models.BigIntegerField(_("filled as reported"), default=0)
    reported_notify_id = models.BigIntegerField(_("last report"), default=0)
    is_final_at_broker = models.BooleanField(_("over at the broker"), default=False)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    breaches = models.JSONField(_("refusals"), default=list, blank=True)
    # A cancel that has to wait: for the broker's order id, or for a session that allows it.
    cancel_wanted = models.BooleanField(_("to be cancelled"), default=False)

    strategy_id = models.CharField(_("strategy"), max_length=64, blank=True)
    decision_id = models.UUIDField(_("decision"), null=True)
    actor_kind = models.CharField(_("ordered by (kind)"), max_length=16)
    actor_id = models.CharField(_("ordered by"), max_length=100)
    # Where its history begins and ends in the event log, so that reading it does not walk through the whole account's.
    first_event_id = models.BigIntegerField(default=0)
    last_event_id = models.BigIntegerField(default=0)

    # Market time, as the services are told it; `recorded_at` is the wall clock of the database.
    submitted_at = models.DateTimeField(_("submitted"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    accepted_at = models.DateTimeField(_("accepted by the exchange"), null=True)
    updated_at = models.DateTimeField(_("last change"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

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


class Intent(models.Model):
    """Something that must reach the broker once: durable before the network is touched, claimed by one sender.

    READY -> CLAIMED (committed before the call) -> ANSWERED | REFUSED, or UNKNOWN when the answer was lost, which ends
    as ANSWERED (found at the broker) or NOT_RECEIVED. WITHDRAWN was never sent.
    """

    class Kind(models.TextChoices):
        PLACE = "PLACE"
        CANCEL = "CANCEL"

    class State(models.TextChoices):
        READY = "READY"
        CLAIMED = "CLAIMED"
        ANSWERED = "ANSWERED"
        REFUSED = "REFUSED"
        UNKNOWN = "UNKNOWN"
        NOT_RECEIVED = "NOT_RECEIVED"
        WITHDRAWN = "WITHDRAWN"

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="intents", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.READY)
    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    request_id = models.CharField(_("request id"), max_length=8)
    account_number = models.CharField(_("account number"), max_length=20)
    caused_by_received_ns = models.BigIntegerField(_("market message received, ns"), null=True)
    claimed_epoch = models.BigIntegerField(_("claimed in epoch"), null=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True)  # wall clock of the database
    transmitted_ns = models.BigIntegerField(_("last byte written, ns"), null=True)  # wall clock
    not_before = models.DateTimeField(_("not before"), null=True)  # wall clock; a refused connection is tried later
    answered_at = models.DateTimeField(_("answered"), null=True)  # wall clock
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("intent")
        verbose_name_plural = _("intents")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "trading_day", "request_id"], name="orders_request_id_once"
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(kind="CANCEL", state__in=["READY", "CLAIMED", "ANSWERED", "UNKNOWN"]),
                name="orders_one_cancel_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection_id", "kind", "id"],
                condition=Q(state__in=["READY", "CLAIMED", "UNKNOWN"]),
                name="orders_intents_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.request_id} {self.state}"


class RequestCounter(models.Model):
    """The last requestID given out per connection and trading day."""

    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    last = models.BigIntegerField(_("last request id"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection_id", "trading_day"], name="orders_one_counter")]

    def __str__(self) -> str:
        return f"{self.trading_day} {self.last}"


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


class GatewayState(models.Model):
    """The gateway of one connection: the fence against a sender that lost its lease, and what people may see of it.

    `epoch` never goes down: a claim made in an older epoch is refused by the database, whatever the lease says.
    """

    class Circuit(models.TextChoices):
        CLOSED = "CLOSED"
        OPEN = "OPEN"

    connection_id = models.UUIDField(_("broker connection"), primary_key=True)
    epoch = models.BigIntegerField(_("epoch"), default=0)
    circuit = models.CharField(_("circuit"), max_length=8, choices=Circuit.choices, default=Circuit.CLOSED)
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
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.RECONNECTING)
    trouble = models.CharField(_("trouble"), max_length=500, blank=True)
    seen_at = models.DateTimeField(_("last seen"), null=True)  # wall clock
    reconciled_at = models.DateTimeField(_("last reconciled"), null=True)  # wall clock

    class Meta:
        verbose_name = _("order stream")
        verbose_name_plural = _("order streams")

    def __str__(self) -> str:
        return f"{self.connection_id} {self.trading_day} {self.last_notify_id}"


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

    id = models.BigAutoField(primary_key=True)
    connection_id = models.UUIDField(_("broker connection"))
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="discrepancies")
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    subject = models.CharField(_("about"), max_length=100)  # what the same trouble, seen again, has in common
    detail = models.CharField(_("detail"), max_length=1000)
    noticed_at = models.DateTimeField(_("noticed"))
    resolved_at = models.DateTimeField(_("resolved"), null=True)

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
