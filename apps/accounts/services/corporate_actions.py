"""Corporate actions: one person enters, a second one confirms, the books follow on the ex-date."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.locks import lock_cash, lock_corporate_action, lock_rights
from apps.accounts.models import BrokerageAccount, CorporateAction, LedgerEntry, ShareLot
from apps.accounts.services.action_booking import apply_due_actions, position_after, reference_of, terms_of
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import Leg, announce_cash, announce_position, post
from apps.marketdata.services.price_rights import keep_right
from qts.domain.errors import Said, TerminalError
from qts.domain.market import to_vietnam
from qts.domain.portfolio import ActionTerms, paid_at
from qts.domain.values import Actor

Ledger = LedgerEntry.Ledger
Status = CorporateAction.Status


class ActionProblem(StrEnum):
    NONSENSE = "NONSENSE"
    ENTERED_TWICE = "ENTERED_TWICE"
    SAME_PERSON = "SAME_PERSON"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    NOT_FOUND = "NOT_FOUND"
    RIGHTS_OVER = "RIGHTS_OVER"
    TOO_MANY = "TOO_MANY"
    NOT_ENOUGH_CASH = "NOT_ENOUGH_CASH"


class ActionRefused(TerminalError):
    def __init__(self, problem: ActionProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ActionNotice:
    """What a notice says. `pays_on`: cash is paid, new shares may be sold, or rights end."""

    symbol: str
    ex_date: date
    pays_on: date
    terms: ActionTerms
    source: str


def propose_action(notice: ActionNotice, *, actor: Actor, now: datetime) -> UUID:
    """Keep it until a second person confirms it. Raises ActionRefused for nonsense and for what is there already."""
    problem = notice.terms.problem or _problem(notice)
    if problem:
        raise ActionRefused(ActionProblem.NONSENSE, problem)
    try:
        with transaction.atomic():
            made = CorporateAction.objects.create(
                symbol=notice.symbol,
                kind=notice.terms.kind,
                ex_date=notice.ex_date,
                pays_on=notice.pays_on,
                cash_per_share_vnd=notice.terms.cash_per_share_vnd,
                new_shares=notice.terms.new_shares,
                old_shares=notice.terms.old_shares,
                subscription_price_vnd=notice.terms.subscription_price_vnd,
                source=notice.source.strip(),
                proposed_by=str(actor),
                proposed_at=now,
            )
    except IntegrityError as error:
        told = Said("This action of the symbol is entered already for that ex-date.")
        raise ActionRefused(ActionProblem.ENTERED_TWICE, told) from error
    return made.id


def _problem(notice: ActionNotice) -> str:
    if not notice.symbol:
        return "an action is of a symbol"
    if notice.pays_on < notice.ex_date:
        return "nothing is paid or listed before the ex-date"
    return "" if notice.source.strip() else "say which notice it is from"


def confirm_action(action_id: UUID, *, actor: Actor, now: datetime) -> None:
    """A second person agrees; if the ex-date has come, every account is booked at once, else as that day begins."""
    with transaction.atomic():
        action = _undecided(action_id)
        if action.proposed_by == str(actor):
            raise ActionRefused(ActionProblem.SAME_PERSON, Said("Nobody confirms what they entered."))
        _decide(action, Status.CONFIRMED, actor, now)
        keep_right(action.symbol, action.ex_date, terms_of(action))
    if action.ex_date <= to_vietnam(now).date():
        for account_id in BrokerageAccount.objects.order_by("id").values_list("id", flat=True):
            with transaction.atomic():
                cash = lock_cash(account_id)
                open_day(cash, now)
                if apply_due_actions(cash, now):
                    settle_account(cash, now)
                    announce_cash(cash, now)


def reject_action(action_id: UUID, *, actor: Actor, now: datetime) -> None:
    """A second person refuses it, or the first one takes it back; then it may be entered anew."""
    with transaction.atomic():
        _decide(_undecided(action_id), Status.REJECTED, actor, now)


def _undecided(action_id: UUID) -> CorporateAction:
    action = lock_corporate_action(action_id)
    if action is None:
        raise ActionRefused(ActionProblem.NOT_FOUND, Said("There is no such corporate action."))
    if action.status != Status.PROPOSED:
        raise ActionRefused(ActionProblem.ALREADY_DECIDED, Said("It is decided already."))
    return action


def _decide(action: CorporateAction, status: CorporateAction.Status, actor: Actor, now: datetime) -> None:
    action.status, action.decided_by, action.decided_at = status, str(actor), now
    action.save(update_fields=["status", "decided_by", "decided_at"])


def subscribe_rights(*, account_id: UUID, action_id: UUID, quantity: int, listed_on: date, now: datetime) -> None:
    """Pay for new shares, which may be sold from `listed_on`. Raises ActionRefused, and then nothing has changed."""
    with transaction.atomic():
        cash = lock_cash(account_id)
        open_day(cash, now)
        settle_account(cash, now)
        holding = lock_rights(account_id, action_id)
        if holding is None or to_vietnam(now).date() > holding.action.pays_on:
            raise ActionRefused(
                ActionProblem.RIGHTS_OVER, Said("There are no rights to use, or their last day is over.")
            )
        action = holding.action
        if not 0 < quantity <= holding.open_quantity:
            raise ActionRefused(
                ActionProblem.TOO_MANY, Said("{open_quantity:,} rights are left.", open_quantity=holding.open_quantity)
            )
        cost_vnd = quantity * action.subscription_price_vnd
        if cost_vnd > cash.free_vnd:
            raise ActionRefused(
                ActionProblem.NOT_ENOUGH_CASH, Said("{cost_vnd:,} VND are not free.", cost_vnd=cost_vnd)
            )
        due_at = paid_at(listed_on)
        legs = [
            Leg(Ledger.SECURITIES, cost_vnd, action.symbol, quantity, due_at),
            Leg(Ledger.CASH, -cost_vnd),
            Leg(Ledger.RIGHTS, 0, action.symbol, -quantity),
        ]
        post(account_id, LedgerEntry.Kind.RIGHTS, legs, reference=reference_of(action.id), now=now)
        holding.open_quantity = F("open_quantity") - quantity
        holding.subscribed_quantity = F("subscribed_quantity") + quantity
        holding.save(update_fields=["open_quantity", "subscribed_quantity"])
        ShareLot.objects.create(
            account_id=account_id,
            symbol=action.symbol,
            quantity=quantity,
            trading_day=to_vietnam(now).date(),
            sellable_at=due_at,
            reference=reference_of(action.id),
        )
        position = position_after(account_id, action.symbol, shares=quantity, cost_vnd=cost_vnd)
        cash.settled_vnd -= cost_vnd
        cash.save(update_fields=["settled_vnd"])
        announce_position(position, now)
        announce_cash(cash, now)
