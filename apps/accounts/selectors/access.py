"""Which accounts somebody may see or trade."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import AccountMembership, BrokerageAccount
from apps.accounts.selectors.types import AccountView, MemberView
from apps.configuration import selectors as configuration
from apps.configuration.selectors import LogInView
from apps.sso.selectors import Role, has_role

TRADERS = (Role.TRADER, Role.ADMINISTRATOR)
SEES_ALL = (Role.RISK_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR)
RUNS_THE_MACHINES = (Role.OPERATOR, Role.ADMINISTRATOR)
TRADES = (AccountMembership.Role.TRADE, AccountMembership.Role.MANAGE)


def account(account_id: UUID) -> AccountView | None:
    row = BrokerageAccount.objects.filter(id=account_id).first()
    return account_view(row) if row else None


def account_id_of(number: str) -> UUID | None:
    """By the broker's account number."""
    return BrokerageAccount.objects.filter(number=number).values_list("id", flat=True).first()


def active_accounts() -> list[AccountView]:
    return [account_view(row) for row in BrokerageAccount.objects.filter(is_active=True)]


def accounts_of_connection(connection_id: UUID) -> list[AccountView]:
    """Accounts that the keys of one broker connection may trade."""
    return [account_view(row) for row in BrokerageAccount.objects.filter(connection_id=connection_id)]


def accounts_of(user: Any) -> list[AccountView]:
    """Accounts that the user may see: the own ones, and all for those who watch over them."""
    rows = BrokerageAccount.objects.all()
    if not user.is_authenticated:
        return []
    if not _sees_all(user):
        rows = rows.filter(memberships__user_id=user.pk)
    return [account_view(row) for row in rows]


def accounts_to_trade(user: Any) -> list[AccountView]:
    """Accounts for which `may_trade` says yes, in one query."""
    if not user.is_authenticated or not has_role(user, *TRADERS):
        return []
    rows = BrokerageAccount.objects.filter(memberships__user_id=user.pk, memberships__role__in=TRADES)
    return [account_view(row) for row in rows]


def may_view(user: Any, account_id: UUID) -> bool:
    if not user.is_authenticated:
        return False
    return _memberships(user, account_id).exists() or _sees_all(user)


def may_trade(user: Any, account_id: UUID) -> bool:
    """Only by a membership that says so, and only as a trader or administrator: no role alone lets somebody trade."""
    if not user.is_authenticated or not has_role(user, *TRADERS):
        return False
    return _memberships(user, account_id).filter(role__in=TRADES).exists()


def may_manage(user: Any, account_id: UUID) -> bool:
    """Say who else may see and trade it: whoever has a membership that manages it, and administrators."""
    if not user.is_authenticated:
        return False
    managing = _memberships(user, account_id).filter(role=AccountMembership.Role.MANAGE)
    return managing.exists() or (
        has_role(user, Role.ADMINISTRATOR) and BrokerageAccount.objects.filter(id=account_id).exists()
    )


def members(account_id: UUID) -> list[MemberView]:
    """Everybody with a membership, by name."""
    rows = AccountMembership.objects.filter(account_id=account_id).select_related("user").order_by("user__username")
    return [MemberView(row.user_id, row.user.get_username(), row.user.is_active, row.role) for row in rows]


def broker_log_ins(user: Any, *, of_persons_only: bool = False) -> list[LogInView]:
    """Log-ins at the broker that the user may see and renew: of connections whose accounts the user may trade, and all
    of them for operators."""
    if not user.is_authenticated:
        return []
    found = configuration.log_ins(of_persons_only=of_persons_only)
    if not found or has_role(user, *RUNS_THE_MACHINES):
        return found
    mine = {account.connection_id for account in accounts_to_trade(user)}
    return [one for one in found if one.connection_id in mine]


def broker_log_in(user: Any, connection_id: UUID) -> LogInView | None:
    """None for one that the user may not see: whether it exists is nobody's business."""
    return next((one for one in broker_log_ins(user) if one.connection_id == connection_id), None)


def account_view(row: BrokerageAccount) -> AccountView:
    is_foreign = row.owner == BrokerageAccount.Owner.FOREIGN
    return AccountView(row.id, row.number, row.name, row.connection_id, row.is_active, row.kind, is_foreign)


def _memberships(user: Any, account_id: UUID) -> QuerySet[AccountMembership]:
    return AccountMembership.objects.filter(user_id=user.pk, account_id=account_id)


def _sees_all(user: Any) -> bool:
    return any(has_role(user, role) for role in SEES_ALL)
