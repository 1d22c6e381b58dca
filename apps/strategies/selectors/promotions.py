"""What a strategy may do, and who agreed to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.strategies.models import Mode, Promotion, Strategy
from apps.strategies.selectors.code import code_of, is_file

LADDER = {Mode.SHADOW: Mode.PAPER, Mode.LIVE: Mode.SHADOW}  # mode: the one it comes from


@dataclass(frozen=True, slots=True)
class PromotionView:
    id: UUID
    strategy_id: UUID
    strategy_name: str
    account_id: UUID
    mode: str
    binding: Mapping[str, Any]
    content_hash: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    status: str
    is_expired: bool
    decided_by: str
    decided_at: datetime | None
    decision_reason: str

    @property
    def is_open(self) -> bool:
        return self.status == Promotion.Status.OPEN and not self.is_expired


def binding_of(strategy: Strategy) -> dict[str, Any]:
    """All that a promotion is for: whoever changes one of them asks again."""
    return {
        "code_hash": strategy.code_hash,
        "parameters": dict(sorted(strategy.parameters.items())),
        "account_id": str(strategy.account_id),
        "symbols": sorted(strategy.symbols),
        **({"decision_policy": strategy.decision_policy} if strategy.decision_policy else {}),
    }


def is_approved(strategy: Strategy, mode: str) -> bool:
    approved = Promotion.objects.filter(strategy=strategy, mode=mode, status=Promotion.Status.APPROVED)
    return mode == Mode.PAPER or approved.filter(binding=binding_of(strategy)).exists()


def next_mode(mode: str) -> str:
    """The rung above; empty at the top."""
    return next((above for above, below in LADDER.items() if below == mode), "")


def venue_problem(mode: str) -> str:
    """Why a strategy in this mode cannot run at what this installation is connected to; empty where it can."""
    venue = settings.BROKER_VENUE
    if mode == Mode.PAPER and venue != "simulator":
        return "A strategy on paper trades at the simulator only; this installation is connected to the exchange."
    if mode == Mode.LIVE and venue != "exchange":
        return "A live strategy trades at the exchange only; this installation is connected to the simulator."
    return ""


def mode_problems(strategy: Strategy) -> list[str]:
    """Why it may not run in the mode that it is in."""
    problems = [found] if (found := venue_problem(strategy.mode)) else []
    if strategy.mode != Mode.PAPER and not is_file(strategy.class_key):
        problems += _installed_problems(strategy)
    if not is_approved(strategy, strategy.mode):
        problems.append(
            "Its code, parameters, account, symbols or decision policy are not those that were approved for"
            f" {strategy.mode.lower()}: promote it again."
        )
    return problems


def _installed_problems(strategy: Strategy) -> list[str]:
    """An update of QTS may have brought other code than the one that was approved."""
    try:
        is_same = code_of(strategy.class_key).content_hash == strategy.code_hash
    except KeyError:
        is_same = False
    return [] if is_same else ["The code that is installed is not the code that was approved: promote it again."]


def promotions(account_ids: Iterable[UUID], *, limit: int = 50) -> list[PromotionView]:
    """Newest first."""
    rows = Promotion.objects.select_related("strategy").filter(strategy__account_id__in=list(account_ids))
    return [promotion_view(row) for row in rows[:limit]]


def promotion(promotion_id: UUID) -> PromotionView | None:
    row = Promotion.objects.select_related("strategy").filter(id=promotion_id).first()
    return promotion_view(row) if row else None


def promotion_hash(row: Promotion) -> str:
    told = {
        "id": str(row.id),
        "strategy": str(row.strategy_id),
        "mode": row.mode,
        "binding": row.binding,
        "reason": row.reason,
        "proposed_by": row.proposed_by,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def promotion_view(row: Promotion) -> PromotionView:
    return PromotionView(
        id=row.id,
        strategy_id=row.strategy_id,
        strategy_name=row.strategy.name,
        account_id=row.strategy.account_id,
        mode=row.mode,
        binding=row.binding,
        content_hash=row.content_hash,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        status=row.status,
        is_expired=row.status == Promotion.Status.OPEN and row.expires_at <= datetime.now(UTC),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
    )
