"""Every change of an account's cash, shares and contracts, with its cash movements in the journal.

The value and fee of a purchase leave the cash at the match. The proceeds of a sale, and bought shares, arrive at 13:00
of the second trading day after it (VSDC's cycle since 2022-08-29); fee and sale tax are taken off the proceeds. Futures
pay fee and tax at the match and their gains at the daily mark to market.
"""

from collections.abc import Iterable
from datetime import date

from qts.domain.market import RuleHistory, TradingCalendar, find_future, sellable_at
from qts.domain.portfolio import Holding
from qts.domain.values import Side
from simulator.broker.accounts import (
    Account,
    AccountKind,
    Advance,
    CashLot,
    ContractPosition,
    NewShares,
    ShareLot,
    SubscriptionRight,
)
from simulator.broker.entitlements import Actions, bonus_tax_vnd, take_off
from simulator.broker.journal import Journal
from simulator.broker.movements import CashMovement, MovementKind
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security


class Bookkeeper:
    """`now_ms` and `day` are given with each call: it has no clock."""

    def __init__(self, journal: Journal, calendar: TradingCalendar, terms: Terms, history: RuleHistory) -> None:
        self._history = history
        self._journal = journal
        self._calendar = calendar
        self._terms = terms

    def open_account(self, account: Account, day: date, now_ms: int) -> None:
        cash_vnd, account.cash_vnd = account.cash_vnd, 0
        self._move(account, MovementKind.OPENING, cash_vnd, day, now_ms)
        self._journal.put_account(account)

    def begin_day(self, account: Account, actions: Actions, *, since: date, until: date) -> None:
        """Interest of the nights between two trading days, on what was owed over them, each rounded down."""
        account.interest_vnd += (until - since).days * self._terms.loan_interest_vnd(account.debt_vnd)
        take_off(account, actions, self._calendar, since=since, until=until)
        account.begin_day()
        self._journal.put_account(account)

    def book_fill(self, account: Account, order: ClientOrder, quantity: int, price_vnd: int, now_ms: int) -> None:
        value_vnd = quantity * price_vnd
        if account.kind is AccountKind.DERIVATIVES:
            self._book_contracts(account, order, quantity, value_vnd, now_ms)
        elif order.side is Side.BUY:
            self._book_purchase(account, order, quantity, value_vnd, now_ms)
        else:
            self._book_sale(account, order, quantity, value_vnd)
        self._journal.put_account(account)

    def settle(self, account: Account, day: date, now_ms: int) -> bool:
        """Take in what has arrived, and repay with it what is owed; whether anything had."""
        arrived = [lot for lot in account.cash_lots if lot.arrives_ms <= now_ms]
        shares = [lot for lot in account.share_lots if lot.arrives_ms > now_ms]
        has_more = self._take_in_rights(account, day, now_ms)
        if not arrived and len(shares) == len(account.share_lots) and not has_more:
            return False
        for lot in arrived:
            gross_vnd = lot.amount_vnd + lot.fee_vnd + lot.tax_vnd
            self._move(account, MovementKind.PROCEEDS, gross_vnd, day, now_ms, order_id=lot.order_id)
            self._move(account, MovementKind.FEE, -lot.fee_vnd, day, now_ms, order_id=lot.order_id)
            self._move(account, MovementKind.TAX, -lot.tax_vnd, day, now_ms, order_id=lot.order_id)
        account.cash_lots = [lot for lot in account.cash_lots if lot.arrives_ms > now_ms]
        account.share_lots = shares
        self._repay_advances(account, sum(lot.amount_vnd for lot in arrived), day, now_ms)
        self._repay(account, day, now_ms)
        self._journal.put_account(account)
        return True

    def transfer(self, account: Account, amount_vnd: int, day: date, now_ms: int) -> None:
        """Between the account and the customer's bank: in when positive. What comes in repays what is owed."""
        kind = MovementKind.DEPOSIT if amount_vnd > 0 else MovementKind.WITHDRAWAL
        self._move(account, kind, amount_vnd, day, now_ms)
        if amount_vnd > 0 and account.kind is AccountKind.MARGIN:
            self._repay(account, day, now_ms)
        self._journal.put_account(account)

    def advance(self, account: Account, advance: Advance, day: date) -> None:
        account.advances.append(advance)
        account.advanced_vnd += advance.amount_vnd
        self._move(account, MovementKind.ADVANCE, advance.amount_vnd, day, advance.at_ms)
        self._move(account, MovementKind.FEE, -advance.fee_vnd, day, advance.at_ms)
        self._journal.put_account(account)

    def subscribe(self, account: Account, right: SubscriptionRight, quantity: int, day: date, now_ms: int) -> None:
        """Paid at once; the shares come when they are listed."""
        cost_vnd = quantity * right.price_vnd
        self._move(account, MovementKind.SUBSCRIPTION, -cost_vnd, day, now_ms)
        right.left -= quantity
        account.new_shares.append(
            NewShares(right.entitlement_id, right.symbol, quantity, cost_vnd, right.ex_date, right.listed_ms)
        )
        self._journal.put_account(account)

    def mark_all(self, accounts: Iterable[Account], securities: dict[str, Security], day: date, now_ms: int) -> None:
        """Daily mark to market of every future at its settlement price; one that expires is closed at it.

        A contract that is not listed any more was missed on its last day: it is closed as it was marked last.
        """
        for account in accounts:
            for symbol, position in account.contracts.items():
                security = securities.get(symbol)
                if security is not None:
                    settlement_vnd = security.settlement_vnd or security.last_or_reference_vnd
                else:
                    settlement_vnd = position.cost_vnd // position.net if position.net else 0
                self._move(account, MovementKind.VARIATION, position.mark(settlement_vnd), day, now_ms)
                if security is None or self._expires(symbol, day):
                    position.net = position.cost_vnd = 0
            self._journal.put_account(account)

    def _expires(self, symbol: str, day: date) -> bool:
        """A symbol that names no month never expires."""
        try:
            return find_future(symbol, day, self._calendar).expiry_day(self._calendar) == day
        except ValueError:
            return False

    # --- fills ----------------------------------------------------------------------------------------------------

    def _book_purchase(self, account: Account, order: ClientOrder, quantity: int, value_vnd: int, now_ms: int) -> None:
        fee_vnd = self._terms.share_fees.fee_vnd(value_vnd)
        missing_vnd = value_vnd + fee_vnd - account.cash_vnd
        if account.kind is AccountKind.MARGIN and missing_vnd > 0:
            account.debt_vnd += missing_vnd
            self._move(account, MovementKind.LOAN, missing_vnd, order.day, now_ms, order_id=order.order_id)
        self._move(account, MovementKind.PURCHASE, -value_vnd, order.day, now_ms, order_id=order.order_id)
        self._move(account, MovementKind.FEE, -fee_vnd, order.day, now_ms, order_id=order.order_id)
        holding = account.holdings.get(order.symbol, Holding())
        account.holdings[order.symbol] = holding.bought(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd)
        account.share_lots.append(ShareLot(order.symbol, quantity, order.day, self._arrives_ms(order.day)))
        account.bought_today_vnd += value_vnd
        account.fees_today_vnd += fee_vnd

    def _book_sale(self, account: Account, order: ClientOrder, quantity: int, value_vnd: int) -> None:
        fees = self._terms.share_fees
        taxed = min(quantity, account.bonus_untaxed.get(order.symbol, 0))
        fee_vnd = fees.fee_vnd(value_vnd)
        tax_vnd = fees.sale_tax_vnd(value_vnd) + bonus_tax_vnd(taxed, value_vnd // quantity)
        if taxed:
            account.bonus_untaxed[order.symbol] -= taxed
        holding = account.holdings.get(order.symbol, Holding())
        sale = holding.sold(quantity=quantity, value_vnd=value_vnd, fee_vnd=fee_vnd, tax_vnd=tax_vnd)
        account.holdings[order.symbol] = sale.holding
        net_vnd = value_vnd - fee_vnd - tax_vnd
        account.cash_lots.append(
            CashLot(net_vnd, order.day, self._arrives_ms(order.day), fee_vnd, tax_vnd, order.order_id)
        )
        account.sold_today_vnd += value_vnd
        account.sold_today[order.symbol] = account.sold_today.get(order.symbol, 0) + quantity
        account.fees_today_vnd += fee_vnd
        account.taxes_today_vnd += tax_vnd

    def _book_contracts(self, account: Account, order: ClientOrder, quantity: int, value_vnd: int, now_ms: int) -> None:
        fee_vnd = quantity * self._terms.future_fee_vnd
        tax_vnd = self._terms.future_tax_vnd(value_vnd)
        self._move(account, MovementKind.FEE, -fee_vnd, order.day, now_ms, order_id=order.order_id)
        self._move(account, MovementKind.TAX, -tax_vnd, order.day, now_ms, order_id=order.order_id)
        account.contracts.setdefault(order.symbol, ContractPosition()).trade(order.side, quantity, value_vnd)
        account.fees_today_vnd += fee_vnd
        account.taxes_today_vnd += tax_vnd
        if order.side is Side.BUY:
            account.bought_today_vnd += value_vnd
        else:
            account.sold_today_vnd += value_vnd

    # --- inside ---------------------------------------------------------------------------------------------------

    def _take_in_rights(self, account: Account, day: date, now_ms: int) -> bool:
        """Dividends that are paid and new shares that are listed by now; whether there were any."""
        paid = [one for one in account.dividends if one.arrives_ms <= now_ms]
        listed = [one for one in account.new_shares if one.arrives_ms <= now_ms]
        for dividend in paid:
            self._move(account, MovementKind.DIVIDEND, dividend.amount_vnd, day, now_ms)
            self._move(account, MovementKind.TAX, -dividend.tax_vnd, day, now_ms)
        for new in listed:
            held = account.holdings.get(new.symbol, Holding())
            account.holdings[new.symbol] = Holding(
                held.quantity + new.quantity, held.cost_total_vnd + new.cost_vnd, held.realised_pnl_vnd
            )
            if not new.cost_vnd:
                account.bonus_untaxed[new.symbol] = account.bonus_untaxed.get(new.symbol, 0) + new.quantity
        account.dividends = [one for one in account.dividends if one.arrives_ms > now_ms]
        account.new_shares = [one for one in account.new_shares if one.arrives_ms > now_ms]
        return bool(paid or listed)

    def _repay_advances(self, account: Account, arrived_vnd: int, day: date, now_ms: int) -> None:
        repaid_vnd = min(account.advanced_vnd, arrived_vnd)
        account.advanced_vnd -= repaid_vnd
        self._move(account, MovementKind.ADVANCE_REPAYMENT, -repaid_vnd, day, now_ms)

    def _repay(self, account: Account, day: date, now_ms: int) -> None:
        """Interest first, then the loan."""
        interest_vnd = min(account.interest_vnd, account.cash_vnd)
        account.interest_vnd -= interest_vnd
        self._move(account, MovementKind.INTEREST, -interest_vnd, day, now_ms)
        repaid_vnd = min(account.debt_vnd, account.cash_vnd)
        account.debt_vnd -= repaid_vnd
        self._move(account, MovementKind.REPAYMENT, -repaid_vnd, day, now_ms)

    def _move(
        self, account: Account, kind: MovementKind, amount_vnd: int, day: date, now_ms: int, *, order_id: str = ""
    ) -> None:
        if not amount_vnd:
            return
        account.cash_vnd += amount_vnd
        self._journal.add_movement(CashMovement(account.number, day, now_ms, kind, amount_vnd, order_id))

    def _arrives_ms(self, trade_day: date) -> int:
        return int(sellable_at(self._history, trade_day, self._calendar).timestamp() * 1000)
