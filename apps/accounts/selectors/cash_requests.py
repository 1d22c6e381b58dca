"""Cash events that were entered by hand, open and decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts.models import CashEvent, CashRequest

SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class CashRequestView:
    id: UUID
    account_id: UUID
    kind: str
    amount_vnd: int
    reference: str
    note: str
    status: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str


def cash_requests() -> list[CashRequestView]:
    """The newest first."""
    names = CashRequestView.__dataclass_fields__
    return [
        CashRequestView(**{name: getattr(row, name) for name in names}) for row in CashRequest.objects.all()[:SHOWN_MAX]
    ]


def cash_kinds() -> dict[str, str]:
    """Every kind of cash event with its name in the language of the page."""
    return {kind.value: str(kind.label) for kind in CashEvent.Kind}
