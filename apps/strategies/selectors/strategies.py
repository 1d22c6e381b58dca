"""Reading strategies, decisions, and why an order exists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.strategies.models import Decision, Strategy
from apps.strategies.selectors.code import code_of_strategy, is_file
from apps.strategies.selectors.reasoning import ReasoningView, reasoning_view
from qts.adapters.ssi.frames import message_of
from qts.adapters.wal import WalBroken, WalPositionGone, WalReader
from qts.domain.strategy import Parameter
from qts.domain.strategy.deciding import parse_policy, policy_json

RAW_CHARACTERS_MAX = 4_000


@dataclass(frozen=True, slots=True)
class StrategyView:
    id: UUID
    name: str
    class_key: str
    title: str
    summary: str
    parameters: Mapping[str, int]
    account_id: UUID
    symbols: Sequence[str]
    status: str
    status_reason: str
    status_changed_by: str
    status_changed_at: datetime | None
    mode: str
    code_hash: str
    keeps_state: bool
    described: Sequence[Parameter]  # empty when its code is gone
    decision_policy: Mapping[str, Any]  # with everything said, also what is usual; docs/decisions.md

    @property
    def is_of_file(self) -> bool:
        return is_file(self.class_key)

    @property
    def is_running(self) -> bool:
        return self.status == "RUNNING"


@dataclass(frozen=True, slots=True)
class DecisionView:
    """Prices in VND; `decided_at` in market time."""

    id: UUID
    strategy_id: UUID
    strategy_name: str
    account_id: UUID
    symbol: str
    side: str
    quantity: int
    order_type: str
    price_vnd: int | None
    signal: str
    indicators: Mapping[str, float]
    indicators_previous: Mapping[str, float]
    trigger: Mapping[str, Any]
    wal_position: str
    ts_received_ns: int
    decided_at: datetime
    outcome: str
    outcome_reason: str
    order_id: UUID | None
    mode: str
    code_hash: str
    reasoning: ReasoningView | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision behind an order, and the raw market message behind the decision.

    `raw_message` is None when the write-ahead log no longer holds it; `raw_trouble` then says why.
    """

    decision: DecisionView
    raw_message: str | None
    raw_trouble: str


def strategies(account_ids: Iterable[UUID] | None = None) -> list[StrategyView]:
    """By name; all of them when no accounts are given."""
    rows = Strategy.objects.all()
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    return [_strategy_view(row) for row in rows]


def strategy(strategy_id: UUID) -> StrategyView | None:
    row = Strategy.objects.filter(id=strategy_id).first()
    return _strategy_view(row) if row else None


def decisions(
    *, account_ids: Iterable[UUID] | None = None, strategy_id: UUID | None = None, limit: int = 50
) -> list[DecisionView]:
    """Newest first, in one query."""
    rows = Decision.objects.select_related("strategy")
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    if strategy_id is not None:
        rows = rows.filter(strategy_id=strategy_id)
    return [decision_view(row) for row in rows[:limit]]


def explanation(order_id: UUID) -> Explanation | None:
    """Why a strategy's order exists; None for an order that a person placed."""
    row = Decision.objects.select_related("strategy").filter(order_id=order_id).first()
    if row is None:
        return None
    if not row.wal_position:
        return Explanation(decision_view(row), None, "no market message: it was asked by the clock or by a fill")
    try:
        frame = WalReader(settings.WAL_DIR).read(row.wal_position).payload
    except (WalBroken, WalPositionGone) as error:
        return Explanation(decision_view(row), None, str(error))
    raw = message_of(frame, row.wal_position).decode("utf-8", "replace")
    return Explanation(decision_view(row), raw[:RAW_CHARACTERS_MAX], "")


def _strategy_view(row: Strategy) -> StrategyView:
    try:
        code = code_of_strategy(row)
        title, summary, described = code.title, code.summary, code.parameters
    except KeyError:
        title, summary, described = row.class_key, "This class is no longer there.", ()
    return StrategyView(
        id=row.id,
        name=row.name,
        class_key=row.class_key,
        title=title,
        summary=summary,
        parameters=row.parameters,
        account_id=row.account_id,
        symbols=tuple(row.symbols),
        status=row.status,
        status_reason=row.status_reason,
        status_changed_by=row.status_changed_by,
        status_changed_at=row.status_changed_at,
        mode=row.mode,
        code_hash=row.code_hash,
        keeps_state=row.keeps_state,
        described=described,
        decision_policy=policy_json(parse_policy(row.decision_policy)),
    )


def decision_view(row: Decision) -> DecisionView:
    return DecisionView(
        id=row.id,
        strategy_id=row.strategy_id,
        strategy_name=row.strategy.name,
        account_id=row.account_id,
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        order_type=row.order_type,
        price_vnd=row.price_vnd,
        signal=row.signal,
        indicators=row.indicators,
        indicators_previous=row.indicators_previous,
        trigger=row.trigger,
        wal_position=row.wal_position,
        ts_received_ns=row.ts_received_ns,
        decided_at=row.decided_at,
        outcome=row.outcome,
        outcome_reason=row.outcome_reason,
        order_id=row.order_id,
        mode=row.mode,
        code_hash=row.code_hash,
        reasoning=reasoning_view(row.reasoning),
    )
