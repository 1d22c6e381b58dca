"""Orders that wait in QTS for a price or for another order."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.orders.models.order import Order
from qts.domain.orders.conditional import (
    LIVE_LEGS,
    ConditionalKind,
    ConditionalStatus,
    Direction,
    LegRole,
    LegState,
)
from qts.domain.values import Side
from qts.web.words import DIRECTIONS, LEG_ROLES, PLAN_KINDS, PLAN_STATES, SIDES, choices

LIVE_STATES = sorted(LIVE_LEGS)


class ConditionalOrder(models.Model):
    """What somebody asked QTS to watch. It reserves nothing; each leg that triggers makes one order, named after it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        "accounts.BrokerageAccount", models.PROTECT, related_name="+", verbose_name=_("account")
    )
    client_order_id = models.CharField(_("client order id"), max_length=100)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    kind = models.CharField(_("kind"), max_length=16, choices=choices(PLAN_KINDS, ConditionalKind))
    symbol = models.CharField(_("symbol"), max_length=20)
    exchange = models.CharField(_("exchange"), max_length=8)
    lot_size = models.PositiveIntegerField(_("round lot"))
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    quantity = models.BigIntegerField(_("quantity"))
    entry = models.OneToOneField(Order, models.PROTECT, null=True, related_name="+", verbose_name=_("entry order"))
    valid_until = models.DateField(_("valid until"))
    status = models.CharField(_("status"), max_length=16, choices=choices(PLAN_STATES, ConditionalStatus))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    breaches = models.JSONField(_("refusals"), default=list, blank=True)
    strategy_id = models.CharField(_("strategy"), max_length=64, blank=True)
    actor_kind = models.CharField(_("asked for by (kind)"), max_length=16)
    actor_id = models.CharField(_("asked for by"), max_length=100)
    first_event_id = models.BigIntegerField(_("first event"), default=0)
    last_event_id = models.BigIntegerField(_("last event"), default=0)
    placed_at = models.DateTimeField(_("placed"))  # market time
    updated_at = models.DateTimeField(_("last change"))  # market time
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("conditional order")
        verbose_name_plural = _("conditional orders")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "client_order_id"], name="orders_conditional_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_conditional_quantity"),
        ]
        indexes = [
            models.Index(fields=["account", "-recorded_at"], name="orders_conditional_by_account"),
            models.Index(
                fields=["valid_until"], condition=Q(status=ConditionalStatus.ACTIVE), name="orders_conditional_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.side} {self.quantity} {self.symbol} {self.status}"


class ConditionalLeg(models.Model):
    """One condition and the order that it releases. `state` moves only by the table of `qts.domain.orders`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conditional = models.ForeignKey(
        ConditionalOrder, models.PROTECT, related_name="legs", verbose_name=_("conditional order")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    role = models.CharField(_("role"), max_length=8, choices=choices(LEG_ROLES, LegRole))
    state = models.CharField(_("state"), max_length=12, choices=choices(PLAN_STATES, LegState))
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    asked_quantity = models.BigIntegerField(_("quantity asked for"))
    quantity = models.BigIntegerField(_("quantity"))  # of the order: what an entry order has filled of it
    limit_vnd = models.BigIntegerField(_("limit price, VND"), null=True)  # none: at the market
    # Empty where the leg goes out as soon as its entry order is done.
    direction = models.CharField(_("direction"), max_length=12, blank=True, choices=choices(DIRECTIONS, Direction))
    level_vnd = models.BigIntegerField(_("level, VND"), default=0)
    trail_vnd = models.BigIntegerField(_("trailing distance, VND"), default=0)
    step_vnd = models.BigIntegerField(_("step, VND"), default=0)
    anchor_vnd = models.BigIntegerField(_("best price of the last step, VND"), default=0)
    watched_since_ns = models.BigIntegerField(_("watched since, ns"), default=0)  # wall clock
    # Met, and its order has to wait: for the rest of the entry order to come back, or for a rate limit.
    met_vnd = models.BigIntegerField(_("price that met it, VND"), null=True)
    waits_for = models.CharField(_("waits for"), max_length=200, blank=True)
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="leg", verbose_name=_("order"))
    ended_at = models.DateTimeField(_("ended"), null=True)  # market time

    class Meta:
        verbose_name = _("leg of a conditional order")
        verbose_name_plural = _("legs of conditional orders")
        ordering = ["conditional", "number"]
        constraints = [
            models.UniqueConstraint(fields=["conditional", "number"], name="orders_leg_once"),
            models.CheckConstraint(
                condition=~Q(state=LegState.TRIGGERED) | Q(order__isnull=False), name="orders_leg_triggered_has_order"
            ),
        ]
        indexes = [
            models.Index(fields=["state"], condition=Q(state__in=LIVE_STATES), name="orders_legs_live"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.side} {self.quantity} {self.state}"
