"""What companies do to their shares: entered by one person, confirmed by another, applied on the ex-date."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.books import SYMBOL_LENGTH
from apps.accounts.models.owners import BrokerageAccount
from qts.domain.portfolio.corporate_actions import ActionKind
from qts.web.words import ACTION_KINDS, choices


class CorporateAction(models.Model):
    """One right that comes off a share. A symbol has one of a kind on an ex-date, however often it is entered."""

    class Status(models.TextChoices):
        PROPOSED = "PROPOSED", _("waits for a second person")
        CONFIRMED = "CONFIRMED", _("confirmed")
        REJECTED = "REJECTED", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    kind = models.CharField(_("kind"), max_length=16, choices=choices(ACTION_KINDS, ActionKind))
    ex_date = models.DateField(_("ex-date"))
    pays_on = models.DateField(_("paid or listed on"), help_text=_("cash is paid, new shares may be sold; rights end"))
    cash_per_share_vnd = models.BigIntegerField(_("cash a share, VND"), default=0)
    new_shares = models.BigIntegerField(
        _("new shares"), default=0, help_text=_("for the old shares; of a split: in their place")
    )
    old_shares = models.BigIntegerField(_("old shares"), default=1)
    subscription_price_vnd = models.BigIntegerField(_("subscription price, VND"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PROPOSED)
    source = models.CharField(_("source"), max_length=200, help_text=_("the notice that says so"))
    proposed_by = models.CharField(_("proposed by"), max_length=100)
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.CharField(_("decided by"), max_length=100, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("corporate action")
        verbose_name_plural = _("corporate actions")
        ordering = ["-ex_date", "symbol"]
        constraints = [
            models.UniqueConstraint(
                fields=["symbol", "kind", "ex_date"], condition=~Q(status="REJECTED"), name="accounts_action_once"
            )
        ]
        indexes = [models.Index(fields=["ex_date"], condition=Q(status="CONFIRMED"), name="accounts_action_confirmed")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.kind} {self.ex_date}"


class CorporateActionBooking(models.Model):
    """What an action did to one account; its existence keeps it from being done again."""

    action = models.ForeignKey(
        CorporateAction, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("corporate action")
    )
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    entitled_quantity = models.BigIntegerField(_("entitled shares"))
    cash_vnd = models.BigIntegerField(_("cash, VND"), default=0, help_text=_("gross"))
    tax_vnd = models.BigIntegerField(_("tax, VND"), default=0)
    shares = models.BigIntegerField(_("shares"), default=0, help_text=_("that came (+) or went (-)"))
    rights = models.BigIntegerField(_("rights"), default=0)
    booked_at = models.DateTimeField(_("booked at"), help_text=_("market time"))

    class Meta:
        verbose_name = _("booked corporate action")
        verbose_name_plural = _("booked corporate actions")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["action", "account"], name="accounts_action_booked_once")]

    def __str__(self) -> str:
        return f"{self.action_id} {self.account_id}"


class RightsHolding(models.Model):
    """Rights to subscribe for new shares that are still open; subscribed and lapsed ones count down to zero."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    action = models.ForeignKey(
        CorporateAction, on_delete=models.PROTECT, related_name="rights_holdings", verbose_name=_("corporate action")
    )
    open_quantity = models.BigIntegerField(
        _("may still be subscribed for"), help_text=_("new shares that may still be subscribed for")
    )
    subscribed_quantity = models.BigIntegerField(_("subscribed shares"), default=0)

    class Meta:
        verbose_name = _("rights held")
        verbose_name_plural = _("rights held")
        constraints = [
            models.UniqueConstraint(fields=["account", "action"], name="accounts_rights_of_an_action_once"),
            models.CheckConstraint(
                condition=Q(open_quantity__gte=0, subscribed_quantity__gte=0), name="accounts_rights_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.open_quantity}"
