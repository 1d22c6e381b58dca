"""A person's portfolios."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.accounts.models import BrokerageAccount, Portfolio
from qts.domain.errors import TerminalError

NAME_LENGTH_MAX = 100


def save_group(*, user: Any, name: str, account_ids: Collection[UUID], group_id: UUID | None = None) -> UUID:
    """A new portfolio of the user, or an own one changed; its id. The caller has asked whether the user may see the
    accounts. Raises TerminalError for no name, a name that is taken, and somebody else's portfolio."""
    called = name.strip()[:NAME_LENGTH_MAX]
    if not called:
        raise TerminalError("a portfolio has a name")
    try:
        with transaction.atomic():
            row = Portfolio(owner_id=user.pk) if group_id is None else _own(user, group_id)
            row.name = called
            row.save()
            row.accounts.set(BrokerageAccount.objects.filter(id__in=account_ids))
    except IntegrityError as error:
        raise TerminalError(f"there is a portfolio {called} already") from error
    return row.id


def drop_group(*, user: Any, group_id: UUID) -> None:
    """Raises TerminalError for somebody else's. Its accounts stay what they are."""
    _own(user, group_id).delete()


def _own(user: Any, group_id: UUID) -> Portfolio:
    row = Portfolio.objects.filter(id=group_id, owner_id=user.pk).first()
    if row is None:
        raise TerminalError("there is no such portfolio of this user")
    return row
