"""A whole policy of limits as one YAML text: to be read, kept under version control, and put in force again.

Importing is a change like any other: what tightens acts at once, what loosens, and what the file leaves out, is
proposed to a second risk officer as one proposal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import yaml
from django.db import transaction

from apps.risk.models import ChangeProposal, RiskLimit
from apps.risk.services.approvals import MAY_PROPOSE, propose_limits, refuse_person
from apps.risk.services.limits import LimitChange, apply_change, is_looser, lock_in_force, refuse_nonsense
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.values import Actor

FORMAT: Final = 1
TEXT_LENGTH_MAX: Final = 1_000_000
_FIELDS: Final = {"code": str, "scope": str, "scope_id": str, "limit": int}


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """What putting a policy in force would change; each line as "CODE scope: before → after"."""

    tighter: tuple[LimitChange, ...]
    looser: tuple[LimitChange, ...]
    lines: tuple[str, ...]


def export_policy() -> str:
    """Every limit in force, in one order: equal policies are equal texts."""
    rows = RiskLimit.objects.filter(is_current=True, is_active=True).order_by("code", "scope", "scope_id")
    limits = [{name: getattr(row, name) for name in _FIELDS} for row in rows]
    return str(yaml.safe_dump({"policy": FORMAT, "limits": limits}, sort_keys=False, allow_unicode=True))


def diff_policy(text: str) -> PolicyDiff:
    """Raises TerminalError for what is no policy: nothing of a text that is wrong in one place is taken."""
    wanted = {change.name: change for change in _parsed(text)}
    tighter: list[LimitChange] = []
    looser: list[LimitChange] = []
    lines: list[str] = []
    current = {_change_of(row).name: row for row in RiskLimit.objects.filter(is_current=True)}
    for name in sorted({*wanted, *current}):
        row = current.get(name)
        change = _next(wanted.get(name), row)
        before = row.limit if row is not None and row.is_active else None
        after = change.limit if change.is_active else None
        if before != after:
            (looser if is_looser(change, row) else tighter).append(change)
            lines.append(f"{name}: {_number(before)} → {_number(after)}")
    return PolicyDiff(tuple(tighter), tuple(looser), tuple(lines))


def import_policy(text: str, *, reason: str, actor: Actor, now: datetime) -> tuple[PolicyDiff, UUID | None]:
    """Put a policy in force; what it changes, and the proposal of what has to wait (None when nothing has to)."""
    refuse_person(actor, MAY_PROPOSE[ChangeProposal.Kind.LIMITS])
    found = diff_policy(text)
    with transaction.atomic():
        for change in found.tighter:
            refuse_nonsense(change, reason)
            apply_change(change, _locked(change, now), reason=reason, actor=actor, now=now)
        proposal_id = propose_limits(found.looser, reason=reason, actor=actor, now=now) if found.looser else None
    return found, proposal_id


def _parsed(text: str) -> Sequence[LimitChange]:
    if len(text) > TEXT_LENGTH_MAX:
        raise TerminalError("a policy is not that long")
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise TerminalError(f"this is no YAML: {error}") from error
    if not isinstance(read, dict) or set(read) != {"policy", "limits"} or read["policy"] != FORMAT:
        raise TerminalError(f"a policy has the fields policy: {FORMAT} and limits")
    if not isinstance(read["limits"], list):
        raise TerminalError("limits is a list")
    changes = [_parsed_limit(entry) for entry in read["limits"]]
    if len({change.name for change in changes}) != len(changes):
        raise TerminalError("a limit stands in the policy twice")
    return changes


def _parsed_limit(entry: Any) -> LimitChange:
    if not isinstance(entry, Mapping) or set(entry) != set(_FIELDS):
        raise TerminalError(f"a limit has the fields {', '.join(_FIELDS)}: {entry!r}")
    wrong = [name for name, kind in _FIELDS.items() if type(entry[name]) is not kind]
    if wrong or entry["code"] not in set(RuleCode):
        raise TerminalError(f"this is no limit ({', '.join(wrong) or 'code'}): {entry!r}")
    change = LimitChange(**{**entry, "code": RuleCode(entry["code"])})
    refuse_nonsense(change, "import")
    return change


def _next(wanted: LimitChange | None, row: RiskLimit | None) -> LimitChange:
    """What the policy asks of one limit, for the version that is in force now; left out means not in force."""
    version = row.version if row is not None else 0
    if wanted is None:
        if row is None:
            raise ValueError("neither wanted nor there")
        return _change_of(row, is_active=False)
    return LimitChange(
        code=wanted.code, limit=wanted.limit, scope=wanted.scope, scope_id=wanted.scope_id, seen_version=version
    )


def _change_of(row: RiskLimit, *, is_active: bool = True) -> LimitChange:
    return LimitChange(
        code=RuleCode(row.code),
        limit=row.limit,
        scope=row.scope,
        scope_id=row.scope_id,
        is_active=is_active,
        seen_version=row.version,
    )


def _locked(change: LimitChange, now: datetime) -> RiskLimit | None:
    current = lock_in_force(change, now)
    if is_looser(change, current):
        raise TerminalError(f"{change.name} was tightened meanwhile: look at the policy again")
    return current


def _number(limit: int | None) -> str:
    return "–" if limit is None else f"{limit:,}"
