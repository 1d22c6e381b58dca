"""The turning points of a series of bars: a zig-zag whose swings are larger than its noise.

A swing's end is known only when the price has come back from it by the threshold. Until then it may go further, so
nothing here speaks of an end before the bar that confirms it.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self


class Swing(NamedTuple):
    """The end of a swing, at the bar numbered `place` that began at `ts_ms`."""

    place: int
    ts_ms: int
    price: float
    is_high: bool


UNKNOWN: Final = 0
UP: Final = 1
DOWN: Final = -1


class ZigZag:
    """Fed bar by bar. Within one bar nobody knows whether its high or its low came first: a bar that goes further in
    its swing's direction does not end it as well."""

    __slots__ = ("_bottom", "_leg", "_top")

    def __init__(self) -> None:
        self._leg = UNKNOWN
        self._top: Swing | None = None  # in a rise its highest point, in a fall the highest since its lowest
        self._bottom: Swing | None = None

    def take(self, bar: tuple[int, int, float, float], threshold: float | None) -> Swing | None:
        """The swing's end that the bar (place, start, high, low) confirms, if any; nothing without a threshold."""
        place, ts_ms, high, low = bar
        top, bottom = self._top, self._bottom
        goes_up = top is None or high > top.price
        goes_down = bottom is None or low < bottom.price
        if goes_up and self._leg != DOWN:
            self._top = Swing(place, ts_ms, high, is_high=True)
            if self._leg == UP:
                self._bottom = None
                return None
        if goes_down and self._leg != UP:
            self._bottom = Swing(place, ts_ms, low, is_high=False)
            if self._leg == DOWN:
                self._top = None
                return None
        if self._leg == UP and goes_down:
            self._bottom = Swing(place, ts_ms, low, is_high=False)
        elif self._leg == DOWN and goes_up:
            self._top = Swing(place, ts_ms, high, is_high=True)
        return None if threshold is None else self._turned(threshold)

    def copy(self) -> Self:
        twin = type(self)()
        twin._leg, twin._top, twin._bottom = self._leg, self._top, self._bottom
        return twin

    def _turned(self, threshold: float) -> Swing | None:
        top, bottom = self._top, self._bottom
        if top is None or bottom is None or top.place == bottom.place or top.price - bottom.price < threshold:
            return None
        if self._leg == UP or (self._leg == UNKNOWN and bottom.place > top.place):
            self._leg = DOWN
            self._top = None
            return top
        self._leg = UP
        self._bottom = None
        return bottom


class Line(NamedTuple):
    """A straight line over the bars' numbers: a lunch break or a night is one step like any other."""

    place: int
    price: float
    slope: float

    @classmethod
    def through(cls, first: Swing, last: Swing) -> Self:
        return cls(first.place, first.price, (last.price - first.price) / (last.place - first.place))

    @classmethod
    def level(cls, price: float) -> Self:
        return cls(0, price, 0.0)

    def at(self, place: float) -> float:
        return self.price + self.slope * (place - self.place)

    def price_gap(self, other: "Line", place: float) -> float:
        """How far this line is above the other."""
        return self.at(place) - other.at(place)


def same_side(swings: Iterable[Swing], *, is_high: bool) -> list[Swing]:
    return [one for one in swings if one.is_high == is_high]
