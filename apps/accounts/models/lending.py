"""What the broker lends on: terms of an account, and the part of each share's value. Rows with the day they hold from:
the newest one that has begun holds, and the night of a day costs what held on that day. Administrators enter them."""

from datetime import date
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.books import SYMBOL_LENGTH
from apps.accounts.models.owners import BrokerageAccount
from qts.domain.portfolio.lending import LOAN_PERCENT_MAX

ALWAYS: Final = date(2000, 1, 1)


class MarginTerms(models.Model):
    """Of a margin account; without a row nothing is lent to it."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.CASCADE, related_name="+", verbose_name=_("account"))
    valid_from = models.DateField(
        _("valid from"), default=ALWAYS, db_default=ALWAYS, help_text=_("the first day of these terms")
    )
    credit_limit_vnd = models.BigIntegerField(_("credit limit"), help_text=_("VND lent at most"))
    interest_bps_a_year = models.PositiveIntegerField(_("interest, 0.01 % a year"), default=1_300)
    call_percent = models.PositiveSmallIntegerField(_("called for under, % of the value"), default=40)
    forced_sale_percent = models.PositiveSmallIntegerField(_("sold by the broker under, %"), default=30)

    class Meta:
        verbose_name = _("margin terms")
        verbose_name_plural = _("margin terms")
        ordering = ["account", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["account", "valid_from"], name="accounts_margin_terms_once_a_day"),
            models.CheckConstraint(
                condition=Q(credit_limit_vnd__gte=0, interest_bps_a_year__lte=10_000, call_percent__lt=100)
                & Q(forced_sale_percent__lte=models.F("call_percent")),
                name="accounts_margin_terms_make_sense",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.valid_from}: {self.credit_limit_vnd}"


class LoanRatio(models.Model):
    """How much of a share's value is lent: for one account, or for all of them (no account). Nothing without a row."""

    account = models.ForeignKey(
        BrokerageAccount,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
        help_text=_("empty: of every account that has no row of its own"),
    )
    valid_from = models.DateField(
        _("valid from"), default=ALWAYS, db_default=ALWAYS, help_text=_("the first day of this ratio")
    )
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    loan_percent = models.PositiveSmallIntegerField(
        _("lent, % of the value"), help_text=_("at most 50; 0 takes the share off the list")
    )

    class Meta:
        verbose_name = _("loan ratio")
        verbose_name_plural = _("loan ratios")
        ordering = ["symbol", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "valid_from"], name="accounts_loan_ratio_once_a_day", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(loan_percent__lte=LOAN_PERCENT_MAX), name="accounts_loan_ratio_within_the_law"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.valid_from}: {self.loan_percent} %"
