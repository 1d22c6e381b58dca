"""Limits in force. Read from the database each time: an officer's change acts on the next order."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.risk.models import RiskLimit, SecuritySector
from apps.risk.selectors.types import LimitView
from qts.domain.errors import RuleCode
from qts.domain.risk import RULES

Scope = RiskLimit.Scope
# asked for every order; a version that was planned acts from its moment, whether its row was moved up already or not
_IN_FORCE = """
    SELECT DISTINCT ON (code, scope, scope_id) code, "limit", scope, scope_id, is_active FROM risk_risklimit
    WHERE (is_current OR is_planned AND effective_at <= %(now)s) AND (
        (scope, scope_id) IN (SELECT * FROM unnest(%(scopes)s::text[], %(ids)s::text[]))
        OR scope = 'sector' AND scope_id = (SELECT sector FROM risk_securitysector WHERE symbol = %(symbol)s)
    )
    ORDER BY code, scope, scope_id, version DESC
"""


@dataclass(frozen=True, slots=True)
class EffectiveLimit:
    """The tightest of the limits that cover something, and the scope that set it."""

    limit: int
    scope: str


def effective_limits(
    account_id: UUID, symbol: str = "", strategy_id: str = "", *, exchange: str = "", user_id: str = ""
) -> Mapping[RuleCode, EffectiveLimit]:
    """All scopes that cover an order bind at once, so the tightest of each rule counts. One query."""
    named = {
        Scope.FIRM: "",
        Scope.ACCOUNT: str(account_id),
        Scope.STRATEGY: strategy_id,
        Scope.SYMBOL: symbol,
        Scope.EXCHANGE: exchange,
        Scope.USER: user_id,
    }
    scopes = {str(scope): scope_id for scope, scope_id in named.items() if scope_id or scope == Scope.FIRM}
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {
            "scopes": list(scopes),
            "ids": list(scopes.values()),
            "symbol": symbol,
            "now": market_now(),
        }
        cursor.execute(_IN_FORCE, asked)
        rows = cursor.fetchall()
    found: dict[RuleCode, EffectiveLimit] = {}
    for name, limit, kind, kind_id, is_active in rows:
        if not is_active:
            continue
        code = RuleCode(name)
        known = found.get(code)
        if known is None or (limit != known.limit and RULES[code].tightest(known.limit, limit) == limit):
            found[code] = EffectiveLimit(limit, f"{kind}:{kind_id}" if kind_id else kind)
    return found


def sectors(symbols: Collection[str]) -> dict[str, str]:
    """Sector by symbol, as officers entered them; a symbol that nobody entered is left out."""
    return dict(SecuritySector.objects.filter(symbol__in=symbols).values_list("symbol", "sector"))


def is_sector_limited(sector: str) -> bool:
    """Whether a limit, in force or planned, counts what is in this sector: its own, and every one of concentration."""
    of_it = Q(scope=Scope.SECTOR, scope_id=sector) | Q(code=RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX)
    rows = RiskLimit.objects.filter(Q(is_current=True) | Q(is_planned=True), of_it, is_active=True)
    return rows.exists()


def limits() -> list[LimitView]:
    """Every limit in its current version."""
    return [_view(row) for row in RiskLimit.objects.filter(is_current=True)]


def planned_limits() -> list[LimitView]:
    """What is agreed and not in force yet, the next one first."""
    return [_view(row) for row in RiskLimit.objects.filter(is_planned=True).order_by("effective_at", "id")]


def strategy_loss_limits() -> dict[str, int]:
    """What each strategy's own matches may lose in a day, VND by the strategy's id."""
    in_force = Q(is_current=True) | Q(is_planned=True, effective_at__lte=market_now())
    rows = RiskLimit.objects.filter(in_force, code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, scope=Scope.STRATEGY)
    newest = {row.scope_id: row for row in rows.order_by("version")}
    return {scope_id: row.limit for scope_id, row in newest.items() if row.is_active}


def visible_limits(user: AbstractBaseUser | AnonymousUser) -> list[LimitView]:
    """All but those of accounts that the user may not see."""
    mine = {str(account.id) for account in accounts.accounts_of(user)}
    return [view for view in limits() if view.scope != RiskLimit.Scope.ACCOUNT or view.scope_id in mine]


def limit_history(code: RuleCode, scope: str, scope_id: str = "") -> list[LimitView]:
    """All versions of one limit, newest first."""
    rows = RiskLimit.objects.filter(code=code, scope=scope, scope_id=scope_id).order_by("-version")
    return [_view(row) for row in rows]


def _view(row: RiskLimit) -> LimitView:
    rule = RULES[RuleCode(row.code)]
    return LimitView(
        code=rule.code,
        scope=row.scope,
        scope_id=row.scope_id,
        limit=row.limit,
        unit=rule.unit,
        is_active=row.is_active,
        version=row.version,
        reason=row.reason,
        changed_by=row.changed_by,
        approved_by=row.approved_by,
        effective_at=row.effective_at,
        is_planned=row.is_planned,
        voided_at=row.voided_at,
        help_vi=rule.help_vi,
        help_en=rule.help_en,
    )
