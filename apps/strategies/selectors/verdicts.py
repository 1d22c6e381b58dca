"""From the facts of a strategy's day to what matters of them, in order: the first lines of 'why did nothing happen?'

Codes with their numbers; the portal has the words. What stops everything comes first, what was merely asked and
answered with no comes last.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from apps.strategies.selectors.silence import Nothing, RuleDay, StrategyDayView, SymbolDay

SYMBOLS_TOLD_MAX: Final = 8
REASONS_TOLD_MAX: Final = 4
RULES_TOLD_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """`tone` is ok, info, warn or bad. `facts` are plain values and moments by the names that the sentence uses."""

    code: str
    tone: str = "info"
    facts: dict[str, Any] = field(default_factory=dict)


def findings(day: StrategyDayView) -> list[Finding]:
    return [*_presence(day), *_hindrances(day), *_heard(day), *_nothings(day), *_rules(day), *_nothing_said(day)]


def _presence(day: StrategyDayView) -> Iterator[Finding]:
    strategy = day.strategy
    if not day.is_trading_day:
        yield Finding("NO_TRADING_DAY", "warn")
    if day.order_count:
        yield Finding("ORDERS", "ok", {"count": day.order_count, "is_shadow": strategy.mode == "SHADOW"})
    seen = {"since": day.seen_from, "until": day.seen_until}
    if day.is_today and strategy.is_running and day.seen_until is None:
        yield Finding("RUNS_UNSEEN", "warn", {"since": strategy.status_changed_at})
    elif day.is_today and strategy.is_running:
        yield Finding("RUNS", "ok", seen)
    elif day.is_today and strategy.status == "FAILED":
        yield Finding("FAILED", "bad", {"at": strategy.status_changed_at, "reason": strategy.status_reason})
    elif day.seen_until is None:
        yield Finding("NEVER_RAN", "bad")
    else:
        yield Finding("RAN", "info", seen | {"reason": _last_reason(day)})


def _last_reason(day: StrategyDayView) -> str:
    return day.changes[-1].reason if day.changes and day.changes[-1].status != "RUNNING" else ""


def _hindrances(day: StrategyDayView) -> Iterator[Finding]:
    for stop in day.stops:
        yield Finding(
            "STOP", "bad", {"scope": stop.scope, "allows_reducing": stop.allows_reducing, "reason": stop.reason}
        )
    if day.stream not in {"", "connected"}:
        yield Finding("STREAM", "bad", {"state": day.stream})
    for code in day.limits_reached:
        yield Finding("LIMIT", "warn", {"rule": str(code)})


def _heard(day: StrategyDayView) -> Iterator[Finding]:
    heard = [one for one in day.symbols if one.bar_count]
    if heard:
        facts = {"bars": day.bar_count, "ticks": day.tick_count, "symbols": [one.symbol for one in heard]}
        yield Finding("HEARD", "info", facts | {"until": max(one.last_at for one in heard if one.last_at)})
    elif day.seen_until is not None:
        yield Finding("HEARD_NOTHING", "bad")
    if day.late_count:
        yield Finding("LATE", "warn", {"count": day.late_count})
    if day.seen_until is not None:
        for reason, symbols in _by_silence(day.symbols).items():
            yield Finding("NO_BAR", "warn", {"reason": reason, "symbols": symbols})
    for names, symbols in _by_cold(day.symbols).items():
        yield Finding("COLD", "warn", {"indicators": list(names), "symbols": symbols})


def _by_silence(symbols: tuple[SymbolDay, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in symbols:
        if one.silence:
            found.setdefault(one.silence, []).append(one.symbol)
    return found


def _by_cold(symbols: tuple[SymbolDay, ...]) -> dict[tuple[tuple[str, int | None], ...], list[str]]:
    found: dict[tuple[tuple[str, int | None], ...], list[str]] = {}
    for one in symbols:
        if one.cold:
            found.setdefault(tuple((cold.name, cold.bars_more) for cold in one.cold), []).append(one.symbol)
    return found


def _nothings(day: StrategyDayView) -> Iterator[Finding]:
    for one in _that_came_to_nothing(day)[:REASONS_TOLD_MAX]:
        facts = {"count": one.count, "reason": one.reason, "until": one.last_at}
        yield Finding("DENIED" if one.outcome == "DENIED" else "SKIPPED", "warn", facts)


def _that_came_to_nothing(day: StrategyDayView) -> list[Nothing]:
    return [one for one in day.outcomes if one.outcome in {"DENIED", "SKIPPED"}]


def _rules(day: StrategyDayView) -> Iterator[Finding]:
    """The rules that were never met, nearest first; one of each symbol."""
    told = [(one.symbol, rule) for one in day.symbols for rule in one.rules if rule.asked_count]
    missed = [(symbol, rule) for symbol, rule in told if rule.missed is not None]
    for symbol, rule in sorted(missed, key=_nearness)[:RULES_TOLD_MAX]:
        yield _missed(symbol, rule)
    if met := Counter({symbol: rule.met_count for symbol, rule in told if rule.rule == "enter" and rule.met_count}):
        yield Finding(
            "RULE_MET", "info", {"count": met.total(), "symbols": [symbol for symbol, _ in met.most_common()]}
        )


def _nearness(told: tuple[str, RuleDay]) -> tuple[float, str]:
    symbol, rule = told
    return -rule.most / rule.members, symbol


def _missed(symbol: str, rule: RuleDay) -> Finding:
    missed = rule.missed
    at: datetime | None = missed.nearest_at if missed else None
    return Finding(
        "RULE_MISSED",
        "info",
        {
            "symbol": symbol,
            "rule": rule.rule,
            "asked": rule.asked_count,
            "most": rule.most,
            "members": rule.members,
            "condition": missed.text if missed else "",
            "met": missed.met_count if missed else 0,
            "value": missed.nearest_value if missed else None,
            "at": at,
        },
    )


def _nothing_said(day: StrategyDayView) -> Iterator[Finding]:
    """It was asked and wanted nothing: the last word where nothing else explains it."""
    has_rules = any(one.rules for one in day.symbols)
    if day.bar_count and not has_rules and not day.outcomes:
        yield Finding("WANTED_NOTHING", "info", {"count": day.bar_count + day.timer_count + day.session_count})
