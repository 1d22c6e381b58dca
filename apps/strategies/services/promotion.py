"""Four eyes: paper -> shadow -> live, each step proposed by who trades the account and agreed to by a risk officer.

What is agreed to is one version of the code with its parameters, account and symbols. Going down a step takes nobody's
consent.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from apps.eventlog import services as eventlog
from apps.risk.services import ApprovalProblem, ApprovalRefused, refuse_person
from apps.sso.selectors import Role
from apps.strategies.locks import lock_promotion, lock_strategy
from apps.strategies.models import Mode, Promotion, Strategy, StrategyStatus
from apps.strategies.selectors.code import code_of, is_file
from apps.strategies.selectors.promotions import LADDER, binding_of, is_approved, promotion_hash
from apps.strategies.services.refusals import StrategyRefused
from qts.domain.errors import Said, said_by
from qts.domain.events import PromotionDecided, PromotionRequested, StrategyModeChanged
from qts.domain.values import Actor

Status = Promotion.Status
MAY_PROPOSE = (Role.TRADER, Role.ADMINISTRATOR)
MAY_APPROVE = (Role.RISK_OFFICER,)


def propose_promotion(strategy_id: UUID, *, mode: str, reason: str, actor: Actor, now: datetime) -> UUID:
    """Ask for the next mode; the promotion's id. Raises StrategyRefused, and ApprovalRefused for who may not ask."""
    refuse_person(actor, MAY_PROPOSE)
    if not reason.strip():
        raise ApprovalRefused(ApprovalProblem.REASON_MISSING, Said("A proposal needs a reason."))
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        _adopt_installed(strategy)
        _refuse_step(strategy, mode)
        waiting = Promotion.objects.filter(strategy=strategy, mode=mode, status=Status.OPEN)
        if waiting.filter(expires_at__gt=datetime.now(UTC), binding=binding_of(strategy)).exists():
            raise StrategyRefused([Said("A promotion to {mode} waits for a second person already.", mode=mode.lower())])
        proposed = Promotion(
            id=uuid4(),
            strategy=strategy,
            mode=mode,
            binding=binding_of(strategy),
            reason=reason.strip()[:500],
            proposed_by=str(actor),
            proposed_at=now,
            expires_at=datetime.now(UTC) + timedelta(seconds=settings.STRATEGY_PROMOTION_TTL_S),
        )
        proposed.content_hash = promotion_hash(proposed)
        proposed.save(force_insert=True)
        asked = PromotionRequested(
            promotion_id=str(proposed.id),
            strategy_id=str(strategy.id),
            mode=mode,
            code_hash=strategy.code_hash,
            reason=proposed.reason,
        )
        eventlog.record(asked, actor=actor, now=now)
    return proposed.id


def approve_promotion(promotion_id: UUID, *, seen_hash: str, reason: str, actor: Actor, now: datetime) -> None:
    """Carry out what somebody else proposed. Raises ApprovalRefused, and then nothing has changed.

    `seen_hash` is the hash of what the officer was shown. The strategy must not run: it is started by a person after.
    """
    refuse_person(actor, MAY_APPROVE)
    with transaction.atomic():
        found, strategy = _open(promotion_id)
        if found.proposed_by == str(actor):
            raise ApprovalRefused(ApprovalProblem.SAME_PERSON, Said("Nobody approves what they proposed."))
        if not found.content_hash == seen_hash == promotion_hash(found):
            raise ApprovalRefused(
                ApprovalProblem.CONTENT_DIFFERS, Said("This is not what was shown. Look at it again.")
            )
        if found.expires_at <= datetime.now(UTC):
            raise ApprovalRefused(ApprovalProblem.EXPIRED, Said("It was proposed too long ago. Propose it again."))
        if found.binding != binding_of(strategy):
            raise ApprovalRefused(
                ApprovalProblem.OVERTAKEN, Said("It was changed after the proposal. Propose it again.")
            )
        if strategy.status == StrategyStatus.RUNNING:
            raise ApprovalRefused(
                ApprovalProblem.OVERTAKEN, Said("The strategy runs: stop it before its mode changes.")
            )
        try:
            _refuse_step(strategy, found.mode)
        except StrategyRefused as refusal:
            raise ApprovalRefused(ApprovalProblem.OVERTAKEN, said_by(refusal)) from refusal
        _decide(found, Status.APPROVED, reason, actor, now)
        _change_mode(strategy, found.mode, actor, now)


def reject_promotion(promotion_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse somebody's proposal, or take one's own back."""
    refuse_person(actor, (*MAY_PROPOSE, *MAY_APPROVE))
    with transaction.atomic():
        found, _ = _open(promotion_id)
        is_own = found.proposed_by == str(actor)
        if not is_own:
            refuse_person(actor, MAY_APPROVE)
        _decide(found, Status.WITHDRAWN if is_own else Status.REJECTED, reason, actor, now)


def take_back(strategy_id: UUID, *, mode: str, actor: Actor, now: datetime) -> None:
    """To a lower mode; one person may, while it does not run. Raises StrategyRefused."""
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.mode == mode:
            return
        if strategy.status == StrategyStatus.RUNNING:
            raise StrategyRefused([Said("Stop it first.")])
        if mode != Mode.PAPER and LADDER.get(Mode(strategy.mode)) != mode:
            raise StrategyRefused(
                [
                    Said(
                        "From {current} to {wanted} is no step down.",
                        current=strategy.mode.lower(),
                        wanted=mode.lower(),
                    )
                ]
            )
        _change_mode(strategy, mode, actor, now)


def _adopt_installed(strategy: Strategy) -> None:
    """What comes with QTS is promoted as it is installed now."""
    if not is_file(strategy.class_key) and strategy.mode == Mode.PAPER:
        strategy.code_hash = code_of(strategy.class_key).content_hash
        strategy.save(update_fields=["code_hash"])


def _refuse_step(strategy: Strategy, mode: str) -> None:
    below = LADDER.get(Mode(mode)) if mode in Mode.values else None
    if below is None:
        raise StrategyRefused(
            [Said("There is no promotion to {mode!r}: it goes from paper to shadow to live.", mode=mode)]
        )
    if strategy.mode != below:
        raise StrategyRefused(
            [
                Said(
                    "{mode} comes after {below}; this strategy is in {current}.",
                    mode=mode.capitalize(),
                    below=below.lower(),
                    current=strategy.mode.lower(),
                )
            ]
        )
    if not is_approved(strategy, below):
        raise StrategyRefused(
            [Said("This code and these parameters are not approved for {below} yet.", below=below.lower())]
        )


def _open(promotion_id: UUID) -> tuple[Promotion, Strategy]:
    """Both locked, the strategy first as everywhere."""
    known = Promotion.objects.filter(id=promotion_id).first()
    if known is None:
        raise ApprovalRefused(ApprovalProblem.NO_SUCH_PROPOSAL, Said("There is no such promotion."))
    strategy, found = lock_strategy(known.strategy_id), lock_promotion(promotion_id)
    if found is None or found.status != Status.OPEN:
        raise ApprovalRefused(ApprovalProblem.ALREADY_DECIDED, Said("It is decided already."))
    return found, strategy


def _decide(found: Promotion, status: Promotion.Status, reason: str, actor: Actor, now: datetime) -> None:
    if not reason.strip():
        raise ApprovalRefused(ApprovalProblem.REASON_MISSING, Said("A decision needs a reason."))
    found.status, found.decided_by, found.decided_at = status, str(actor), now
    found.decision_reason = reason.strip()[:500]
    found.save(update_fields=["status", "decided_by", "decided_at", "decision_reason"])
    decided = PromotionDecided(
        promotion_id=str(found.id),
        strategy_id=str(found.strategy_id),
        mode=found.mode,
        status=status,
        reason=found.decision_reason,
    )
    eventlog.record(decided, actor=actor, now=now)


def _change_mode(strategy: Strategy, mode: str, actor: Actor, now: datetime) -> None:
    previous, strategy.mode = strategy.mode, mode
    strategy.save(update_fields=["mode"])
    changed = StrategyModeChanged(strategy_id=str(strategy.id), mode=mode, previous_mode=previous)
    eventlog.record(changed, actor=actor, now=now)
