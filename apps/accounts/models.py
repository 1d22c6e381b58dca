"""Who owns what. Money is whole VND, quantity whole shares; a trading day is a date in Asia/Ho_Chi_Minh.

The ledger is the truth and only grows (a trigger of the first migration guards it). `CashBalance` and `Position` are
its running totals, changed under the account's lock in the transaction that writes the entries.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from qts.domain.values import Side

SYMBOL_LENGTH = 20
SIDES = [(side.value, side.value) for side in Side]


class BrokerageAccount(models.Model):
    """One account at the broker. `connection_id` names the broker connection whose keys may trade it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    connection_id = models.UUIDField(_("broker connection"))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("An inactive account refuses every order."))

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

    account = models.ForeignKey(BrokerageAccount, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["account", "user"]
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="accounts_one_membership")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.user_id} {self.role}"


class CashBalance(models.Model):
    """Running totals of an account's cash: settled - payable - reserved is what it may still spend.

    `settled_vnd` may be below `payable_vnd` when an order placed elsewhere was filled: what happened is booked.
    """

    account = models.OneToOneField(
        BrokerageAccount, on_delete=models.PROTECT, primary_key=True, related_name="cash_balance"
    )
    settled_vnd = models.BigIntegerField(default=0)
    receivable_vnd = models.BigIntegerField(default=0, help_text="sales that have not settled, net of fee and tax")
    payable_vnd = models.BigIntegerField(default=0, help_text="purchases that have not settled, fee included")
    reserved_vnd = models.BigIntegerField(default=0, help_text="held back for working purchase orders")
    realised_pnl_vnd = models.BigIntegerField(default=0, help_text="since the account was opened here, net")
    opened_day = models.DateField(null=True, help_text="the last trading day that has a snapshot")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(receivable_vnd__gte=0, payable_vnd__gte=0, reserved_vnd__gte=0),
                name="accounts_cash_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.settled_vnd}"


class LedgerEntry(models.Model):
    """One leg of a posting: debits positive, credits negative; the legs of one posting add up to zero.

    A posting is written in one statement, and the database refuses one that does not balance.
    """

    class Ledger(models.TextChoices):
        CASH = "CASH", _("settled cash")
        RECEIVABLE = "RECEIVABLE", _("sales to be settled")
        PAYABLE = "PAYABLE", _("purchases to be settled")
        SECURITIES = "SECURITIES", _("securities at cost")
        FEES = "FEES", _("broker's fees on sales")
        TAXES = "TAXES", _("sale tax")
        TRADING_RESULT = "TRADING_RESULT", _("sales against their cost")
        CAPITAL = "CAPITAL", _("opening balances")

    class Kind(models.TextChoices):
        OPENING = "OPENING", _("opening balance")
        PURCHASE = "PURCHASE", _("purchase")
        SALE = "SALE", _("sale")
        SETTLEMENT = "SETTLEMENT", _("settlement")

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    posting_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    ledger = models.CharField(max_length=16, choices=Ledger.choices)
    symbol = models.CharField(max_length=SYMBOL_LENGTH, blank=True)
    quantity = models.BigIntegerField(default=0, help_text="shares in (+) or out (-), on the securities ledger only")
    amount_vnd = models.BigIntegerField()
    reference = models.CharField(max_length=64, help_text="what caused it: the fill, or the settled posting")
    trading_day = models.DateField()
    occurred_at = models.DateTimeField(help_text="market time")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["id"]
        indexes = [models.Index(fields=["account", "ledger", "symbol"], name="accounts_entry_ledger")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ledger} {self.amount_vnd}"


class Position(models.Model):
    """Shares of one symbol held, with their total cost (purchase fees inside) and the profit of past sales, net."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    quantity = models.BigIntegerField(default=0)
    cost_total_vnd = models.BigIntegerField(default=0)
    realised_pnl_vnd = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        ordering = ["account", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["account", "symbol"], name="accounts_one_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, cost_total_vnd__gte=0) | Q(quantity=0, cost_total_vnd=0),
                name="accounts_position_not_short",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity}"


class ShareLot(models.Model):
    """Shares that have been bought and may not be sold before `sellable_at` (market time, 13:00 of T+2)."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    quantity = models.BigIntegerField()
    trading_day = models.DateField()
    sellable_at = models.DateTimeField()
    reference = models.CharField(max_length=64)

    class Meta:
        ordering = ["sellable_at"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="accounts_lot_not_empty")]
        indexes = [models.Index(fields=["account", "sellable_at"], name="accounts_lot_sellable")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity} from {self.sellable_at:%Y-%m-%d %H:%M}"


class CashSettlement(models.Model):
    """Cash of one trade on its way: positive comes in, negative goes out, at `due_at` (market time, T+2)."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    amount_vnd = models.BigIntegerField()
    trading_day = models.DateField()
    due_at = models.DateTimeField()
    reference = models.CharField(max_length=64)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at"]
        constraints = [models.CheckConstraint(condition=~Q(amount_vnd=0), name="accounts_settlement_not_zero")]
        indexes = [
            models.Index(fields=["account", "due_at"], condition=Q(settled_at=None), name="accounts_settlement_due")
        ]

    def __str__(self) -> str:
        return f"{self.amount_vnd} due {self.due_at:%Y-%m-%d %H:%M}"


class Reservation(models.Model):
    """Cash or shares held back for one order: what is left is PENDING, then POSTED by fills or VOIDED."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("pending")
        POSTED = "POSTED", _("used up by fills")
        VOIDED = "VOIDED", _("given back")

    order_id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    side = models.CharField(max_length=4, choices=SIDES)
    quantity = models.BigIntegerField(help_text="shares of the order that may still trade")
    amount_vnd = models.BigIntegerField(help_text="cash still held back; 0 for a sale")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField(help_text="market time")
    closed_at = models.DateTimeField(null=True, help_text="market time")

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="PENDING", quantity__gt=0, amount_vnd__gte=0)
                | (~Q(state="PENDING") & Q(quantity=0, amount_vnd=0)),
                name="accounts_reservation_held_only_while_pending",
            )
        ]
        indexes = [models.Index(fields=["account"], condition=Q(state="PENDING"), name="accounts_reservation_open")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.state} {self.amount_vnd}"


class TradeBooking(models.Model):
    """What one fill did to the books. The key is the fill's id, so a repeated fill is booked once."""

    fill_id = models.CharField(primary_key=True, max_length=64)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    order_id = models.UUIDField()
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    side = models.CharField(max_length=4, choices=SIDES)
    quantity = models.BigIntegerField()
    price_vnd = models.BigIntegerField()
    fee_vnd = models.BigIntegerField()
    tax_vnd = models.BigIntegerField(default=0)
    cost_vnd = models.BigIntegerField(default=0, help_text="cost that a sale took out of the position")
    realised_pnl_vnd = models.BigIntegerField(default=0, help_text="net of fee and tax")
    trading_day = models.DateField()
    booked_at = models.DateTimeField(help_text="market time")

    class Meta:
        ordering = ["-booked_at"]
        indexes = [models.Index(fields=["account", "trading_day"], name="accounts_booking_day")]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0, price_vnd__gt=0), name="accounts_booking_is_a_trade"),
            models.CheckConstraint(
                condition=Q(side="SELL") | Q(tax_vnd=0, cost_vnd=0, realised_pnl_vnd=0),
                name="accounts_purchase_realises_nothing",
            ),
            models.CheckConstraint(
                condition=Q(side="BUY")
                | Q(realised_pnl_vnd=F("quantity") * F("price_vnd") - F("fee_vnd") - F("tax_vnd") - F("cost_vnd")),
                name="accounts_sale_result_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price_vnd}"


class DailySnapshot(models.Model):
    """An account as a trading day began. Its shares are valued when read, at that day's reference prices."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    trading_day = models.DateField()
    cash_vnd = models.BigIntegerField(help_text="settled + receivable - payable")
    realised_pnl_vnd = models.BigIntegerField(help_text="since the account was opened here")
    quantities = models.JSONField(help_text="shares held by symbol")

    class Meta:
        ordering = ["-trading_day"]
        constraints = [models.UniqueConstraint(fields=["account", "trading_day"], name="accounts_one_snapshot_a_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.trading_day}"


class Reconciliation(models.Model):
    """One comparison of our books with the broker's; `differences` is empty when they are equal to the dong."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+")
    compared_at = models.DateTimeField(help_text="market time")
    differences = models.JSONField()

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="accounts_reconciliation_last")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.compared_at:%Y-%m-%d %H:%M:%S}: {len(self.differences)} differences"
