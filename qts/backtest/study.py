"""A study: one run, or many runs of one question. As JSON it is all that is needed, with the bars, to repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Any, Final, TypeVar

from qts.backtest.engine import strategies_of
from qts.backtest.search import TRIES_MAX
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.backtest.walk_forward import FOLDS_MAX, FOLDS_MIN
from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import describe_parameters, strategy_class
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
        strategies_of(self.spec)  # unknown strategies and wrong parameters are told before anything runs
        if self.kind is StudyKind.RUN:
            return
        if len(self.spec.parts) != 1:
            raise SpecWrong("parameters are tried for one strategy at a time")
        self._check_grid()
        if self.kind is StudyKind.SEARCH and not TRIES_MIN <= self.tries <= TRIES_MAX:
            raise SpecWrong(f"a search takes {TRIES_MIN} to {TRIES_MAX} tries")
        if self.kind is StudyKind.WALK_FORWARD and not FOLDS_MIN <= self.folds <= FOLDS_MAX:
            raise SpecWrong(f"walk forward in {FOLDS_MIN} to {FOLDS_MAX} periods")

    @property
    def set_count(self) -> int:
        return prod(len(values) for values in self.grid.values())

    @property
    def ranges(self) -> dict[str, tuple[int, int]]:
        return {name: (min(values), max(values)) for name, values in self.grid.items()}

    def _check_grid(self) -> None:
        part = self.spec.parts[0]
        known = {one.name: one for one in describe_parameters(strategy_class(part.strategy).parameters_class)}
        if not self.grid:
            raise SpecWrong("choose a parameter to vary, and its values")
        for name, values in self.grid.items():
            if name not in known:
                raise SpecWrong(f"{part.strategy} has no parameter {name!r}")
            bounds = known[name]
            if not values:
                raise SpecWrong(f"{name} has no value to try")
            if min(values) < bounds.minimum or max(values) > bounds.maximum:
                raise SpecWrong(f"{name} must be between {bounds.minimum} and {bounds.maximum} {bounds.unit}")
        if self.kind is not StudyKind.SEARCH and self.set_count > SETS_MAX:
            raise SpecWrong(f"these are {self.set_count:,} sets, and {SETS_MAX:,} are the most: take wider steps")


def study_json(study: Study) -> dict[str, Any]:
    spec = study.spec
    return {
        "kind": study.kind.value,
        "parts": [
            {"strategy": one.strategy, "parameters": dict(one.parameters), "symbols": list(one.symbols)}
            for one in spec.parts
        ],
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
        "frictionless": spec.frictionless.value if spec.frictionless else None,
        "grid": {name: list(values) for name, values in study.grid.items()},
        "tries": study.tries,
        "folds": study.folds,
        "is_anchored": study.is_anchored,
        "is_examined": study.is_examined,
        "seed": study.seed,
    }


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
        raise SpecWrong(f"the specification lacks {error}") from error
    except (TypeError, AttributeError) as error:
        raise SpecWrong(f"the specification is not readable: {error}") from error


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
        raise SpecWrong(f"{text!r} are no values: write 5,8,13 or FROM:TO:STEP")
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
    )


def _options(told: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are told; the others are as ever."""
    numbers = {name: _whole(told[name]) for name in ("tries", "folds", "seed") if name in told}
    return numbers | {name: bool(told[name]) for name in ("is_anchored", "is_examined") if name in told}


def _lot(one: Mapping[str, Any]) -> dict[str, int]:
    return {"lot_size": _whole(one["lot_size"])} if "lot_size" in one else {}


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecWrong(f"{value!r} is no whole number")
    return value


def _one_of(kind: type[Choice], value: Any) -> Choice:
    try:
        return kind(value)
    except ValueError:
        raise SpecWrong(f"{value!r} is none of {', '.join(kind)}") from None
