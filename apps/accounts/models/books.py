"""Who owns what. Money is whole VND, quantity whole shares; a trading day is a date in Asia/Ho_Chi_Minh.

The ledger is the truth and only grows (a trigger of the first migration guards it). `CashBalance` and `Position` are
its running totals, changed under the account's lock in the transaction that writes the entries.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.owners import BrokerageAccount
from qts.domain.values import Side
from qts.web.words import SIDES, choices

SYMBOL_LENGTH = 20


class CashBalance(models.Model):
    """Running totals of an account's cash: settled - payable - reserved is what it may still spend.

    `settled_vnd` may be below `payable_vnd` when an order placed elsewhere was filled: what happened is booked.
    """

    account = models.OneToOneField(
        BrokerageAccount,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="cash_balance",
        verbose_name=_("account"),
    )
    settled_vnd = models.BigIntegerField(_("settled cash, VND"), default=0)
    receivable_vnd = models.BigIntegerField(
        _("sales to be settled, VND"), default=0, help_text=_("sales that have not settled, net of fee and tax")
    )
    payable_vnd = models.BigIntegerField(
        _("purchases to be settled, VND"), default=0, help_text=_("purchases that have not settled, fee included")
    )
    dividends_due_vnd = models.BigIntegerField(
        _("dividends to be paid, VND"), default=0, help_text=_("dividends past their ex-date and not paid, net")
    )
    advanced_vnd = models.BigIntegerField(
        _("advanced on sales, VND"), default=0, help_text=_("lent by the broker on sales that have not settled")
    )
    reserved_vnd = models.BigIntegerField(
        _("held back for purchases, VND"), default=0, help_text=_("held back for working purchase orders")
    )
    loan_vnd = models.BigIntegerField(
        _("margin loan, VND"), default=0, db_default=0, help_text=_("lent by the broker on shares")
    )
    interest_due_vnd = models.BigIntegerField(
        _("interest to be paid, VND"), default=0, db_default=0, help_text=_("accrued on the loan and not paid")
    )
    accrued_day = models.DateField(
        _("interest accrued until"), null=True, help_text=_("the day until whose beginning interest is accrued")
    )
    margin_vnd = models.BigIntegerField(_("margin, VND"), default=0, db_default=0, help_text=_("bound by open futures"))
    variation_due_vnd = models.BigIntegerField(
        _("variation of futures to be paid, VND"),
        default=0,
        db_default=0,
        help_text=_("gained (or lost) on closed futures since the last mark"),
    )
    realised_pnl_vnd = models.BigIntegerField(
        _("realised profit, VND"), default=0, help_text=_("since the account was opened here, net")
    )
    opened_day = models.DateField(
        _("last day with a snapshot"), null=True, help_text=_("the last trading day that has a snapshot")
    )

    account_kind = BrokerageAccount.Kind.CASH.value  # of the locked one; see `locks.lock_cash`

    class Meta:
        verbose_name = _("cash balance")
        verbose_name_plural = _("cash balances")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    receivable_vnd__gte=0,
                    payable_vnd__gte=0,
                    reserved_vnd__gte=0,
                    dividends_due_vnd__gte=0,
                    advanced_vnd__gte=0,
                ),
                name="accounts_cash_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(loan_vnd__gte=0, interest_due_vnd__gte=0, margin_vnd__gte=0),
                name="accounts_loan_and_margin_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.settled_vnd}"

    @property
    def total_vnd(self) -> int:
        """All cash that belongs to the account, on its way or not, less what is owed."""
        coming_vnd = self.receivable_vnd + self.dividends_due_vnd + self.margin_vnd + self.variation_due_vnd
        owed_vnd = self.payable_vnd + self.advanced_vnd + self.loan_vnd + self.interest_due_vnd
        return self.settled_vnd + coming_vnd - owed_vnd

    @property
    def free_vnd(self) -> int:
        """Cash that no purchase will take, bought or working."""
        return self.settled_vnd - self.payable_vnd - self.reserved_vnd

    @property
    def at_broker_vnd(self) -> int:
        """Cash as the broker shows it: a purchase has left it at the match, margin has not."""
        return self.settled_vnd - self.payable_vnd + self.margin_vnd


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
        CAPITAL = "CAPITAL", _("opening balances, deposits and withdrawals")
        DIVIDENDS_DUE = "DIVIDENDS_DUE", _("dividends to be paid")
        DIVIDENDS = "DIVIDENDS", _("dividends earned")
        DIVIDEND_TAX = "DIVIDEND_TAX", _("tax on dividends")
        INTEREST = "INTEREST", _("interest and charges")
        ADVANCED = "ADVANCED", _("advances on sales")
        RIGHTS = "RIGHTS", _("rights to subscribe")
        LOAN = "LOAN", _("margin loan")
        INTEREST_DUE = "INTEREST_DUE", _("interest to be paid")
        FUTURES_MARGIN = "FUTURES_MARGIN", _("margin of futures")
        VARIATION_DUE = "VARIATION_DUE", _("variation of futures to be paid")
        CONTRACTS = "CONTRACTS", _("open futures as carried")
        NOTIONAL = "NOTIONAL", _("counter-value of open futures")
        FUTURES = "FUTURES", _("gains on futures")

    class Kind(models.TextChoices):
        OPENING = "OPENING", _("opening balance")
        PURCHASE = "PURCHASE", _("purchase")
        SALE = "SALE", _("sale")
        SETTLEMENT = "SETTLEMENT", _("settlement")
        DEPOSIT = "DEPOSIT", _("deposit")
        WITHDRAWAL = "WITHDRAWAL", _("withdrawal")
        INTEREST = "INTEREST", _("interest or charge")
        ADVANCE = "ADVANCE", _("advance on sales")
        REPAYMENT = "REPAYMENT", _("repayment of an advance")
        DIVIDEND = "DIVIDEND", _("cash dividend")
        BONUS = "BONUS", _("stock dividend or bonus shares")
        SPLIT = "SPLIT", _("split")
        RIGHTS = "RIGHTS", _("rights issue")
        LOAN = "LOAN", _("margin loan")
        ACCRUAL = "ACCRUAL", _("interest of a night")
        FUTURES = "FUTURES", _("trade in futures")
        MARGIN = "MARGIN", _("margin of futures")
        VARIATION = "VARIATION", _("mark to market")
        EXPIRY = "EXPIRY", _("expiry")

    id = models.BigAutoField(_("number"), primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    posting_id = models.UUIDField(_("posting"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    ledger = models.CharField(_("ledger"), max_length=16, choices=Ledger.choices)
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH, blank=True)
    quantity = models.BigIntegerField(_("quantity"), default=0, help_text=_("shares or rights in (+) or out (-)"))
    amount_vnd = models.BigIntegerField(_("amount, VND"))
    reference = models.CharField(
        _("caused by"), max_length=64, help_text=_("what caused it: the fill, or the settled posting")
    )
    trading_day = models.DateField(_("trading day"))
    occurred_at = models.DateTimeField(_("occurred at"), help_text=_("market time"))
    due_at = models.DateTimeField(
        _("due at"), null=True, help_text=_("when cash or shares on their way arrive (market time)")
    )
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["id"]
        indexes = [models.Index(fields=["account", "ledger", "symbol"], name="accounts_entry_ledger")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ledger} {self.amount_vnd}"


class Position(models.Model):
    """Shares of one symbol held, with their total cost (purchase fees inside) and the profit of past sales, net."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    quantity = models.BigIntegerField(_("quantity"), default=0)
    cost_total_vnd = models.BigIntegerField(_("total cost, VND"), default=0)
    realised_pnl_vnd = models.BigIntegerField(_("realised profit, VND"), default=0)
    untaxed_bonus_quantity = models.BigIntegerField(
        _("bonus shares not taxed yet"),
        default=0,
        help_text=_("shares received as a dividend whose tax falls due when they are sold"),
    )

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
            models.CheckConstraint(
                condition=Q(untaxed_bonus_quantity__gte=0), name="accounts_untaxed_bonus_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity}"


class ShareLot(models.Model):
    """Shares that have been bought and may not be sold before `sellable_at` (market time, 13:00 of T+2)."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    quantity = models.BigIntegerField(_("quantity"))
    trading_day = models.DateField(_("trading day"))
    sellable_at = models.DateTimeField(_("may be sold from"))
    reference = models.CharField(_("caused by"), max_length=64)

    class Meta:
        verbose_name = _("shares on their way")
        verbose_name_plural = _("shares on their way")
        ordering = ["sellable_at"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="accounts_lot_not_empty")]
        indexes = [models.Index(fields=["account", "sellable_at"], name="accounts_lot_sellable")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity} from {self.sellable_at:%Y-%m-%d %H:%M}"


class CashSettlement(models.Model):
    """Cash on its way: positive comes in, negative goes out, at `due_at` (market time; T+2 for trades)."""

    class Source(models.TextChoices):
        TRADE = "TRADE", _("trade")
        DIVIDEND = "DIVIDEND", _("dividend")

    source = models.CharField(
        _("source"), max_length=8, choices=Source.choices, default=Source.TRADE, db_default=Source.TRADE
    )
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    amount_vnd = models.BigIntegerField(_("amount, VND"))
    trading_day = models.DateField(_("trading day"))
    due_at = models.DateTimeField(_("due at"))
    reference = models.CharField(_("caused by"), max_length=64)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("cash on its way")
        verbose_name_plural = _("cash on its way")
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

    order_id = models.UUIDField(_("order"), primary_key=True)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    quantity = models.BigIntegerField(_("quantity"), help_text=_("shares of the order that may still trade"))
    amount_vnd = models.BigIntegerField(_("amount, VND"), help_text=_("cash still held back; 0 for a sale"))
    price_vnd = models.BigIntegerField(
        _("price, VND"),
        default=0,
        db_default=0,
        help_text=_("the dearest price that a purchase can trade at; 0 where it is not known"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField(_("created at"), help_text=_("market time"))
    closed_at = models.DateTimeField(_("closed at"), null=True, help_text=_("market time"))

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
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

    fill_id = models.CharField(_("fill"), primary_key=True, max_length=64)
    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    order_id = models.UUIDField(_("order"))
    symbol = models.CharField(_("symbol"), max_length=SYMBOL_LENGTH)
    side = models.CharField(_("side"), max_length=4, choices=choices(SIDES, Side))
    is_future = models.BooleanField(_("futures contract"), default=False, db_default=False)
    quantity = models.BigIntegerField(_("quantity"))
    price_vnd = models.BigIntegerField(_("price, VND"))
    fee_vnd = models.BigIntegerField(_("fee, VND"))
    tax_vnd = models.BigIntegerField(_("tax, VND"), default=0)
    cost_vnd = models.BigIntegerField(
        _("cost, VND"), default=0, help_text=_("cost that a sale took out of the position")
    )
    realised_pnl_vnd = models.BigIntegerField(_("realised profit, VND"), default=0, help_text=_("net of fee and tax"))
    trading_day = models.DateField(_("trading day"))
    booked_at = models.DateTimeField(_("booked at"), help_text=_("market time"))
    strategy_id = models.CharField(
        _("strategy"),
        max_length=64,
        blank=True,
        db_default="",
        default="",
        help_text=_("whose order it was; empty for a person's"),
    )

    class Meta:
        verbose_name = _("booked trade")
        verbose_name_plural = _("booked trades")
        ordering = ["-booked_at"]
        indexes = [
            models.Index(fields=["account", "trading_day"], name="accounts_booking_day"),
            models.Index(fields=["order_id"], name="accounts_booking_order"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0, price_vnd__gt=0), name="accounts_booking_is_a_trade"),
            models.CheckConstraint(
                condition=Q(side="SELL") | Q(is_future=True) | Q(tax_vnd=0, cost_vnd=0, realised_pnl_vnd=0),
                name="accounts_purchase_realises_nothing",
            ),
            models.CheckConstraint(
                condition=Q(side="BUY")
                | Q(is_future=True)
                | Q(realised_pnl_vnd=F("quantity") * F("price_vnd") - F("fee_vnd") - F("tax_vnd") - F("cost_vnd")),
                name="accounts_sale_result_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price_vnd}"


class DailySnapshot(models.Model):
    """An account as a trading day began. Its shares are valued when read, at that day's reference prices."""

    account = models.ForeignKey(BrokerageAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("account"))
    trading_day = models.DateField(_("trading day"))
    cash_vnd = models.BigIntegerField(_("cash, VND"), help_text=_("settled + receivable - payable"))
    realised_pnl_vnd = models.BigIntegerField(
        _("realised profit, VND"), help_text=_("since the account was opened here")
    )
    quantities = models.JSONField(_("shares held"), help_text=_("shares held by symbol"))
    action_quantities = models.JSONField(
        _("shares that corporate actions added"),
        default=dict,
        help_text=_("shares that corporate actions added that day"),
    )
    flows_vnd = models.BigIntegerField(
        _("deposits less withdrawals, VND"),
        default=0,
        help_text=_("deposits less withdrawals of the day, and what came off shares: no profit of the day"),
    )

    class Meta:
        verbose_name = _("snapshot of a day")
        verbose_name_plural = _("snapshots of days")
        ordering = ["-trading_day"]
        constraints = [models.UniqueConstraint(fields=["account", "trading_day"], name="accounts_one_snapshot_a_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.trading_day}"
