"""Whose accounts there are, and who may see or trade them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BrokerageAccount(models.Model):
    """One account at the broker. `connection_id` names the broker connection whose keys may trade it."""

    class Kind(models.TextChoices):
        CASH = "CASH", _("cash")
        MARGIN = "MARGIN", _("margin")
        DERIVATIVES = "DERIVATIVES", _("derivatives")

    class Owner(models.TextChoices):
        DOMESTIC = "DOMESTIC", _("domestic")
        FOREIGN = "FOREIGN", _("foreign")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    connection_id = models.UUIDField(_("broker connection"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.CASH, db_default=Kind.CASH)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("An inactive account refuses every order."))
    owner = models.CharField(
        _("owner"), max_length=8, choices=Owner.choices, default=Owner.DOMESTIC, db_default=Owner.DOMESTIC
    )

    class Meta:
        verbose_name = _("brokerage account")
        verbose_name_plural = _("brokerage accounts")
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class AccountMembership(models.Model):
    """Who may see or trade an account. Trading asks for a membership; no role of the system replaces it."""

    class Role(models.TextChoices):
        VIEW = "view", _("view")
        TRADE = "trade", _("trade")
        MANAGE = "manage", _("manage")

    account = models.ForeignKey(
        BrokerageAccount, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("account")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["account", "user"]
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="accounts_one_membership")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.user_id} {self.role}"
