"""The decision engine at the live desk: one board for all, one engine for each strategy, in memory.

What it knew is not lost with its process: signals still stand in the database, and what a strategy said, ordered and
left stands in its decisions. Both are read once, when a strategy is taken up, and never for an event.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.analytics import selectors as analytics
from apps.strategies.models import Decision, DecisionOutcome, Strategy
from qts.domain.events import SignalGenerated
from qts.domain.strategy import PublishedSignal, SignalBoard, Source, published_signal
from qts.domain.strategy.deciding import DecisionEngine, InputState, Recalled, parse_policy
from qts.domain.strategy.published import VALID_FOREVER_S
from qts.domain.values import Side

RECALL_S_MAX: Final = 86_400
DECISIONS_MAX: Final = 2_000
_ORDERED: Final = (DecisionOutcome.SUBMITTED, DecisionOutcome.SHADOWED)


class Weighing:
    """One thread's."""

    def __init__(self) -> None:
        self._board = SignalBoard()
        self._symbols: set[str] = set()
        self._engines: dict[UUID, tuple[int, DecisionEngine]] = {}

    def follow(self, strategies: Collection[Strategy], now: datetime) -> None:
        """Two queries when somebody has started, none otherwise. Raises PolicyWrong for what no service has stored."""
        known = {one.id for one in strategies if self._engines.get(one.id, (None,))[0] == one.run}
        self._engines = {strategy_id: self._engines[strategy_id] for strategy_id in known}
        new = [one for one in strategies if one.id not in known]
        if not new:
            return
        for strategy in new:
            policy = parse_policy(strategy.decision_policy)
            self._engines[strategy.id] = (strategy.run, DecisionEngine(policy, self._board))
        if strangers := {symbol for one in new for symbol in one.symbols} - self._symbols:
            self._symbols |= strangers
            for signal in analytics.standing_signals(strangers, now):
                self._board.take(signal)
        self._recall(new, now)

    def engine(self, strategy: Strategy) -> DecisionEngine:
        return self._engines[strategy.id][1]

    def take(self, event: SignalGenerated) -> None:
        if event.symbol in self._symbols:
            self._board.take(published_signal(event))

    def standing(self, source: Source, symbol: str, ts_ms: int) -> Mapping[str, PublishedSignal]:
        return self._board.standing(source, symbol, ts_ms)

    def indicator_names(self, strategy: Strategy) -> tuple[str, ...]:
        """What sizes are measured with; the strategy itself is not told of it."""
        return self.engine(strategy).policy.size.indicator_names

    def _recall(self, strategies: Iterable[Strategy], now: datetime) -> None:
        runs = {one.id: one.run for one in strategies}
        rows = Decision.objects.filter(
            strategy_id__in=list(runs), decided_at__gte=now - timedelta(seconds=RECALL_S_MAX)
        ).only("strategy_id", "symbol", "side", "outcome", "reasoning", "decided_at", "run")
        found: dict[tuple[UUID, str], Recalled] = {}
        for row in sorted(rows.order_by("-decided_at")[:DECISIONS_MAX], key=_asked_at_ms):
            about = row.strategy_id, row.symbol
            found[about] = _after(found.get(about, Recalled()), row, runs[row.strategy_id])
        for (strategy_id, symbol), known in found.items():
            self._engines[strategy_id][1].recall(symbol, known)


def _after(known: Recalled, row: Decision, run: int) -> Recalled:
    """A start by a person begins with nothing said; cooldowns outlast it."""
    ts_ms = _asked_at_ms(row)
    if row.outcome in _ORDERED:
        known = known._replace(ordered_ms=ts_ms, left_ms=ts_ms if row.side == Side.SELL else known.left_ms)
    if row.run == run and row.reasoning.get("policy"):
        said = [_said(one, row.symbol) for one in row.reasoning["inputs"] if _is_said(one)]
        known = known._replace(said=said, looked_ms=ts_ms)
    return known


def _asked_at_ms(row: Decision) -> int:
    return int(row.reasoning.get("ts_ms") or row.decided_at.timestamp() * 1_000)


def _is_said(told: Mapping[str, Any]) -> bool:
    return bool(told["source"] == Source.TECHNICAL and told["state"] != InputState.MISSING)


def _said(told: Mapping[str, Any], symbol: str) -> PublishedSignal:
    return PublishedSignal(
        signal_id=told["signal_id"],
        source=Source.TECHNICAL,
        symbol=symbol,
        name=told["name"],
        direction=told["direction"],
        strength_percent=told["strength_percent"],
        value=0.0,
        ts_made_ms=told["ts_ms"],
        ts_known_ms=told["ts_ms"],
        valid_s=VALID_FOREVER_S,
        reason=told["reason"],
    )
