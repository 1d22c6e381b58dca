"""What has to be sent to the broker, and the ids that are given out for it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.orders.models.order import Order
from qts.web.words import REQUEST_STATES, REQUESTS, choices


class Intent(models.Model):
    """Something that must reach the broker once: durable before the network is touched, claimed by one sender.

    READY -> CLAIMED (committed before the call) -> ANSWERED | REFUSED, or UNKNOWN when the answer was lost, which ends
    as ANSWERED (found at the broker) or NOT_RECEIVED. WITHDRAWN was never sent. An amendment is CONFIRMED when the
    exchange has the new terms; until then the old ones hold.
    """

    class Kind(models.TextChoices):
        PLACE = "PLACE"
        CANCEL = "CANCEL"
        AMEND = "AMEND"

    class State(models.TextChoices):
        READY = "READY"
        CLAIMED = "CLAIMED"
        ANSWERED = "ANSWERED"
        REFUSED = "REFUSED"
        UNKNOWN = "UNKNOWN"
        CONFIRMED = "CONFIRMED"
        NOT_RECEIVED = "NOT_RECEIVED"
        WITHDRAWN = "WITHDRAWN"

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="intents", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=8, choices=choices(REQUESTS))
    state = models.CharField(_("state"), max_length=16, choices=choices(REQUEST_STATES), default=State.READY)
    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    request_id = models.CharField(_("request id"), max_length=8)
    account_number = models.CharField(_("account number"), max_length=20)
    # What an amendment asks for: the whole quantity, filled shares included, and the limit price.
    quantity = models.BigIntegerField(_("quantity"), null=True)
    price_vnd = models.BigIntegerField(_("price, VND"), null=True)
    caused_by_received_ns = models.BigIntegerField(_("market message received, ns"), null=True)
    claimed_epoch = models.BigIntegerField(_("claimed in epoch"), null=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True)  # wall clock of the database
    transmitted_ns = models.BigIntegerField(_("last byte written, ns"), null=True)  # wall clock
    not_before = models.DateTimeField(_("not before"), null=True)  # wall clock; a refused connection is tried later
    answered_at = models.DateTimeField(_("answered"), null=True)  # wall clock
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    # what the gate let pass, for the signer to check
    gate_token = models.CharField(_("gate token"), max_length=64, blank=True)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    # Once it was not known whether it arrived: since when and why, and what settled it.
    doubted_at = models.DateTimeField(_("in doubt since"), null=True)  # wall clock
    doubt = models.CharField(_("doubt"), max_length=500, blank=True)
    evidence = models.CharField(_("evidence"), max_length=500, blank=True)
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
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(kind="AMEND", state__in=["READY", "CLAIMED", "UNKNOWN"]),
                name="orders_one_amend_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(kind="AMEND") | Q(quantity__gt=0, price_vnd__gt=0), name="orders_amend_asks_for_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection_id", "kind", "id"],
                condition=Q(state__in=["READY", "CLAIMED", "UNKNOWN"]),
                name="orders_intents_to_do",
            ),
            models.Index(fields=["-doubted_at"], condition=Q(doubted_at__isnull=False), name="orders_intents_doubted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.request_id} {self.state}"


class RequestCounter(models.Model):
    """The last requestID given out per connection and trading day."""

    connection_id = models.UUIDField(_("broker connection"))
    trading_day = models.DateField(_("trading day"))
    last = models.BigIntegerField(_("last request id"))

    class Meta:
        verbose_name = _("counter of requests")
        verbose_name_plural = _("counters of requests")
        constraints = [models.UniqueConstraint(fields=["connection_id", "trading_day"], name="orders_one_counter")]

    def __str__(self) -> str:
        return f"{self.trading_day} {self.last}"
