"""What an indicator's name says: `function_number_number_output`, in TA-Lib's order of parameters and words.

`sma_7`, `bbands_20_2_upper`, `stoch_14_3_0_3_0_slowd`, `cdlhammer`; numbers that are left out are TA-Lib's defaults. A
function of one price takes the close, or what is named after `_of_`: `sma_20_of_volume`. Candlestick patterns may be
written apart, `cdl_hammer`; `pattern_double_bottom` is a chart pattern of our own. What stands after `@` is the length
of the bars that it is computed from: `sma_20@15m`, `rsi_14@1d`.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from qts.domain.errors import Said, said_by
from qts.domain.market import MINUTE_MS, Timeframe
from qts.quant.patterns import CHART_PATTERNS, RANGE_BARS, PatternStream, pattern_columns
from qts.quant.ta_lib import library

COLUMNS: Final = ("open", "high", "low", "close", "volume")
# Published for every symbol, whoever asks; the last three are older than the rule of names.
STANDARD_NAMES: Final = (
    *("sma_5", "sma_20", "ema_12", "ema_26", "rsi_14"),
    *("macd", "macd_signal", "macd_hist"),
    *("bb_upper", "bb_middle", "bb_lower"),
)
HISTORY_BARS_MAX: Final = 5_000
_ALIASES: Final = {f"bb_{side}": f"bbands_20_2_{side}" for side in ("upper", "middle", "lower")}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_SOURCE: Final = "_of_"
_TIMEFRAME: Final = "@"
_CHART: Final = "pattern_"
_CANDLE: Final = "cdl"
CHART_STUDY: Final = "chart patterns"
# After so many periods N a recursive average has forgotten its start: (1 - 2/(N + 1))^(18 N), and (1 - 1/N)^(36 N) for
# those of Wilder's kind, are less than a float shows.
_PERIODS_REMEMBERED: Final = 18
_PERIODS_REMEMBERED_WILDER: Final = 36
_WILDER: Final = frozenset(
    "RSI STOCHRSI CMO ATR NATR ADX ADXR DX PLUS_DI MINUS_DI PLUS_DM MINUS_DM KAMA".split()  # noqa: SIM905
)
_WARM_UP_BARS_MIN: Final = 500


class IndicatorUnknown(ValueError):
    """Why nobody can compute an indicator of that name, in one sentence."""


@dataclass(frozen=True, slots=True)
class Study:
    """One function with all that it is given; `inputs` are positions in COLUMNS."""

    function: str
    parameters: tuple[tuple[str, float], ...]
    inputs: tuple[int, ...]
    lookback: int

    def over(self, columns: Sequence[Any]) -> tuple[Any, ...]:
        """Over whole columns at once."""
        function = pattern_columns if self.function == CHART_STUDY else getattr(library(), self.function)
        given = function(*[columns[column] for column in self.inputs], **dict(self.parameters))
        return given if isinstance(given, tuple) else (given,)

    def stream(self, columns: Sequence[Any]) -> Any:
        """Open at the end of these columns. Raises TA-Lib's InsufficientHistory where they are too short."""
        function = PatternStream if self.function == CHART_STUDY else getattr(library().stream, self.function)
        return function(*[columns[column] for column in self.inputs], **dict(self.parameters))


@dataclass(frozen=True, slots=True)
class Indicator:
    """One output of a study; `timeframe` is None where it is of the bars as they come."""

    study: Study
    output: int
    timeframe: Timeframe | None = None


_CHART_STUDY: Final = Study(CHART_STUDY, (), (1, 2, 3, 4), RANGE_BARS)


@cache
def parse_indicator(name: str, bar_ms: int = MINUTE_MS) -> Indicator:
    """What it means where the bars that come are `bar_ms` long. Raises IndicatorUnknown."""
    plain, separator, length = name.partition(_TIMEFRAME)
    timeframe = _timeframe(name, length, bar_ms) if separator else None
    if plain.startswith(_CHART):
        return Indicator(_CHART_STUDY, _chart_pattern(name, plain.removeprefix(_CHART)), timeframe)
    study, output = _parsed(name, _ALIASES.get(plain, plain))
    return Indicator(study, output, timeframe)


def _timeframe(name: str, length: str, bar_ms: int) -> Timeframe | None:
    known = {one.value: one for one in Timeframe}
    if length not in known:
        raise IndicatorUnknown(Said("{name!r}: the bars after @ are one of {names}", name=name, names=", ".join(known)))
    timeframe = known[length]
    if timeframe.length_ms < bar_ms:
        raise IndicatorUnknown(
            Said("{name!r} needs bars of {length}; those that there are, are longer", name=name, length=length)
        )
    return None if timeframe.length_ms == bar_ms else timeframe


def _chart_pattern(name: str, kind: str) -> int:
    if kind in CHART_PATTERNS:
        return CHART_PATTERNS.index(kind)
    raise IndicatorUnknown(
        Said("Nobody looks for {name!r}; the chart patterns are {names}", name=name, names=", ".join(CHART_PATTERNS))
    )


def _parsed(name: str, whole: str) -> tuple[Study, int]:
    text, separator, source = whole.partition(_SOURCE)
    function, words = _function(name, text)
    described = _described(function)
    numbers = []
    while words and _NUMBER.fullmatch(words[0]):
        numbers.append(words.pop(0))
    parameters = _parameters(name, described, numbers)
    inputs = _inputs(name, described, source if separator else "")
    output = _output(name, described, "_".join(words))
    lookback = _lookback(name, function, parameters, len(inputs))
    return Study(function, tuple(parameters.items()), inputs, lookback), output


@dataclass(frozen=True, slots=True)
class Described:
    """A function that names may begin with: its numbers with their defaults, its words for outputs, what it is of."""

    function: str
    title: str
    numbers: tuple[tuple[str, float], ...]
    outputs: tuple[str, ...]
    columns: tuple[str, ...]


def lies_on_prices(name: str) -> bool:
    """Whether its values are prices, to be drawn among the candles. Raises IndicatorUnknown."""
    study = parse_indicator(name).study
    groups = library().get_function_groups()
    of_prices = {*groups["Overlap Studies"], *groups["Price Transform"]}
    return study.function in of_prices and COLUMNS.index("volume") not in study.inputs


def catalogue() -> list[Described]:
    """All that can be asked for, by name."""
    found = []
    for function in sorted(library().get_functions()):
        described = _described(function)
        columns = _columns(described)
        if set(columns) <= set(COLUMNS):
            numbers = tuple(described.parameters.items())
            title = described.info["display_name"]
            found.append(Described(function.lower(), title, numbers, tuple(_words(described)), tuple(columns)))
    return found


def problems_of(names: Iterable[str], bar_ms: int = MINUTE_MS) -> list[str]:
    """One sentence for each name that means nothing where bars are `bar_ms` long."""
    found = []
    for name in names:
        try:
            parse_indicator(name, bar_ms)
        except IndicatorUnknown as error:
            found.append(said_by(error))
    return found


def warm_up_bars(names: Iterable[str]) -> int:
    """So many bars before the first, each of its own length, and these indicators are what they would be after all of
    history.

    Only sums without an end (obv, ad) begin anew: their level means nothing, their changes do.
    """
    wanted = _WARM_UP_BARS_MIN
    for name in names:
        study = parse_indicator(name).study
        longest = max((number for _, number in study.parameters), default=0)
        periods = _PERIODS_REMEMBERED_WILDER if study.function in _WILDER else _PERIODS_REMEMBERED
        wanted = max(wanted, study.lookback + 1 + round(longest) * periods)
    return min(wanted, HISTORY_BARS_MAX)


def _function(name: str, text: str) -> tuple[str, list[str]]:
    """The longest beginning that is a function's name, and the words after it."""
    known = {function.lower(): function for function in library().get_functions()}
    words = text.split("_")
    for count in range(len(words), 0, -1):
        together = "" if words[0] == _CANDLE else "_"
        if found := known.get(together.join(words[:count])):
            return found, words[count:]
    close = difflib.get_close_matches(words[0].lower(), known, n=3)
    if close:
        raise IndicatorUnknown(
            Said("Nobody computes {name!r}; did you mean {names}?", name=name, names=", ".join(close))
        )
    raise IndicatorUnknown(Said("Nobody computes {name!r}; its first part is no function of TA-Lib", name=name))


def _described(function: str, **parameters: float) -> Any:
    from talib import abstract

    made: Any = abstract
    return made.Function(function, **parameters)


def _parameters(name: str, described: Any, numbers: list[str]) -> dict[str, float]:
    parameters: dict[str, float] = dict(described.parameters)
    if len(numbers) > len(parameters):
        takes = ", ".join(parameters) or "no numbers"
        raise IndicatorUnknown(
            Said(
                "{name!r} has {count} numbers; {function} takes {takes}",
                name=name,
                count=len(numbers),
                function=described.info["name"],
                takes=takes,
            )
        )
    for (parameter, default), number in zip(parameters.items(), numbers, strict=False):
        if isinstance(default, int) and "." in number:
            raise IndicatorUnknown(Said("{name!r}: {parameter} is a whole number", name=name, parameter=parameter))
        parameters[parameter] = int(number) if isinstance(default, int) else float(number)
    if described.info["name"] == "BBANDS" and len(numbers) == 2:  # one distance is meant for both sides
        parameters["nbdevdn"] = parameters["nbdevup"]
    return parameters


def _inputs(name: str, described: Any, source: str) -> tuple[int, ...]:
    columns = _columns(described)
    if source:
        if len(columns) != 1 or source not in COLUMNS:
            raise IndicatorUnknown(
                Said(
                    "{name!r}: a function of one price is taken of one of {names}", name=name, names=", ".join(COLUMNS)
                )
            )
        columns = [source]
    if not set(columns) <= set(COLUMNS):
        raise IndicatorUnknown(
            Said(
                "{name!r}: {function} needs a series that is not of the bars",
                name=name,
                function=described.info["name"],
            )
        )
    return tuple(COLUMNS.index(column) for column in columns)


def _columns(described: Any) -> list[str]:
    columns: list[str] = []
    for series in described.input_names.values():
        columns += series if isinstance(series, list) else [series]
    return columns


def _words(described: Any) -> list[str]:
    """What a name may end in, one for each output; nothing where the function's name says it all."""
    if len(described.output_names) == 1:
        return [""]
    prefix = described.info["name"].lower()
    return [output.removesuffix("band").removeprefix(prefix) for output in described.output_names]


def _output(name: str, described: Any, word: str) -> int:
    """`upper` and `upperband`, `signal` and `macdsignal`; an output that is named as its function needs no word."""
    short = _words(described)
    for position, output in enumerate(described.output_names):
        if word in (output, short[position]):
            return position
    words = ", ".join(one or "nothing" for one in short)
    raise IndicatorUnknown(
        Said(
            "{name!r} has to end in {words}: that is what {function} gives",
            name=name,
            words=words,
            function=described.info["name"],
        )
    )


def _lookback(name: str, function: str, parameters: dict[str, float], input_count: int) -> int:
    nothing = [np.ones(2)] * input_count
    try:
        getattr(library(), function)(*nothing, **parameters)
    except Exception as error:  # TA-Lib raises nothing more special for a number out of its bounds
        given = ", ".join(f"{parameter} {number:g}" for parameter, number in parameters.items())
        raise IndicatorUnknown(
            Said("{name!r}: TA-Lib does not take {given} for {function}", name=name, given=given, function=function)
        ) from error
    lookback = int(_described(function, **parameters).lookback)
    if lookback >= HISTORY_BARS_MAX:
        raise IndicatorUnknown(
            Said(
                "{name!r} needs {needed:,} bars; at most {history_bars_max:,} are looked at",
                name=name,
                needed=lookback + 1,
                history_bars_max=HISTORY_BARS_MAX,
            )
        )
    return lookback
