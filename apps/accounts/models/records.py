"""What is kept beside the books: groups of accounts, values over time, and why somebody traded."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.owners import BrokerageAccount


class Portfolio(models.Model):
    """Accounts that are looked at together. Who may see them is asked of each account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("owner"), help_text=_("Empty: for everybody who may see its accounts."),
    )  # fmt: skip
    accounts = models.ManyToManyField(BrokerageAccount, related_name="portfolios", verbose_name=_("accounts"))

    class Meta:
        verbose_name = _("portfolio")
        verbose_name_plural = _("portfolios")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], nulls_distinct=False, name="accounts_one_name_an_owner")
        ]

    def __str__(self) -> str:
        return self.name


class ValueSnapshot(models.Model):
    """An account's worth at one moment, at the marks of that moment; the last one of a day is its end."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    trading_day = models.DateField(_("trading day"))
    taken_at = models.DateTimeField(_("taken at"), help_text=_("market time"))
    is_day_end = models.BooleanField(_("end of the day"), default=False)
    cash_vnd = models.BigIntegerField(_("cash, VND"))
    market_value_vnd = models.BigIntegerField(_("market value, VND"))
    equity_vnd = models.BigIntegerField(_("equity, VND"))
    flows_vnd = models.BigIntegerField(
        _("deposits less withdrawals, VND"), default=0, help_text=_("deposits less withdrawals of the day until then")
    )

    class Meta:
        verbose_name = _("value of an account")
        verbose_name_plural = _("values of accounts")
        ordering = ["taken_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "taken_at"], name="accounts_one_value_a_moment"),
            models.UniqueConstraint(
                fields=["account", "trading_day"], condition=Q(is_day_end=True), name="accounts_one_day_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.taken_at:%Y-%m-%d %H:%M}: {self.equity_vnd}"


class TradeNote(models.Model):
    """Why an order was traded, in its owner's words."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    order_id = models.UUIDField(_("order"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    tags = models.JSONField(_("tags"), default=list)
    note = models.TextField(_("notes"), max_length=2_000, blank=True)
    written_by = models.CharField(_("written by"), max_length=100)
    written_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("note on a trade")
        verbose_name_plural = _("notes on trades")
        constraints = [models.UniqueConstraint(fields=["account", "order_id"], name="accounts_one_note_an_order")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.reason}"
