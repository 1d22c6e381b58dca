"""From a part of a specification to its class: one that comes with QTS, or a person's own file.

Whoever loads a person's file runs it: the portal and the workers never do, only the confined process of a study; at a
terminal or in a notebook it is one's own.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from qts.adapters.rule_files import RulesUnreadable
from qts.adapters.sandbox.loading import load
from qts.adapters.sandbox.messages import Load
from qts.adapters.sandbox.source import SUFFIXES, SourceUnreadable, StrategySource, read_source
from qts.backtest.spec import BacktestSpec, SpecWrong, StrategyPart
from qts.domain.errors import Said, said_by
from qts.domain.strategy import Strategy, parse_parameters, strategy_class
from qts.domain.strategy.files import NotAStrategy
from qts.quant.indicators import problems_of

FILE_KEY: Final = "file:"
_KEPT: Final = 16  # a sweep asks for the same class thousands of times


def class_of(part: StrategyPart) -> type[Strategy[Any]]:
    """Raises SpecWrong for what is no strategy, with the line of a file; what a file raises itself passes."""
    if part.source is not None:
        return _class_of_source(part.source)
    try:
        return strategy_class(part.strategy)
    except KeyError:
        raise SpecWrong(Said("there is no strategy {strategy!r}", strategy=part.strategy)) from None


def strategies_of(spec: BacktestSpec) -> list[Strategy[Any]]:
    """A fresh one for each part. Raises SpecWrong and ParameterError."""
    return [strategy_of(part, spec.period.length_ms) for part in spec.parts]


def strategy_of(part: StrategyPart, bar_ms: int) -> Strategy[Any]:
    kind = class_of(part)
    strategy: Strategy[Any] = kind(parse_parameters(kind.parameters_class, part.parameters))
    if problems := problems_of(strategy.indicator_names(), bar_ms):
        raise SpecWrong(problems[0] if len(problems) == 1 else "; ".join(problems))
    return strategy


def source_at(path: Path | str) -> StrategySource:
    """A file that somebody named by its path. Raises SpecWrong."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise SpecWrong(
            Said("{path_name} is neither a Python file (.py) nor a document of rules (.yaml)", path_name=path.name)
        )
    try:
        return read_source(path.parent, path.stem, suffix=path.suffix)
    except SourceUnreadable as error:
        raise SpecWrong(said_by(error)) from error


def part_of_file(path: Path | str, **more: Any) -> StrategyPart:
    """A part that runs a person's own file, as it is now. Raises SpecWrong."""
    source = source_at(path)
    return StrategyPart(FILE_KEY + Path(source.file_name).stem, source=source, **more)


@lru_cache(_KEPT)
def _class_of_source(source: StrategySource) -> type[Strategy[Any]]:
    try:
        return load(Load(0, "", source.file_name, source.text))
    except (NotAStrategy, RulesUnreadable) as error:
        raise SpecWrong(Said("{file_name}: {error}", file_name=source.file_name, error=error)) from error
    except SyntaxError as error:
        raise SpecWrong(
            Said(
                "{file_name}, line {lineno}: it is no Python: {msg}",
                file_name=source.file_name,
                lineno=error.lineno,
                msg=error.msg,
            )
        ) from error
