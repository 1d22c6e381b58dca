"""Accounts and who may use them."""

from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from apps.accounts.models import AccountMembership, BrokerageAccount, CashBalance


def open_account(*, number: str, name: str, connection_id: UUID) -> UUID:
    """The account of that number, made with empty books if there is none; its connection follows the argument."""
    with transaction.atomic():
        account, _ = BrokerageAccount.objects.update_or_create(
            number=number,
            defaults={"connection_id": connection_id},
            create_defaults={"name": name, "connection_id": connection_id},
        )
        CashBalance.objects.get_or_create(account=account)
    return account.id


def grant_membership(*, account_id: UUID, username: str, role: AccountMembership.Role) -> None:
    """Give a user a role on an account, or change it. Raises User.DoesNotExist."""
    user = get_user_model().objects.get_by_natural_key(username)
    AccountMembership.objects.update_or_create(account_id=account_id, user_id=user.pk, defaults={"role": role})
