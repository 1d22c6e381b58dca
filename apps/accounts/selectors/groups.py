"""Portfolios: accounts that somebody looks at together. Who may see an account is asked of each of them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import Portfolio


@dataclass(frozen=True, slots=True)
class PortfolioGroup:
    """`account_ids` are those of its accounts that the user may see. `is_own`: the user may change it."""

    id: UUID
    name: str
    account_ids: tuple[UUID, ...]
    is_own: bool


def groups_of(user: Any, visible: Collection[UUID]) -> list[PortfolioGroup]:
    """The user's own and those for everybody, by name; one of whose accounts the user sees none is left out."""
    rows = Portfolio.objects.filter(Q(owner_id=user.pk) | Q(owner=None)).prefetch_related("accounts").order_by("name")
    found = []
    for row in rows:
        mine = tuple(account.id for account in row.accounts.all() if account.id in visible)
        if mine or row.owner_id == user.pk:
            found.append(PortfolioGroup(row.id, row.name, mine, row.owner_id == user.pk))
    return found


def names_by_account(groups: Collection[PortfolioGroup]) -> dict[UUID, list[str]]:
    holders: dict[UUID, list[str]] = defaultdict(list)
    for group in groups:
        for account_id in group.account_ids:
            holders[account_id].append(group.name)
    return dict(holders)
