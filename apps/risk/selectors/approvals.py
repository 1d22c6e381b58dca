"""What waits for a second officer, and what became of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.risk.models import ChangeProposal, RiskLimit
from apps.risk.selectors.types import ProposalView
from qts.domain.market import to_vietnam

Status = ChangeProposal.Status


def open_proposals() -> list[ProposalView]:
    """Those that can still be approved, the oldest first."""
    rows = ChangeProposal.objects.filter(status=Status.OPEN, expires_at__gt=datetime.now(UTC)).order_by("recorded_at")
    return [_view(row) for row in rows]


def past_proposals(*, limit: int = 50) -> list[ProposalView]:
    """Decided and expired ones, the newest first."""
    over = ~Q(status=Status.OPEN) | Q(expires_at__lte=datetime.now(UTC))
    return [_view(row) for row in ChangeProposal.objects.filter(over).order_by("-recorded_at")[:limit]]


def proposal(proposal_id: UUID) -> ProposalView | None:
    row = ChangeProposal.objects.filter(id=proposal_id).first()
    return _view(row) if row else None


def _view(row: ChangeProposal) -> ProposalView:
    return ProposalView(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        lines=_lines(row),
        content=row.content,
        content_hash=row.content_hash,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at_wall=row.expires_at,
        status=row.status,
        is_expired=row.status == Status.OPEN and row.expires_at <= datetime.now(UTC),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
    )


def _lines(row: ChangeProposal) -> tuple[str, ...]:
    match row.kind:
        case ChangeProposal.Kind.LIMITS:
            return tuple(_limit_line(stored) for stored in row.content["changes"])
        case ChangeProposal.Kind.ARMING:
            return (f"{row.subject}: {', '.join(row.content['failing'])}",)
        case ChangeProposal.Kind.RULES:
            return tuple(row.content["lines"])  # against the rules that the proposer saw
    return (row.content["scope"],)


def _limit_line(stored: dict[str, Any]) -> str:
    """ "CODE firm: 1,000 -> 2,000": against the version that the proposer saw, which is what was asked for."""
    seen = RiskLimit.objects.filter(
        code=stored["code"], scope=stored["scope"], scope_id=stored["scope_id"], version=stored["seen_version"]
    ).first()
    before = f"{seen.limit:,}" if seen and seen.is_active else "–"
    after = f"{stored['limit']:,}" if stored["is_active"] else "–"
    named = f"{stored['scope']}:{stored['scope_id']}" if stored["scope_id"] else stored["scope"]
    moment = f", {_local(stored['effective_at'])}" if "effective_at" in stored else ""
    return f"{stored['code']} {named}: {before} → {after}{moment}"


def _local(moment: str) -> str:
    return f"{to_vietnam(datetime.fromisoformat(moment)):%d/%m/%Y %H:%M}"
