"""A study: one run, or many runs of one question. As JSON it is all that is needed, with the bars, to repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Any, Final, TypeVar

from qts.adapters.sandbox.source import FILE_BYTES_MAX, SUFFIXES, StrategySource
from qts.backtest.loading import class_of, strategies_of, strategy_of
from qts.backtest.search import TRIES_MAX
from qts.backtest.signals import signals_json, signals_of_json
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.backtest.walk_forward import FOLDS_MAX, FOLDS_MIN
from qts.domain.errors import Said
from qts.domain.market import (
    Instrument,
    RuleHistory,
    RuleWrong,
    built_in_history,
    row_json,
    row_of_json,
    rows_beyond_the_built_in,
)
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import Parameter, describe_parameters
from qts.domain.strategy.deciding import USUAL_POLICY, DecisionPolicy, PolicyWrong, parse_policy, policy_json
from qts.domain.values import Exchange, InstrumentKind

SETS_MAX: Final = 2_500
TRIES_MIN: Final = 5
Choice = TypeVar("Choice", bound=StrEnum)


class StudyKind(StrEnum):
    RUN = "RUN"
    SWEEP = "SWEEP"
    WALK_FORWARD = "WALK_FORWARD"
    SEARCH = "SEARCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """`grid` has the values to try, of a sweep and of each period of a walk forward; a search takes the lowest and the
    highest of each. `is_examined`: whether a single run is examined for luck and foresight."""

    kind: StudyKind
    spec: BacktestSpec
    grid: Mapping[str, Sequence[int]] = field(default_factory=dict)
    tries: int = 50
    folds: int = 4
    is_anchored: bool = False
    is_examined: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        for part in self.spec.parts:
            if part.source is None:  # unknown strategies and wrong parameters are told before anything runs
                strategy_of(part, self.spec.period.length_ms)
        if self.kind is StudyKind.RUN:
            return
        if len(self.spec.parts) != 1:
            raise SpecWrong(Said("parameters are tried for one strategy at a time"))
        if self.spec.parts[0].source is None:
            self.check_grid(described(self.spec.parts[0]))
        if self.kind is StudyKind.SEARCH and not TRIES_MIN <= self.tries <= TRIES_MAX:
            raise SpecWrong(
                Said("a search takes {tries_min} to {tries_max} tries", tries_min=TRIES_MIN, tries_max=TRIES_MAX)
            )
        if self.kind is StudyKind.WALK_FORWARD and not FOLDS_MIN <= self.folds <= FOLDS_MAX:
            raise SpecWrong(
                Said("walk forward in {folds_min} to {folds_max} periods", folds_min=FOLDS_MIN, folds_max=FOLDS_MAX)
            )

    @property
    def set_count(self) -> int:
        return prod(len(values) for values in self.grid.values())

    @property
    def ranges(self) -> dict[str, tuple[int, int]]:
        return {name: (min(values), max(values)) for name, values in self.grid.items()}

    def check_code(self) -> None:
        """What the files of persons have to be for it: runs them. Raises SpecWrong and ParameterError."""
        strategies_of(self.spec)
        if self.kind is not StudyKind.RUN:
            self.check_grid(described(self.spec.parts[0]))

    def check_grid(self, parameters: Sequence[Parameter]) -> None:
        """Whether the values to try fit what its one strategy takes. Raises SpecWrong."""
        part = self.spec.parts[0]
        known = {one.name: one for one in parameters}
        if not self.grid:
            raise SpecWrong(Said("choose a parameter to vary, and its values"))
        for name, values in self.grid.items():
            if name not in known:
                raise SpecWrong(Said("{strategy} has no parameter {name!r}", strategy=part.strategy, name=name))
            bounds = known[name]
            if not values:
                raise SpecWrong(Said("{name} has no value to try", name=name))
            if min(values) < bounds.minimum or max(values) > bounds.maximum:
                raise SpecWrong(
                    Said(
                        "{name} must be between {minimum} and {maximum} {unit}",
                        name=name,
                        minimum=bounds.minimum,
                        maximum=bounds.maximum,
                        unit=bounds.unit,
                    )
                )
        if self.kind is not StudyKind.SEARCH and self.set_count > SETS_MAX:
            raise SpecWrong(
                Said(
                    "these are {set_count:,} sets, and {sets_max:,} are the most: take wider steps",
                    set_count=self.set_count,
                    sets_max=SETS_MAX,
                )
            )


def described(part: StrategyPart) -> Sequence[Parameter]:
    return describe_parameters(class_of(part).parameters_class)


def study_json(study: Study) -> dict[str, Any]:
    spec = study.spec
    return (
        {
            "kind": study.kind.value,
            "parts": [_part_json(one) for one in spec.parts],
            "instruments": [
                {"symbol": one.symbol, "exchange": one.exchange.value, "kind": one.kind.value, "lot_size": one.lot_size}
                for one in sorted(spec.instruments.values(), key=lambda one: one.symbol)
            ],
            "period": spec.period.value,
            "cash_vnd": spec.cash_vnd,
            "fee_rate_bps": spec.fees.fee_rate_bps,
            "sale_tax_rate_bps": spec.fees.sale_tax_rate_bps,
            "participation_percent": spec.participation_percent,
            "spread_ticks": spec.spread_ticks,
            "latency_ms": spec.latency_ms,
            "slippage_ticks": spec.slippage_ticks,
            "queue_quantity": spec.queue_quantity,
            "foreign_room": dict(spec.foreign_room),
            "frictionless": spec.frictionless.value if spec.frictionless else None,
            "grid": {name: list(values) for name, values in study.grid.items()},
            "tries": study.tries,
            "folds": study.folds,
            "is_anchored": study.is_anchored,
            "is_examined": study.is_examined,
            "seed": study.seed,
            "rules_version": spec.rules.version,
        }
        | ({"signals": signals_json(spec.signals)} if spec.signals else {})
        | _rules_json(spec)
    )


def _rules_json(spec: BacktestSpec) -> dict[str, Any]:
    """What does not come with QTS."""
    rows = rows_beyond_the_built_in(spec.rules)
    return {"rules": [row_json(row) for row in rows]} if rows else {}


def _part_json(part: StrategyPart) -> dict[str, Any]:
    told: dict[str, Any] = {
        "strategy": part.strategy,
        "parameters": dict(part.parameters),
        "symbols": list(part.symbols),
    }
    if part.source is not None:
        told["source"] = source_json(part.source)
    return told if part.policy == USUAL_POLICY else told | {"policy": policy_json(part.policy)}


def source_json(source: StrategySource) -> dict[str, str]:
    return {"file_name": source.file_name, "text": source.text, "content_hash": source.content_hash}


def study_of_json(told: Mapping[str, Any]) -> Study:
    """Raises SpecWrong for what is no study, ParameterError for wrong parameters."""
    try:
        return Study(
            kind=_one_of(StudyKind, told["kind"]),
            spec=_spec(told),
            grid={str(name): [_whole(value) for value in values] for name, values in told.get("grid", {}).items()},
            **_options(told),
        )
    except SpecWrong:
        raise
    except KeyError as error:
        raise SpecWrong(Said("the specification lacks {error}", error=error)) from error
    except (TypeError, AttributeError) as error:
        raise SpecWrong(Said("the specification is not readable: {error}", error=error)) from error


def values_of(text: str) -> list[int]:
    """`5,8,13` or `5:25:5`, from, to (inclusive) and step. Raises SpecWrong."""
    try:
        if ":" in text:
            low, high, *rest = (int(one) for one in text.split(":"))
            (step,) = rest or [1]
            found = list(range(low, high + 1, step)) if step > 0 and (high - low) // step < SETS_MAX else []
        else:
            found = sorted({int(one) for one in text.split(",") if one.strip()})
    except ValueError:
        found = []
    if not found:
        raise SpecWrong(Said("{text!r} are no values: write 5,8,13 or FROM:TO:STEP", text=text))
    return found


def _spec(told: Mapping[str, Any]) -> BacktestSpec:
    instruments = [
        Instrument(
            str(one["symbol"]), _one_of(Exchange, one["exchange"]), _one_of(InstrumentKind, one["kind"]), **_lot(one)
        )
        for one in told["instruments"]
    ]
    parts = [
        StrategyPart(
            str(one["strategy"]),
            {str(name): _whole(value) for name, value in one.get("parameters", {}).items()},
            [str(symbol) for symbol in one.get("symbols", [])],
            _source(one.get("source")),
            _policy(one.get("policy", {})),
        )
        for one in told["parts"]
    ]
    fees = FeeSchedule(_whole(told["fee_rate_bps"]), _whole(told["sale_tax_rate_bps"]))
    return BacktestSpec(
        parts=parts,
        instruments={one.symbol: one for one in instruments},
        period=_one_of(BarPeriod, told["period"]),
        cash_vnd=_whole(told["cash_vnd"]),
        fees=fees,
        participation_percent=_whole(told["participation_percent"]),
        spread_ticks=_whole(told["spread_ticks"]),
        frictionless=_one_of(FillAt, told["frictionless"]) if told.get("frictionless") else None,
        **_market(told),
        signals=signals_of_json(told.get("signals", [])),
        rules=_rules(told.get("rules", [])),
    )


def _rules(told: Sequence[Any]) -> RuleHistory:
    try:
        return built_in_history().with_rows(row_of_json(one) for one in told) if told else built_in_history()
    except RuleWrong as error:
        raise SpecWrong(Said("the rules: {error}", error=error)) from error


def _market(told: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are told; the others are as ever."""
    found: dict[str, Any] = {
        name: _whole(told[name]) for name in ("latency_ms", "slippage_ticks", "queue_quantity") if name in told
    }
    if "foreign_room" in told:
        found["foreign_room"] = {str(symbol): _whole(room) for symbol, room in told["foreign_room"].items()}
    return found


def _source(told: Mapping[str, Any] | None) -> StrategySource | None:
    """Only the text that was hashed runs."""
    if told is None:
        return None
    found = StrategySource(str(told["file_name"]), str(told["text"]))
    if found.suffix not in SUFFIXES or "/" in found.file_name or len(found.text) > FILE_BYTES_MAX:
        raise SpecWrong(Said("{file_name!r} is no file of a strategy", file_name=found.file_name))
    if found.content_hash != told["content_hash"]:
        raise SpecWrong(
            Said("the text of {file_name} is not the one whose hash stands beside it", file_name=found.file_name)
        )
    return found


def _policy(told: Any) -> DecisionPolicy:
    try:
        return parse_policy(told)
    except PolicyWrong as error:
        raise SpecWrong(Said("the decision policy: {error}", error=error)) from error


def _options(told: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are told; the others are as ever."""
    numbers = {name: _whole(told[name]) for name in ("tries", "folds", "seed") if name in told}
    return numbers | {name: bool(told[name]) for name in ("is_anchored", "is_examined") if name in told}


def _lot(one: Mapping[str, Any]) -> dict[str, int]:
    return {"lot_size": _whole(one["lot_size"])} if "lot_size" in one else {}


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecWrong(Said("{value!r} is no whole number", value=value))
    return value


def _one_of(kind: type[Choice], value: Any) -> Choice:
    try:
        return kind(value)
    except ValueError:
        raise SpecWrong(Said("{value!r} is none of {names}", value=value, names=", ".join(kind))) from None
