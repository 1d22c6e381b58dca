"""What a change of limits would do, before anybody saves it: nothing here writes.

Every order of the last thirty days, and every one that works, is judged twice with the same figure: by the limits of
today, and by those limits with the change in them. Only where the two answers differ is it the change's doing. Limits,
sectors and what is held are those of now; what the order measured is from then (see `what_if_measures`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState, AccountView
from apps.risk.models import EquityPoint, RiskLimit
from apps.risk.selectors import sectors
from apps.risk.selectors.use import fills_up, percent_of, use_now
from apps.risk.services.limits import LimitChange
from apps.risk.services.past_orders import PastOrder, PastOrders, past_orders_reader
from apps.risk.services.what_if_measures import MEASURES, MINUTE, Basis, Past, Worth, measured, minute_of, replayed
from qts.domain.errors import RuleCode
from qts.domain.risk import RULES, Binds, Rule, Unit
from qts.domain.values import Side

Scope = RiskLimit.Scope
LOOKED_BACK: Final = timedelta(days=30)
ORDERS_MAX: Final = 10_000
ACCOUNTS_MAX: Final = 20
_Named = Mapping[tuple[str, str], int]  # limit by scope and scope id


@dataclass(frozen=True, slots=True)
class JudgedOrder:
    """An order that the change decides, what it measured, and the limit that counts with the change (None: none)."""

    order: PastOrder
    actual: int
    limit: int | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class Headroom:
    """One account under the tightest of its own and the firm's limits. `actual` and percents are None when unknown."""

    account_number: str
    actual: int | None
    limit_before: int | None
    limit_after: int | None
    percent_before: int | None
    percent_after: int | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`refused` would not pass any more; `admitted` were refused for this limit alone and would pass it.
    `unknown_count` orders cannot be judged, because what the rule looks at was not kept."""

    working_refused: tuple[JudgedOrder, ...]
    past_refused: tuple[JudgedOrder, ...]
    admitted: tuple[JudgedOrder, ...]
    judged_count: int
    unknown_count: int
    bases: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What one change would do. `left_out_count` older orders, and `accounts_left_out`, were too many to look at."""

    change: LimitChange
    unit: Unit
    limit_before: int | None
    since: datetime
    orders: Judgement
    left_out_count: int
    headroom: tuple[Headroom, ...]
    accounts_left_out: int

    @property
    def limit_after(self) -> int | None:
        return self.change.limit if self.change.is_active else None


def what_if(changes: Sequence[LimitChange], now: datetime) -> list[WhatIf]:
    """One answer for each change, each as if it were the only one. The number of statements does not grow with the
    orders, and with the accounts only up to ACCOUNTS_MAX."""
    since = now - LOOKED_BACK
    only = {change.scope_id if change.scope == Scope.ACCOUNT else "" for change in changes}
    account_id = UUID(next(iter(only))) if len(only) == 1 and "" not in only else None
    found = past_orders_reader()(since=since, account_id=account_id, at_most=ORDERS_MAX)
    codes = {change.code for change in changes}
    mine, left_out = _accounts(account_id)
    states = _states(mine, codes, now)
    before = replayed(found.orders, _held(states)) if _asks(Basis.REPLAY, codes) else {}
    past = Past(before, _worth(found.orders, codes))
    in_force = _in_force(codes)
    known = sectors({order.symbol for order in found.orders}) if _asks_sectors(changes, in_force) else {}
    return [
        WhatIf(
            change=change,
            unit=RULES[change.code].unit,
            limit_before=in_force[change.code].get((change.scope, change.scope_id)),
            since=since,
            orders=_judgement(change, in_force[change.code], found, past, known),
            left_out_count=found.left_out,
            headroom=_headroom(change, in_force[change.code], mine, states),
            accounts_left_out=left_out,
        )
        for change in changes
    ]


def _judgement(
    change: LimitChange, before: _Named, found: PastOrders, past: Past, known: Mapping[str, str]
) -> Judgement:
    rule, after = RULES[change.code], _with(change, before)
    refused: list[JudgedOrder] = []
    admitted: list[JudgedOrder] = []
    bases: list[Basis] = []
    unknown = 0
    for order in reversed(found.orders):
        scopes = _scopes_of(order, known)
        if (change.scope, change.scope_id) not in scopes or not (rule.applies_to_sales or order.side is Side.BUY):
            continue
        told = measured(change.code, order, past)
        if told is None:
            unknown += 1
            continue
        actual, basis = told
        bases.append(basis)
        limit = _tightest(rule, after, scopes)
        was_broken, is_broken = _breaks(rule, actual, _tightest(rule, before, scopes)), _breaks(rule, actual, limit)
        if is_broken and not was_broken and not order.is_denied:
            refused.append(JudgedOrder(order, actual, limit, basis))
        if was_broken and not is_broken and _denied_for(order, change.code):
            admitted.append(JudgedOrder(order, actual, limit, basis))
    return Judgement(
        working_refused=tuple(one for one in refused if one.order.is_working),
        past_refused=tuple(one for one in refused if not one.order.is_working),
        admitted=tuple(admitted),
        judged_count=len(bases),
        unknown_count=unknown,
        bases=tuple(basis for basis in Basis if basis in bases),
    )


def _denied_for(order: PastOrder, code: RuleCode) -> bool:
    return order.is_denied and {breach.code for breach in order.breaches} == {code}


def _scopes_of(order: PastOrder, known_sectors: Mapping[str, str]) -> set[tuple[str, str]]:
    named = {
        Scope.ACCOUNT: str(order.account_id),
        Scope.SYMBOL: order.symbol,
        Scope.STRATEGY: order.strategy_id,
        Scope.USER: order.user_id,
        Scope.EXCHANGE: order.exchange,
        Scope.SECTOR: known_sectors.get(order.symbol, ""),
    }
    return {(str(Scope.FIRM), "")} | {(str(scope), name) for scope, name in named.items() if name}


def _tightest(rule: Rule, named: _Named, scopes: Iterable[tuple[str, str]]) -> int | None:
    found: int | None = None
    for scope in scopes:
        limit = named.get(scope)
        if limit is not None:
            found = limit if found is None else rule.tightest(found, limit)
    return found


def _breaks(rule: Rule, actual: int, limit: int | None) -> bool:
    if limit is None:
        return False
    return actual < limit if rule.binds is Binds.FLOOR else actual > limit


def _with(change: LimitChange, before: _Named) -> dict[tuple[str, str], int]:
    name = (str(change.scope), change.scope_id)
    others = {scope: limit for scope, limit in before.items() if scope != name}
    return others | ({name: change.limit} if change.is_active else {})


def _in_force(codes: Collection[RuleCode]) -> dict[RuleCode, dict[tuple[str, str], int]]:
    found: dict[RuleCode, dict[tuple[str, str], int]] = {code: {} for code in codes}
    rows = RiskLimit.objects.filter(code__in=codes, is_current=True, is_active=True).order_by()
    for code, scope, scope_id, limit in rows.values_list("code", "scope", "scope_id", "limit"):
        found[RuleCode(code)][scope, scope_id] = limit
    return found


def _asks_sectors(changes: Iterable[LimitChange], in_force: Mapping[RuleCode, _Named]) -> bool:
    set_for = {scope for named in in_force.values() for scope, _ in named}
    return Scope.SECTOR in set_for | {change.scope for change in changes}


def _accounts(account_id: UUID | None) -> tuple[list[AccountView], int]:
    if account_id is not None:
        found = accounts.account(account_id)
        return ([found] if found else []), 0
    mine = accounts.active_accounts()
    return mine[:ACCOUNTS_MAX], max(0, len(mine) - ACCOUNTS_MAX)


def _states(mine: Iterable[AccountView], codes: Collection[RuleCode], now: datetime) -> dict[UUID, AccountState]:
    if not any(fills_up(code) for code in codes):
        return {}
    return {one.id: accounts.account_state(one.id, now) for one in mine}


def _held(states: Mapping[UUID, AccountState]) -> dict[UUID, dict[str, int]]:
    return {
        account_id: {symbol: held.quantity for symbol, held in state.positions.items()}
        for account_id, state in states.items()
    }


def _asks(basis: Basis, codes: Collection[RuleCode]) -> bool:
    return any(code in MEASURES and MEASURES[code][1] is basis for code in codes)


def _worth(orders: Iterable[PastOrder], codes: Collection[RuleCode]) -> dict[tuple[UUID, datetime], Worth]:
    if not _asks(Basis.MINUTE, codes):
        return {}
    minutes = {minute_of(order) for order in orders}
    rows = EquityPoint.objects.filter(
        account_id__in={order.account_id for order in orders}, at__in=minutes | {one - MINUTE for one in minutes}
    )
    columns = rows.values_list("account_id", "at", "equity_vnd", "peak_vnd", "day_pnl_vnd")
    return {(account_id, at): Worth(*values) for account_id, at, *values in columns}


def _headroom(
    change: LimitChange, before: _Named, mine: Iterable[AccountView], states: Mapping[UUID, AccountState]
) -> tuple[Headroom, ...]:
    """Of limits that an account as a whole fills up, for the firm or an account; of others only the orders tell."""
    if not fills_up(change.code) or change.scope not in (Scope.FIRM, Scope.ACCOUNT):
        return ()
    rule, after, lines = RULES[change.code], _with(change, before), []
    for account in mine:
        scopes = {(str(Scope.FIRM), ""), (str(Scope.ACCOUNT), str(account.id))}
        if (str(change.scope), change.scope_id) in scopes:
            actual = use_now(change.code, states[account.id])
            was, limit = _tightest(rule, before, scopes), _tightest(rule, after, scopes)
            percents = (_percent(actual, was), _percent(actual, limit))
            lines.append(Headroom(account.number, actual, was, limit, *percents))
    return tuple(sorted(lines, key=lambda line: (-(line.percent_after or 0), line.account_number)))


def _percent(actual: int | None, limit: int | None) -> int | None:
    return None if actual is None or limit is None else percent_of(actual, limit)
