"""Corporate actions as they were entered and decided."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from apps.accounts.models import CorporateAction, CorporateActionBooking

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
    proposed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActionBookingView:
    """What an action did to one account. Cash is gross; `shares` went where it is negative."""

    account_number: str
    entitled_quantity: int
    cash_vnd: int
    tax_vnd: int
    shares: int
    rights: int
    booked_at: datetime

    @property
    def net_cash_vnd(self) -> int:
        return self.cash_vnd - self.tax_vnd


def corporate_action(action_id: UUID) -> CorporateActionView | None:
    row = _counted().filter(id=action_id).first()
    return _view(row) if row else None


def action_bookings(action_id: UUID) -> list[ActionBookingView]:
    """By account number."""
    rows = CorporateActionBooking.objects.filter(action_id=action_id).order_by("account__number")
    names = [name for name in ActionBookingView.__dataclass_fields__ if name != "account_number"]
    return [ActionBookingView(*row) for row in rows.values_list("account__number", *names)]


def corporate_actions() -> list[CorporateActionView]:
    """The latest ex-date first; `account_count` have been booked."""
    return [_view(row) for row in _counted().order_by("-ex_date", "symbol")[:SHOWN_MAX]]


def _counted() -> QuerySet[CorporateAction]:
    return CorporateAction.objects.annotate(account_count=Count("bookings"))


def _view(row: CorporateAction) -> CorporateActionView:
    return CorporateActionView(**{name: getattr(row, name) for name in CorporateActionView.__dataclass_fields__})
