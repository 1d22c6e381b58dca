"""Exit plans in force."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.risk.models import ExitPlan
from qts.domain.portfolio import trailing_stop_vnd


@dataclass(frozen=True, slots=True)
class ExitPlanView:
    account_id: UUID
    symbol: str
    stop_vnd: int | None
    target_vnd: int | None
    trail_bps: int | None
    peak_vnd: int
    requested_at: datetime | None
    request_reason: str

    @property
    def trailing_stop_vnd(self) -> int | None:
        return None if self.trail_bps is None else trailing_stop_vnd(self.peak_vnd, self.trail_bps)

    @property
    def trail_percent(self) -> str:
        return "" if self.trail_bps is None else f"{self.trail_bps / 100:g}"


def exit_plans(account_ids: Collection[UUID]) -> list[ExitPlanView]:
    rows = ExitPlan.objects.filter(account_id__in=account_ids, is_active=True).order_by("symbol", "account_id")
    return [ExitPlanView(*row) for row in rows.values_list(*ExitPlanView.__dataclass_fields__)]
