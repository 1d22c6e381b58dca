"""Which code the parts of a backtest run: the text of a version that was taken in, never what somebody sends."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from apps.strategies import selectors
from apps.strategies.services.refusals import BacktestRefused
from qts.backtest.study import source_json
from qts.domain.errors import Said
from qts.domain.strategy import Parameter, check_parameters


class BacktestParts(NamedTuple):
    """`told` as a study reads it; `described` are the parameters of each part that is a person's file."""

    told: Sequence[Mapping[str, Any]]
    described: Sequence[Sequence[Parameter]]


def backtest_parts(asked: Iterable[Mapping[str, Any]]) -> BacktestParts:
    """With the text of each file, of the version that was asked for or the newest. Raises BacktestRefused, and
    ParameterError for what the file said when it was taken in that it does not take."""
    told, described, strangers = [], [], []
    allowed = {one.key for one in selectors.backtest_strategies()}
    for one in asked:
        part = {name: one[name] for name in ("strategy", "parameters", "symbols", "policy") if name in one}
        key, version = str(one.get("strategy")), str(one.get("version") or "")
        if key not in allowed:
            strangers.append(f"There is no strategy {key!r}.")
        elif selectors.is_file(key):
            part["source"], parameters = _file(key, version)
            check_parameters(parameters, part.get("parameters", {}))
            described.append(parameters)
        elif version:
            strangers.append(f"{key} comes with QTS and has no versions.")
        told.append(part)
    if strangers:
        raise BacktestRefused(list(dict.fromkeys(strangers)))
    return BacktestParts(told, described)


def _file(key: str, version: str) -> tuple[dict[str, str], Sequence[Parameter]]:
    try:
        code = selectors.code_of(key, version)
    except KeyError:
        raise BacktestRefused([Said("There is no version {version} of {key}.", version=version[:8], key=key)]) from None
    if code.source is None:
        raise BacktestRefused([Said("There is no text of {key}.", key=key)])
    return source_json(code.source), code.parameters
