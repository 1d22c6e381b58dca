"""Futures that are held, and the prices at which the clearing house settles them every evening."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.books import SYMBOL_LENGTH
from apps.accounts.models.owners import BrokerageAccount


class FuturePosition(models.Model):
    """Contracts of one month. `net` and `cost_vnd` are below zero for a short position; `due_vnd` is what closed ones
    gained since the last mark. See `qts.domain.portfolio.contracts`."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    net = models.BigIntegerField(_("net contracts"), default=0)
    cost_vnd = models.BigIntegerField(_("cost, VND"), default=0)
    due_vnd = models.BigIntegerField(_("variation due, VND"), default=0)
    realised_pnl_vnd = models.BigIntegerField(
        _("realised profit, VND"), default=0, help_text=_("marked and closed gains, net of fees and tax")
    )
    marked_day = models.DateField(
        _("marked until"), null=True, help_text=_("the last trading day whose settlement price is in it")
    )

    class Meta:
        verbose_name = _("futures position")
        verbose_name_plural = _("futures positions")
        ordering = ["account", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["account", "symbol"], name="accounts_one_future_position"),
            models.CheckConstraint(
                condition=Q(net__gt=0, cost_vnd__gt=0) | Q(net__lt=0, cost_vnd__lt=0) | Q(net=0, cost_vnd=0),
                name="accounts_future_cost_has_its_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.net}"


class FutureSettlement(models.Model):
    """The settlement price of one contract and day, VND a contract; on its last day the final one."""

    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    trading_day = models.DateField(_("trading day"))
    price_vnd = models.BigIntegerField(_("settlement price"), help_text=_("VND a contract"))
    source = models.CharField(_("source"), max_length=100)
    entered_by = models.CharField(_("entered by"), max_length=100)
    entered_at = models.DateTimeField(_("entered at"), help_text=_("market time"))

    class Meta:
        verbose_name = _("settlement price")
        verbose_name_plural = _("settlement prices")
        ordering = ["-trading_day", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["symbol", "trading_day"], name="accounts_one_settlement_price"),
            models.CheckConstraint(condition=Q(price_vnd__gt=0), name="accounts_settlement_price_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trading_day}: {self.price_vnd}"
