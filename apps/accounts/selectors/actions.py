"""Corporate actions as they were entered and decided."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Count

from apps.accounts.models import CorporateAction

SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class CorporateActionView:
    id: UUID
    symbol: str
    kind: str
    ex_date: date
    pays_on: date
    cash_per_share_vnd: int
    new_shares: int
    old_shares: int
    subscription_price_vnd: int
    status: str
    source: str
    proposed_by: str
    decided_by: str
    account_count: int


def corporate_actions() -> list[CorporateActionView]:
    """The latest ex-date first; `account_count` have been booked."""
    rows = CorporateAction.objects.annotate(account_count=Count("bookings")).order_by("-ex_date", "symbol")[:SHOWN_MAX]
    names = CorporateActionView.__dataclass_fields__
    return [CorporateActionView(**{name: getattr(row, name) for name in names}) for row in rows]
