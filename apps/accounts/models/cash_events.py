"""Cash that moves without a trade, and the nightly look at whether the totals are what the entries say."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.owners import BrokerageAccount


class CashEvent(models.Model):
    """A deposit, withdrawal, interest or advance, entered once under the broker's document number."""

    class Kind(models.TextChoices):
        DEPOSIT = "DEPOSIT", _("deposit")
        WITHDRAWAL = "WITHDRAWAL", _("withdrawal")
        INTEREST_EARNED = "INTEREST_EARNED", _("interest earned")
        INTEREST_CHARGED = "INTEREST_CHARGED", _("interest or fee charged")
        ADVANCE = "ADVANCE", _("advance on sales")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    amount_vnd = models.BigIntegerField(_("amount"), help_text=_("always above zero; the kind says which way"))
    fee_vnd = models.BigIntegerField(_("fee"), default=0, db_default=0, help_text=_("of an advance, taken at once"))
    reference = models.CharField(_("document"), max_length=40, help_text=_("the broker's document number"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    entered_by = models.CharField(_("entered by"), max_length=100)
    occurred_at = models.DateTimeField(_("occurred at"), help_text=_("market time"))

    class Meta:
        verbose_name = _("cash event")
        verbose_name_plural = _("cash events")
        ordering = ["-occurred_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="accounts_cash_event_once"),
            models.CheckConstraint(condition=Q(amount_vnd__gt=0), name="accounts_cash_event_moves_money"),
            models.CheckConstraint(
                condition=Q(fee_vnd=0) | Q(kind="ADVANCE", fee_vnd__gt=0), name="accounts_only_advances_cost_a_fee"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_vnd} {self.reference}"


class CashRequest(models.Model):
    """A cash event that one operator has entered and another one has to confirm before it is booked."""

    class Status(models.TextChoices):
        PROPOSED = "PROPOSED", _("proposed")
        BOOKED = "BOOKED", _("booked")
        REJECTED = "REJECTED", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=16, choices=CashEvent.Kind.choices)
    amount_vnd = models.BigIntegerField(_("amount"))
    reference = models.CharField(_("document"), max_length=40)
    note = models.CharField(_("note"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.PROPOSED)
    proposed_by = models.CharField(_("proposed by"), max_length=100)
    proposed_at = models.DateTimeField(_("proposed at"), help_text=_("market time"))
    decided_by = models.CharField(_("decided by"), max_length=100, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, help_text=_("market time"))
    event = models.OneToOneField(
        CashEvent, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("cash event")
    )

    class Meta:
        verbose_name = _("cash request")
        verbose_name_plural = _("cash requests")
        ordering = ["-proposed_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_vnd__gt=0), name="accounts_cash_request_moves_money"),
            models.CheckConstraint(
                condition=Q(status="BOOKED", event__isnull=False) | (~Q(status="BOOKED") & Q(event__isnull=True)),
                name="accounts_cash_request_booked_with_event",
            ),
            models.CheckConstraint(
                condition=~Q(status="BOOKED") | ~Q(decided_by=models.F("proposed_by")),
                name="accounts_cash_request_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_vnd} {self.reference} {self.status}"


class LedgerCheck(models.Model):
    """One nightly comparison of an account's running totals with its entries; no differences = nothing is wrong."""

    id = models.BigAutoField(_("number"), primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    checked_at = models.DateTimeField(_("checked at"), help_text=_("market time"))
    entry_count = models.BigIntegerField(_("number of entries"))
    differences = models.JSONField(_("differences"))

    class Meta:
        verbose_name = _("ledger check")
        verbose_name_plural = _("ledger checks")
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="accounts_ledger_check_last")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.checked_at:%Y-%m-%d}: {len(self.differences)} differences"


class Reconciliation(models.Model):
    """One comparison of our books with the broker's; `differences` is empty when they are equal to the dong."""

    id = models.BigAutoField(_("number"), primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    compared_at = models.DateTimeField(_("compared at"), help_text=_("market time"))
    differences = models.JSONField(_("differences"))

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="accounts_reconciliation_last")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.compared_at:%Y-%m-%d %H:%M:%S}: {len(self.differences)} differences"
