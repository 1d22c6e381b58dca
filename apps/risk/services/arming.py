"""Letting an account trade for a day: by itself when every check is green, by hand, or against the checks by two risk
officers. What was taken back by a person does not come back by itself."""

import time
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.eventlog.services import record
from apps.risk.locks import lock_arming
from apps.risk.models import TradingArming
from apps.risk.selectors import armings
from apps.risk.services.pre_open import pre_open_checks, write_down
from apps.sso.selectors import Role, has_role
from qts.domain.errors import Said, TerminalError
from qts.domain.events import ArmingChanged
from qts.domain.market import to_vietnam
from qts.domain.values import Actor, ActorKind

How = TradingArming.How
ARMER: Final = Actor(ActorKind.SYSTEM, "pre-open-checks")
ALL_GREEN: Final = "every check is green"
LOOK_EVERY_S: Final = 10.0  # at accounts that are armed: the page says since when a check is what it is

log = structlog.get_logger(__name__)


class ArmingProblem(StrEnum):
    """Why arming or disarming by hand came to nothing. The names are a public contract."""

    NOT_PERMITTED = "NOT_PERMITTED"
    CHECKS_NOT_GREEN = "CHECKS_NOT_GREEN"
    OFFICER_NEEDED = "OFFICER_NEEDED"
    REASON_MISSING = "REASON_MISSING"
    NOTHING_TO_CHANGE = "NOTHING_TO_CHANGE"


class ArmingRefused(TerminalError):
    def __init__(self, problem: ArmingProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


class ArmingWatch:
    """The monitor's look: accounts that are not armed are asked at each one, the others now and then."""

    def __init__(self) -> None:
        self._looked_s: dict[UUID, float] = {}

    def look(self, now: datetime) -> list[UUID]:
        """Those that this look has armed."""
        if not settings.ARMING_IS_NEEDED:
            return []
        found = accounts.active_accounts()
        known = armings([account.id for account in found], to_vietnam(now).date())
        return [account.id for account in found if self._is_armed_now(account, account.id in known, now)]

    def _is_armed_now(self, account: AccountView, is_decided: bool, now: datetime) -> bool:
        if is_decided and time.monotonic() - self._looked_s.get(account.id, -LOOK_EVERY_S) < LOOK_EVERY_S:
            return False
        self._looked_s[account.id] = time.monotonic()
        checks = write_down(account.id, pre_open_checks(account, now), now)
        if is_decided or not all(check.is_ok for check in checks):
            return False
        return _arm_first(account.id, now)


def _arm_first(account_id: UUID, now: datetime) -> bool:
    """False when a person has decided about the day meanwhile."""
    with transaction.atomic():
        if lock_arming(account_id, to_vietnam(now).date()) is not None:
            return False
        _set(account_id, now, is_armed=True, how=How.CHECKS, reason=ALL_GREEN, actor=ARMER)
    return True


def disarm(account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """No further order of the account leaves today; what works at the exchange stays. Raises ArmingRefused."""
    is_officer = _refuse_stranger(account_id, actor)
    _refuse_without(reason)
    with transaction.atomic():
        row = lock_arming(account_id, to_vietnam(now).date())
        if row is not None and not row.is_armed and (row.needs_officer or not is_officer):
            raise ArmingRefused(ArmingProblem.NOTHING_TO_CHANGE, Said("It is so already."))
        _set(account_id, now, is_armed=False, how=How.HAND, reason=reason, actor=actor, needs_officer=is_officer)


def arm(account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Let the account trade again today, if every check is green now. Raises ArmingRefused."""
    is_officer = _refuse_stranger(account_id, actor)
    _refuse_without(reason)
    if failing := failing_checks(account_id, now):
        raise ArmingRefused(
            ArmingProblem.CHECKS_NOT_GREEN,
            Said(
                "Not every check is green: a risk officer may propose to trade. ({failing})", failing=", ".join(failing)
            ),
        )
    with transaction.atomic():
        row = lock_arming(account_id, to_vietnam(now).date())
        if row is not None and row.is_armed:
            raise ArmingRefused(ArmingProblem.NOTHING_TO_CHANGE, Said("It is so already."))
        if row is not None and row.needs_officer and not is_officer:
            raise ArmingRefused(
                ArmingProblem.OFFICER_NEEDED, Said("A risk officer took it back: one has to give it again.")
            )
        _set(account_id, now, is_armed=True, how=How.HAND, reason=reason, actor=actor)


def failing_checks(account_id: UUID, now: datetime) -> list[str]:
    """The names of what is not green now. Raises LookupError for an account that does not exist."""
    account = accounts.account(account_id)
    if account is None:
        raise LookupError(f"there is no account {account_id}")
    return [str(check.name) for check in pre_open_checks(account, now) if not check.is_ok]


def arm_overriding(account_id: UUID, day: date, *, reason: str, actor: Actor, now: datetime) -> bool:
    """Against the checks, as two officers agreed; False when that day is over or the account is armed by now. The
    caller has a transaction."""
    if to_vietnam(now).date() != day:
        return False
    row = lock_arming(account_id, day)
    if row is not None and row.is_armed:
        return False
    _set(account_id, now, is_armed=True, how=How.OVERRIDE, reason=reason, actor=actor)
    return True


def _refuse_stranger(account_id: UUID, actor: Actor) -> bool:
    """Whether the person is a risk officer; raises ArmingRefused for one who is not and may not trade the account."""
    user = get_user_model().objects.filter(pk=actor.id, is_active=True).first() if actor.id.isdecimal() else None
    is_officer = user is not None and has_role(user, Role.RISK_OFFICER)
    if not is_officer and (user is None or not accounts.may_trade(user, account_id)):
        raise ArmingRefused(
            ArmingProblem.NOT_PERMITTED, Said("Only a trader of the account or a risk officer may do this.")
        )
    return is_officer


def _refuse_without(reason: str) -> None:
    if not reason.strip():
        raise ArmingRefused(ArmingProblem.REASON_MISSING, Said("Say why: it is recorded."))


def _set(
    account_id: UUID,
    now: datetime,
    *,
    is_armed: bool,
    how: TradingArming.How,
    reason: str,
    actor: Actor,
    needs_officer: bool = False,
) -> None:
    day, said = to_vietnam(now).date(), reason.strip()[:500]
    TradingArming.objects.update_or_create(
        account_id=account_id,
        trading_day=day,
        defaults={
            "is_armed": is_armed,
            "how": how,
            "reason": said,
            "needs_officer": needs_officer,
            "changed_by": str(actor),
            "changed_at": now,
        },
    )
    event = ArmingChanged(
        account_id=str(account_id),
        trading_day=day.isoformat(),
        is_armed=is_armed,
        how=str(how),
        reason=said,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    record(event, actor=actor, now=now)
    log.warning("risk.arming_changed", account_id=str(account_id), is_armed=is_armed, how=str(how), actor=str(actor))
