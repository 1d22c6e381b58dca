"""Accounts and who may use them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from apps.accounts.locks import lock_account
from apps.accounts.models import AccountMembership, BrokerageAccount, CashBalance
from apps.accounts.selectors.access import may_manage
from apps.accounts.services.ledger import market_ms
from apps.eventlog.services import record
from apps.sso.selectors import actor_of
from qts.domain.errors import Said, TerminalError
from qts.domain.events import MembershipChanged

Role = AccountMembership.Role


class MemberProblem(StrEnum):
    NOT_YOURS = "NOT_YOURS"
    NO_SUCH_USER = "NO_SUCH_USER"
    NO_SUCH_ROLE = "NO_SUCH_ROLE"
    LAST_MANAGER = "LAST_MANAGER"


class MemberRefused(TerminalError):
    def __init__(self, problem: MemberProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


SSI_DIGITS: Final = 7
# the last digit of SSI's account numbers
KINDS: Final = {"6": BrokerageAccount.Kind.MARGIN, "8": BrokerageAccount.Kind.DERIVATIVES}


def open_account(*, number: str, name: str, connection_id: UUID) -> UUID:
    """The account of that number, made with empty books if there is none; its connection follows the argument. Of
    which kind a new one is says the last digit of its number."""
    with transaction.atomic():
        is_of_ssi = number.isdigit() and len(number) == SSI_DIGITS
        kind = KINDS.get(number[-1:], BrokerageAccount.Kind.CASH) if is_of_ssi else BrokerageAccount.Kind.CASH
        account, _ = BrokerageAccount.objects.update_or_create(
            number=number,
            defaults={"connection_id": connection_id},
            create_defaults={"name": name, "connection_id": connection_id, "kind": kind},
        )
        CashBalance.objects.get_or_create(account=account)
    return account.id


def grant_membership(*, account_id: UUID, username: str, role: AccountMembership.Role) -> None:
    """Give a user a role on an account, or change it. Raises User.DoesNotExist."""
    user = get_user_model().objects.get_by_natural_key(username)
    AccountMembership.objects.update_or_create(account_id=account_id, user_id=user.pk, defaults={"role": role})


def change_member(*, account_id: UUID, username: str, role: str, by: Any, now: datetime) -> None:
    """Give a user a role on an account, another one, or ("") none any more. Raises MemberRefused; then nothing changed.

    Only who manages the account, or an administrator. An account that somebody manages keeps a manager: without one
    its owner could no longer let anybody in or out.
    """
    if role and role not in Role.values:
        raise MemberRefused(MemberProblem.NO_SUCH_ROLE, Said("There is no such role."))
    with transaction.atomic():
        if lock_account(account_id) is None or not may_manage(by, account_id):
            raise MemberRefused(MemberProblem.NOT_YOURS, Said("Only who manages an account changes its members."))
        user = get_user_model().objects.filter(username=username.strip(), is_active=True).first()
        if user is None and role:
            raise MemberRefused(
                MemberProblem.NO_SUCH_USER, Said("There is no active user {username}.", username=username)
            )
        known = AccountMembership.objects.filter(account_id=account_id, user__username=username.strip()).first()
        if known is None and not role:
            raise MemberRefused(MemberProblem.NO_SUCH_USER, Said("{username} has no membership.", username=username))
        _keep_a_manager(account_id, known, role)
        user_id = known.user_id if known else user.pk if user else 0
        if role:
            AccountMembership.objects.update_or_create(account_id=account_id, user_id=user_id, defaults={"role": role})
        elif known:
            known.delete()
        changed = MembershipChanged(
            account_id=str(account_id), user_id=str(user_id), role=role, ts_market_ms=market_ms(now)
        )
        record(changed, actor=actor_of(by), now=now)


def _keep_a_manager(account_id: UUID, known: AccountMembership | None, role: str) -> None:
    if known is None or known.role != Role.MANAGE or role == Role.MANAGE:
        return
    others = AccountMembership.objects.filter(account_id=account_id, role=Role.MANAGE, user__is_active=True)
    if not others.exclude(pk=known.pk).exists():
        raise MemberRefused(
            MemberProblem.LAST_MANAGER, Said("Nobody else manages the account: make somebody else a manager first.")
        )
