"""Candlestick patterns: all of TA-Lib's, by name, with the candles that make them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from qts.quant.patterns.chart import Pattern
from qts.quant.ta_lib import library

PREFIX: Final = "cdl_"
FULL: Final = 100.0
# A function looks at ten candles for what is usual, and at five for its own at most; some remember one more.
CANDLES_ENOUGH: Final = 40
_ONE: Final = (
    "belthold closingmarubozu doji dragonflydoji gravestonedoji hammer hangingman highwave invertedhammer "
    "longleggeddoji longline marubozu rickshawman shootingstar shortline spinningtop takuri"
)
_TWO: Final = (
    "counterattack darkcloudcover dojistar engulfing harami haramicross homingpigeon inneck kicking kickingbylength "
    "matchinglow onneck piercing separatinglines thrusting"
)
_FOUR: Final = "3linestrike concealbabyswall hikkakemod"
_FIVE: Final = "breakaway ladderbottom mathold risefall3methods"
_CANDLES: Final[Mapping[str, int]] = {
    name: count for count, names in ((1, _ONE), (2, _TWO), (4, _FOUR), (5, _FIVE)) for name in names.split()
}
_THREE: Final = 3  # all others
# Shapes of a single candle that say nothing of direction and are seen on every other bar.
_SEEN_EVERYWHERE: Final = (
    "belthold closingmarubozu doji dragonflydoji gravestonedoji highwave longleggeddoji longline rickshawman "
    "shortline spinningtop takuri"
)
COMMONPLACE: Final = frozenset(PREFIX + name for name in _SEEN_EVERYWHERE.split())


@cache
def candle_patterns_known() -> Mapping[str, str]:
    """Name, as strategies and events have it, to TA-Lib's function; in the order of names."""
    functions = library().get_function_groups()["Pattern Recognition"]
    return {PREFIX + one.removeprefix("CDL").lower(): one for one in sorted(functions)}


def candle_count(name: str) -> int:
    """Of how many candles the pattern is made."""
    return _CANDLES.get(name.removeprefix(PREFIX), _THREE)


def candle_patterns(ts_start_ms: Any, columns: Sequence[Any], *, since: int = 0) -> list[Pattern]:
    """What the bars from number `since` on complete, in order; `columns` are open, high, low, close, and may be more.

    Nothing is found across a bar without prices: TA-Lib is asked on each side of it.
    """
    starts = np.asarray(ts_start_ms, dtype=np.int64)
    prices = [np.ascontiguousarray(column, dtype=np.float64) for column in columns[:4]]
    found = [one for part in _sound_parts(prices) for one in _found_in(part, starts, prices, since)]
    return sorted(found, key=lambda one: (one.place, one.name))


def _sound_parts(prices: Sequence[Any]) -> Iterator[slice]:
    opened, high, low, closed = prices
    inside = (low > 0) & (low <= np.minimum(opened, closed)) & (np.maximum(opened, closed) <= high) & (high < np.inf)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, end)


def _found_in(part: slice, starts: Any, prices: Sequence[Any], since: int) -> Iterator[Pattern]:
    inputs = [column[part] for column in prices]
    closes = prices[3]
    for name, function in candle_patterns_known().items():
        told = getattr(library(), function)(*inputs)
        for place in (np.flatnonzero(told) + part.start).tolist():
            if place < since:
                continue
            value = int(told[place - part.start])
            candles = range(max(part.start, place - candle_count(name) + 1), place + 1)
            yield Pattern(
                name=name,
                direction=1 if value > 0 else -1,
                place=place,
                ts_ms=int(starts[place]),
                level=float(closes[place]),
                target=None,
                strength=min(1.0, abs(value) / FULL),
                points=tuple((int(starts[at]), float(closes[at])) for at in candles),
            )
