"""Why a strategy did what it did on a day, and above all why it did nothing: facts, put together from what was kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max

from apps.eventlog import selectors as eventlog
from apps.marketdata import selectors as marketdata
from apps.risk import selectors as risk
from apps.strategies.models import Attendance, Decision
from apps.strategies.selectors.strategies import StrategyView
from qts.domain.errors import RuleCode, TransientError
from qts.domain.events import StrategyChanged
from qts.domain.market import moment_of, session_at, to_vietnam
from qts.domain.risk.states import TradingState
from qts.domain.values import Exchange, Session
from qts.quant.indicators import IndicatorUnknown, parse_indicator

REASONS_MAX: Final = 2_000
CHANGES_MAX: Final = 200
GAPS_MAX: Final = 200
COLD_LOOKED_AT_MAX: Final = 20  # symbols whose stored bars are counted: after a start all of them are cold at once
WHOLE_PERCENT: Final = 100
_NUMBER: Final = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class ConditionDay:
    """One condition over the day. `value`, `target` and `is_met` are the last ones; `nearest_…` of the bar at which it
    came nearest to being met. None where no number tells, or it never could be told."""

    text: str
    met_count: int
    unknown_count: int
    is_met: bool | None
    value: float | None
    target: float | None
    gap: float | None
    nearest_value: float | None
    nearest_target: float | None
    nearest_gap: float | None
    nearest_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleDay:
    """`rule` is enter or leave. `most` of its `members` were met at once, first at `most_at`."""

    rule: str
    kind: str
    asked_count: int
    met_count: int
    members: int
    most: int
    most_at: datetime | None
    conditions: tuple[ConditionDay, ...]

    @property
    def missed(self) -> ConditionDay | None:
        """What kept it from being met: of conditions that all have to be, the one that was so least often."""
        open_ones = [one for one in self.conditions if one.nearest_gap is not None]
        if not open_ones or self.met_count:
            return None
        if self.kind == "all":
            return min(open_ones, key=lambda one: (one.met_count, -_distance(one)))
        return min(open_ones, key=_distance)


@dataclass(frozen=True, slots=True)
class ColdIndicator:
    """One without a value at the last bar. `bars_more` is None where the stored bars were not counted."""

    name: str
    bars_more: int | None


@dataclass(frozen=True, slots=True)
class SymbolDay:
    """What the strategy heard of one symbol. `silence` says why there was no bar: NOT_OPEN, HALTED, GAP, NOT_THERE
    (bars closed while it was not running) or NO_TRADE; empty where there was one. Times are market time."""

    symbol: str
    bar_count: int
    tick_count: int
    fill_count: int
    late_count: int
    stored_bar_count: int
    first_at: datetime | None
    last_at: datetime | None
    last_kind: str
    silence: str
    cold: tuple[ColdIndicator, ...]
    rules: tuple[RuleDay, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Decisions that ended alike, whatever their numbers; `reason` is the latest as it was."""

    outcome: str
    reason: str
    count: int
    symbols: tuple[str, ...]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """It was started, stopped or failed."""

    at: datetime
    status: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Stop:
    scope: str
    allows_reducing: bool
    reason: str


@dataclass(frozen=True, slots=True)
class StrategyDayView:
    """One strategy on one trading day. `seen_from` and `seen_until` are when it sat at the desk, to some ten seconds.

    What stops it, the session, limits and the stream are of now: they are empty for another day.
    """

    strategy: StrategyView
    day: date
    is_today: bool
    is_trading_day: bool
    seen_from: datetime | None
    seen_until: datetime | None
    changes: tuple[Change, ...]
    timer_count: int
    session_count: int
    symbols: tuple[SymbolDay, ...]
    outcomes: tuple[Nothing, ...]
    stops: tuple[Stop, ...]
    sessions: Mapping[str, str]
    limits_reached: tuple[RuleCode, ...]
    stream: str

    @property
    def bar_count(self) -> int:
        return sum(one.bar_count for one in self.symbols)

    @property
    def tick_count(self) -> int:
        return sum(one.tick_count for one in self.symbols)

    @property
    def late_count(self) -> int:
        return sum(one.late_count for one in self.symbols)

    @property
    def order_count(self) -> int:
        return sum(one.count for one in self.outcomes if one.outcome in {"SUBMITTED", "SHADOWED"})


def strategy_day(strategy: StrategyView, day: date, now: datetime, *, symbol: str = "") -> StrategyDayView:
    """Of all its symbols, or of one. Raises TransientError while the live market cannot be read."""
    is_today = day == to_vietnam(now).date()
    wanted = [one for one in strategy.symbols if not symbol or one == symbol]
    rows = {row.symbol: row for row in Attendance.objects.filter(strategy_id=strategy.id, trading_day=day)}
    own = rows.get("")
    since, until = _bounds(day)
    listed = {known.symbol: known.exchange for known in marketdata.securities() if known.symbol in set(wanted)}
    return StrategyDayView(
        strategy=strategy,
        day=day,
        is_today=is_today,
        is_trading_day=marketdata.trading_calendar().is_trading_day(day),
        seen_from=own.first_at if own else None,
        seen_until=own.last_at if own else None,
        changes=_changes(strategy.id, since, until),
        timer_count=own.timer_count if own else 0,
        session_count=own.session_count if own else 0,
        symbols=_symbols(wanted, rows, day, now, listed if is_today else {}),
        outcomes=_outcomes(strategy.id, since, until, symbol),
        stops=_stops(strategy, listed) if is_today else (),
        sessions=_sessions(set(listed.values()), now) if is_today else {},
        limits_reached=_limits_reached(strategy.account_id, now) if is_today else (),
        stream=str(marketdata.stream_status().state) if is_today else "",
    )


def _sessions(exchanges: set[Exchange], now: datetime) -> dict[str, str]:
    rules = marketdata.rules_at(now)
    return {str(one): str(session_at(rules, one, now)) for one in sorted(exchanges)}


def without_numbers(reason: str) -> str:
    """With # for each of them: what two reasons have in common."""
    return _NUMBER.sub("#", reason)


def _symbols(
    wanted: Sequence[str], rows: Mapping[str, Attendance], day: date, now: datetime, listed: Mapping[str, Exchange]
) -> tuple[SymbolDay, ...]:
    """`listed` is empty for another day than today."""
    since, until = _bounds(day)
    stored = marketdata.bar_counts(wanted, since=since, until=until)
    gone = _gone(since, until, now)
    quotes = marketdata.live_quotes(wanted) if listed else {}
    found, looked_at = [], 0
    for symbol in wanted:
        row = rows.get(symbol)
        cold = list(row.cold) if row else []
        is_counted = bool(cold) and looked_at < COLD_LOOKED_AT_MAX
        looked_at += is_counted
        has_bar = row is not None and row.bar_count > 0
        session = session_at(marketdata.rules_at(now), listed[symbol], now) if symbol in listed else None
        if symbol in quotes and quotes[symbol].session == Session.HALT:
            session = Session.HALT
        found.append(
            SymbolDay(
                symbol=symbol,
                bar_count=row.bar_count if row else 0,
                tick_count=row.tick_count if row else 0,
                fill_count=row.fill_count if row else 0,
                late_count=row.late_count if row else 0,
                stored_bar_count=stored.get(symbol, 0),
                first_at=row.first_at if row else None,
                last_at=row.last_at if row else None,
                last_kind=row.last_kind if row else "",
                silence="" if has_bar else _silence(symbol, stored, session, gone),
                cold=tuple(ColdIndicator(name, _bars_more(name, symbol, now) if is_counted else None) for name in cold),
                rules=_rules(row.rules) if row else (),
            )
        )
    return tuple(found)


def _silence(symbol: str, stored: Mapping[str, int], session: Session | None, gone: set[str]) -> str:
    if stored.get(symbol):
        return "NOT_THERE"
    if session is Session.HALT:
        return "HALTED"
    if "*" in gone or symbol in gone:
        return "GAP"
    return "NOT_OPEN" if session is Session.PRE_OPEN else "NO_TRADE"


def _gone(since: datetime, until: datetime, now: datetime) -> set[str]:
    """Symbols of which messages are missing on that day. Gaps are noted by the wall clock: a demo's market runs faster
    or at another date, and is taken back to it."""
    wall, speed = datetime.now(UTC), marketdata.market_moment().speed
    first, last = (wall - (now - moment) / speed for moment in (since, until))
    listed = [one.symbols for one in marketdata.gaps(since=first, limit=GAPS_MAX) if one.from_at < last]
    return {symbol for symbols in listed for symbol in symbols.split(",")}


def _bars_more(name: str, symbol: str, now: datetime) -> int | None:
    """How many bars it still needs, of its own length; 0 for one that has enough and is no number."""
    try:
        indicator = parse_indicator(name)
    except IndicatorUnknown:
        return None
    wanted = indicator.study.lookback + 1
    if indicator.timeframe is None:
        return max(0, wanted - len(marketdata.bars(symbol, until=now, limit=wanted)))
    return max(0, wanted - len(marketdata.wide_bars(symbol, indicator.timeframe, until=now, limit=wanted)))


def _rules(stored: Mapping[str, Any]) -> tuple[RuleDay, ...]:
    return tuple(_rule(name, stored[name]) for name in ("enter", "leave") if name in stored)


def _rule(name: str, told: Mapping[str, Any]) -> RuleDay:
    return RuleDay(
        rule=name,
        kind=told["kind"],
        asked_count=told["asked"],
        met_count=told["met"],
        members=told["members"],
        most=told["most"],
        most_at=moment_of(told["most_at_ms"]) if told["most"] else None,
        conditions=tuple(_condition(one) for one in told["conditions"]),
    )


def _condition(told: Mapping[str, Any]) -> ConditionDay:
    return ConditionDay(
        text=told["text"],
        met_count=told["met"],
        unknown_count=told["unknown"],
        is_met=told["is_met"],
        value=told["value"],
        target=told["target"],
        gap=told["gap"],
        nearest_value=told.get("nearest_value"),
        nearest_target=told.get("nearest_target"),
        nearest_gap=told.get("nearest_gap"),
        nearest_at=moment_of(told["nearest_at_ms"]) if "nearest_at_ms" in told else None,
    )


def _distance(condition: ConditionDay) -> float:
    """In parts of what it is compared with, so that an RSI and a price can be set side by side."""
    return (condition.nearest_gap or 0.0) / max(abs(condition.nearest_target or 0.0), 1.0)


def _outcomes(strategy_id: UUID, since: datetime, until: datetime, symbol: str) -> tuple[Nothing, ...]:
    """The most frequent first."""
    rows = Decision.objects.filter(strategy_id=strategy_id, decided_at__gte=since, decided_at__lt=until)
    if symbol:
        rows = rows.filter(symbol=symbol)
    counted = (
        rows.order_by()
        .values_list("outcome", "outcome_reason")
        .annotate(count=Count("id"), latest=Max("decided_at"), named=ArrayAgg("symbol", distinct=True))
        .order_by("-latest")
    )
    found: dict[tuple[str, str], Nothing] = {}
    for outcome, reason, count, last_at, symbols in counted[:REASONS_MAX]:
        key = outcome, without_numbers(reason)
        one = found.setdefault(key, Nothing(outcome, reason, 0, (), last_at))
        together = tuple(sorted({*one.symbols, *symbols}))
        found[key] = Nothing(outcome, one.reason, one.count + count, together, one.last_at)
    return tuple(sorted(found.values(), key=lambda one: -one.count))


def _changes(strategy_id: UUID, since: datetime, until: datetime) -> tuple[Change, ...]:
    """Oldest first."""
    told = eventlog.history(key=str(strategy_id), topic=StrategyChanged.topic, limit=CHANGES_MAX)
    return tuple(
        Change(one.occurred_at, one.body["status"], one.body["reason"], one.actor)
        for one in reversed(told)
        if since <= one.occurred_at < until
    )


def _stops(strategy: StrategyView, listed: Mapping[str, Exchange]) -> tuple[Stop, ...]:
    """What keeps its orders back now: switches and holds of the firm, account, strategy, and of where it trades."""
    scopes = {risk.FIRM, risk.account_scope(strategy.account_id), risk.strategy_scope(str(strategy.id))}
    scopes |= {f"symbol:{symbol}" for symbol in listed} | {f"exchange:{exchange}" for exchange in listed.values()}
    stops = [Stop(one.scope, one.allows_reducing, one.reason) for one in risk.kill_switches(engaged_only=True)]
    stops += [Stop(one.scope, one.state is TradingState.REDUCING, one.reason) for one in risk.holds()]
    stops += [Stop(scope, allows_reducing=False, reason=reason) for scope, reason in risk.kill_file_stops().items()]
    return tuple(stop for stop in stops if stop.scope in scopes)


def _limits_reached(account_id: UUID, now: datetime) -> tuple[RuleCode, ...]:
    try:
        used = risk.limit_use(account_id, now)
    except TransientError:
        return ()
    return tuple(one.code for one in used if one.percent is not None and one.percent >= WHOLE_PERCENT)


def _bounds(day: date) -> tuple[datetime, datetime]:
    first_ms, _ = marketdata.day_bounds_ms(day)
    since = moment_of(first_ms)
    return since, since + timedelta(days=1)
