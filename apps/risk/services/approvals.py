"""Four eyes: what loosens is proposed by one person and carried out when a second risk officer agrees.

The second one agrees to a hash of what was proposed, sees it before, is never the first one, and has little time. A
limit can be loosened only so often and so far in a day, however small each step is.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from apps.accounts import selectors as accounts
from apps.eventlog.services import record
from apps.marketdata import selectors as marketdata
from apps.marketdata.services import rules as marketdata_services
from apps.risk.locks import lock_kill_switch, lock_proposal
from apps.risk.models import ChangeProposal, RiskLimit
from apps.risk.selectors import ProposalView
from apps.risk.services.arming import arm_overriding, failing_checks
from apps.risk.services.kill import refuse_scope, release_locked
from apps.risk.services.limits import (
    LimitChange,
    LimitChangedMeanwhile,
    SecondOfficerNeeded,
    apply_change,
    change_limit,
    is_looser,
    lock_in_force,
    planned_version,
    refuse_nonsense,
)
from apps.sso.selectors import Role, has_role
from qts.domain.errors import Said, TerminalError, said_by
from qts.domain.events import ApprovalDecided, ApprovalRequested
from qts.domain.market import RuleRow, RuleWrong, row_json, row_of_json, to_vietnam
from qts.domain.risk import RULES, Binds
from qts.domain.values import Actor, ActorKind

Kind = ChangeProposal.Kind
Status = ChangeProposal.Status
MAY_PROPOSE = {
    Kind.LIMITS: (Role.RISK_OFFICER,),
    Kind.RELEASE: (Role.RISK_OFFICER, Role.ADMINISTRATOR),
    Kind.RULES: (Role.RISK_OFFICER, Role.ADMINISTRATOR),
    Kind.ARMING: (Role.RISK_OFFICER,),
}
MAY_APPROVE = (Role.RISK_OFFICER,)


class ApprovalProblem(StrEnum):
    NOT_AN_OFFICER = "NOT_AN_OFFICER"
    SAME_PERSON = "SAME_PERSON"
    NO_SUCH_PROPOSAL = "NO_SUCH_PROPOSAL"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    EXPIRED = "EXPIRED"
    CONTENT_DIFFERS = "CONTENT_DIFFERS"
    OVERTAKEN = "OVERTAKEN"
    TOO_MANY_TODAY = "TOO_MANY_TODAY"
    TOO_FAR_TODAY = "TOO_FAR_TODAY"
    RULES_DO_NOT_FIT = "RULES_DO_NOT_FIT"
    NOTHING_TO_RELEASE = "NOTHING_TO_RELEASE"
    REASON_MISSING = "REASON_MISSING"


class ApprovalRefused(TerminalError):
    def __init__(self, problem: ApprovalProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


def propose_limits(changes: Sequence[LimitChange], *, reason: str, actor: Actor, now: datetime) -> UUID:
    """Ask a second risk officer for these changes, all or none; the proposal's id. Each names the version it saw."""
    refuse_person(actor, MAY_PROPOSE[Kind.LIMITS])
    if not changes or any(change.seen_version is None for change in changes):
        raise TerminalError("a proposal names its limits and the versions that it has seen")
    if len({change.name for change in changes}) != len(changes):
        raise TerminalError("a proposal names each limit once")
    for change in changes:
        refuse_nonsense(change, reason)
    with transaction.atomic():
        for change in changes:
            current = lock_in_force(change, now)
            if change.seen_version != (current.version if current else 0):
                raise LimitChangedMeanwhile(f"{change.name} has another version by now")
            _refuse_beyond_the_days_cap(change, current, now)
        subject = changes[0].name if len(changes) == 1 else f"{len(changes)} limits"
        content = {"changes": [change.as_json() for change in changes]}
        return _propose(Kind.LIMITS, subject, content, reason=reason, actor=actor, now=now)


def request_change(change: LimitChange, *, reason: str, actor: Actor, now: datetime) -> UUID | None:
    """What an officer wants of one limit: done at once where it tightens (None), else proposed (the proposal's id).

    Raises LimitChangedMeanwhile, ApprovalRefused and TerminalError like `change_limit` and `propose_limits`.
    """
    refuse_person(actor, MAY_PROPOSE[Kind.LIMITS])
    try:
        change_limit(
            code=change.code,
            limit=change.limit,
            scope=change.scope,
            scope_id=change.scope_id,
            is_active=change.is_active,
            seen_version=change.seen_version,
            effective_at=change.effective_at,
            reason=reason,
            actor=actor,
            now=now,
        )
    except SecondOfficerNeeded:
        return propose_limits([change], reason=reason, actor=actor, now=now)
    return None


def propose_release(*, scope: str, reason: str, actor: Actor, now: datetime) -> UUID:
    """Ask a second risk officer to let a stopped scope trade again; the proposal's id."""
    refuse_person(actor, MAY_PROPOSE[Kind.RELEASE])
    refuse_scope(scope)
    with transaction.atomic():
        switch = lock_kill_switch(scope)
        if switch is None or not switch.is_engaged:
            raise ApprovalRefused(ApprovalProblem.NOTHING_TO_RELEASE, Said("{scope} is not stopped.", scope=scope))
        content = {"scope": scope, "seen_version": switch.version}
        return _propose(Kind.RELEASE, scope, content, reason=reason, actor=actor, now=now)


def propose_rules(rows: Sequence[RuleRow], *, reason: str, actor: Actor, now: datetime) -> UUID:
    """Ask a second risk officer for these rows of the exchanges' rules, all or none; the proposal's id. Raises
    ApprovalRefused, with every reason, where they would make no whole set of rules."""
    refuse_person(actor, MAY_PROPOSE[Kind.RULES])
    with transaction.atomic():
        known = marketdata.rule_history()
        try:
            marketdata_services.rules_with(rows)
        except RuleWrong as error:
            raise ApprovalRefused(ApprovalProblem.RULES_DO_NOT_FIT, said_by(error)) from error
        lines = [change.text for change in marketdata.rule_changes(list(rows), known)]
        content = {"rows": [row_json(row) for row in rows], "seen_version": known.version, "lines": lines}
        subject = rows[0].name if len(rows) == 1 else f"{len(rows)} rules"
        return _propose(Kind.RULES, subject, content, reason=reason, actor=actor, now=now)


def propose_arming(account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> UUID:
    """Ask a second risk officer to let an account trade today against the checks before the open; the proposal's id."""
    refuse_person(actor, MAY_PROPOSE[Kind.ARMING])
    account, failing = accounts.account(account_id), failing_checks(account_id, now)
    if account is None or not failing:
        raise ApprovalRefused(ApprovalProblem.NOTHING_TO_RELEASE, Said("Every check is green: arm it by hand."))
    day = to_vietnam(now).date().isoformat()
    content = {"account_id": str(account_id), "trading_day": day, "failing": failing}
    with transaction.atomic():
        return _propose(Kind.ARMING, f"{account.number} {day}", content, reason=reason, actor=actor, now=now)


def proposed_changes(proposal: ProposalView) -> list[LimitChange]:
    """The limits that it would set; empty for a release."""
    return [LimitChange.from_json(stored) for stored in proposal.content.get("changes", [])]


def approve(proposal_id: UUID, *, seen_hash: str, reason: str, actor: Actor, now: datetime) -> None:
    """Carry out what somebody else proposed. Raises ApprovalRefused, and then nothing has changed.

    `seen_hash` is the hash of what the officer was shown.
    """
    refuse_person(actor, MAY_APPROVE)
    with transaction.atomic():
        proposal = _open_proposal(proposal_id)
        if proposal.proposed_by == str(actor):
            raise ApprovalRefused(ApprovalProblem.SAME_PERSON, Said("Nobody approves what they proposed."))
        if not proposal.content_hash == seen_hash == _hash(proposal):
            raise ApprovalRefused(
                ApprovalProblem.CONTENT_DIFFERS, Said("This is not what was shown. Look at it again.")
            )
        if proposal.expires_at <= datetime.now(UTC):
            raise ApprovalRefused(ApprovalProblem.EXPIRED, Said("It was proposed too long ago. Propose it again."))
        if proposal.kind == Kind.LIMITS:
            _apply_limits(proposal, actor, now)
        elif proposal.kind == Kind.RULES:
            _apply_rules(proposal, actor, now)
        elif proposal.kind == Kind.RELEASE:
            _release(proposal, actor, now)
        else:
            _arm(proposal, actor, now)
        _decide(proposal, Status.APPROVED, reason, actor, now)


def reject(proposal_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse somebody's proposal, or take one's own back."""
    refuse_person(actor, MAY_PROPOSE[Kind.RELEASE])
    with transaction.atomic():
        proposal = _open_proposal(proposal_id)
        is_own = proposal.proposed_by == str(actor)
        _decide(proposal, Status.WITHDRAWN if is_own else Status.REJECTED, reason, actor, now)


def _propose(
    kind: ChangeProposal.Kind, subject: str, content: dict[str, Any], *, reason: str, actor: Actor, now: datetime
) -> UUID:
    if not reason.strip():
        raise ApprovalRefused(ApprovalProblem.REASON_MISSING, Said("A proposal needs a reason."))
    proposal = ChangeProposal(
        id=uuid4(),
        kind=kind,
        subject=subject[:200],
        content=content,
        reason=reason.strip()[:500],
        proposed_by=str(actor),
        proposed_at=now,
        expires_at=datetime.now(UTC) + timedelta(seconds=settings.RISK_APPROVAL_TTL_S),
    )
    proposal.content_hash = _hash(proposal)
    proposal.save(force_insert=True)
    event = ApprovalRequested(proposal_id=str(proposal.id), kind=kind, subject=proposal.subject, reason=proposal.reason)
    record(event, actor=actor, now=now)
    return proposal.id


def _hash(proposal: ChangeProposal) -> str:
    told = {
        "id": str(proposal.id),
        "kind": proposal.kind,
        "content": proposal.content,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def refuse_person(actor: Actor, roles: tuple[Role, ...]) -> None:
    """Roles are asked of the database: who lost theirs a minute ago has lost it. Only people count as eyes, and each
    under one name: "01" is nobody."""
    user = None
    if actor.kind is ActorKind.USER and actor.id.isdecimal():
        user = get_user_model().objects.filter(pk=actor.id, is_active=True).first()
    if user is None or str(user.pk) != actor.id or not has_role(user, *roles):
        raise ApprovalRefused(ApprovalProblem.NOT_AN_OFFICER, Said("Only a risk officer may do this."))


def _open_proposal(proposal_id: UUID) -> ChangeProposal:
    proposal = lock_proposal(proposal_id)
    if proposal is None:
        raise ApprovalRefused(ApprovalProblem.NO_SUCH_PROPOSAL, Said("There is no such proposal."))
    if proposal.status != Status.OPEN:
        raise ApprovalRefused(ApprovalProblem.ALREADY_DECIDED, Said("It is decided already."))
    return proposal


def _apply_limits(proposal: ChangeProposal, actor: Actor, now: datetime) -> None:
    changes = [LimitChange.from_json(stored) for stored in proposal.content["changes"]]
    for change in sorted(changes, key=lambda change: change.name):  # one order of locks for everybody
        current = lock_in_force(change, now)
        planned = planned_version(change)
        if planned is not None and planned.recorded_at > proposal.recorded_at:  # neither of them has seen it
            raise ApprovalRefused(
                ApprovalProblem.OVERTAKEN,
                Said("{name} was planned anew after the proposal. Propose it again.", name=change.name),
            )
        _refuse_beyond_the_days_cap(change, current, now)
        proposer = Actor(ActorKind.USER, proposal.proposed_by.removeprefix(f"{ActorKind.USER}:"))
        try:
            apply_change(change, current, reason=proposal.reason, actor=proposer, now=now, approved_by=str(actor))
        except LimitChangedMeanwhile as error:
            raise ApprovalRefused(ApprovalProblem.OVERTAKEN, said_by(error)) from error


def _apply_rules(proposal: ChangeProposal, actor: Actor, now: datetime) -> None:
    proposer = Actor(ActorKind.USER, proposal.proposed_by.removeprefix(f"{ActorKind.USER}:"))
    try:
        marketdata_services.change_rules(
            [row_of_json(one) for one in proposal.content["rows"]],
            seen_version=proposal.content["seen_version"],
            reason=proposal.reason,
            proposed_by=proposer,
            approved_by=actor,
            now=now,
        )
    except RuleWrong as error:
        raise ApprovalRefused(ApprovalProblem.OVERTAKEN, said_by(error)) from error


def _release(proposal: ChangeProposal, actor: Actor, now: datetime) -> None:
    switch = lock_kill_switch(proposal.content["scope"])
    if switch is None or not switch.is_engaged or switch.version != proposal.content["seen_version"]:
        raise ApprovalRefused(ApprovalProblem.OVERTAKEN, Said("It was changed after the proposal. Propose it again."))
    release_locked(switch, reason=proposal.reason, actor=actor, now=now)


def _arm(proposal: ChangeProposal, actor: Actor, now: datetime) -> None:
    account_id, day = UUID(proposal.content["account_id"]), date.fromisoformat(proposal.content["trading_day"])
    if not arm_overriding(account_id, day, reason=proposal.reason, actor=actor, now=now):
        raise ApprovalRefused(ApprovalProblem.OVERTAKEN, Said("The day is over, or the account is armed by now."))


def _refuse_beyond_the_days_cap(change: LimitChange, current: RiskLimit | None, now: datetime) -> None:
    if not is_looser(change, current):
        return
    versions = RiskLimit.objects.filter(code=change.code, scope=change.scope, scope_id=change.scope_id)
    day_began = to_vietnam(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = versions.filter(effective_at__gte=day_began)
    if today.exclude(approved_by="").count() >= settings.RISK_LOOSENINGS_PER_DAY_MAX:
        raise ApprovalRefused(
            ApprovalProblem.TOO_MANY_TODAY, Said("{name} was loosened too often today.", name=change.name)
        )
    before = versions.filter(effective_at__lt=day_began, voided_at=None).order_by("-version").first()
    anchor = before or versions.filter(is_planned=False, voided_at=None).order_by("version").first()
    if anchor is None or not (anchor.is_active and change.is_active and anchor.limit > 0):
        return
    rule, percent = RULES[change.code], settings.RISK_LOOSENING_PERCENT_MAX
    far = anchor.limit * 100 // percent if rule.binds is Binds.FLOOR else anchor.limit * percent // 100
    if rule.binds is not Binds.WIDEST and rule.is_looser(far, change.limit):
        raise ApprovalRefused(
            ApprovalProblem.TOO_FAR_TODAY, Said("{name} may reach {far:,} today at most.", name=change.name, far=far)
        )


def _decide(proposal: ChangeProposal, status: ChangeProposal.Status, reason: str, actor: Actor, now: datetime) -> None:
    if not reason.strip():
        raise ApprovalRefused(ApprovalProblem.REASON_MISSING, Said("A decision needs a reason."))
    proposal.status, proposal.decided_by, proposal.decided_at = status, str(actor), now
    proposal.decision_reason = reason.strip()[:500]
    proposal.save(update_fields=["status", "decided_by", "decided_at", "decision_reason"])
    event = ApprovalDecided(proposal_id=str(proposal.id), status=status, reason=proposal.decision_reason)
    record(event, actor=actor, now=now)
