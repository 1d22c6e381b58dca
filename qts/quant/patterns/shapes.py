"""Which chart patterns the last swings make. Nothing here is a signal yet: a shape is complete when a close leaves it.

Written once for patterns that end upwards; those that end downwards are the same with prices below zero. The shapes are
those of R. Edwards and J. Magee, Technical Analysis of Stock Trends (1948), who also give the measured targets, made
exact as in A. Lo, H. Mamaysky and J. Wang, Foundations of Technical Analysis, Journal of Finance 55 (2000): by the
order and likeness of five or six turning points. They take heights as alike within 1.5 % of daily prices; a minute's
pattern is smaller than that as a whole, so here likeness is measured against the pattern's own height.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from qts.quant.patterns.swings import Line, Swing, same_side

DOUBLE: Final = {1: "double_bottom", -1: "double_top"}
HEAD_AND_SHOULDERS: Final = {1: "inverse_head_and_shoulders", -1: "head_and_shoulders"}
LEVEL: Final = {1: "support", -1: "resistance"}
TRIANGLES: Final = ("ascending_triangle", "descending_triangle", "symmetrical_triangle")
BREAKOUT: Final = "breakout"
CHART_PATTERNS: Final = (*DOUBLE.values(), *HEAD_AND_SHOULDERS.values(), *TRIANGLES, *LEVEL.values(), BREAKOUT)
SWINGS_KEPT: Final = 12

ALIKE: Final = 0.2  # of the pattern's height: so far apart two bottoms, shoulders or touches of a line may be
SHOULDER_MAX: Final = 0.7  # of the head's height; a higher one makes a triple bottom
SPAN_RATIO_MAX: Final = 2.5  # between the two halves of a head and shoulders
CLOSED_IN: Final = 0.75  # of its width at the beginning: a triangle's at its last swing
LEFT_BY: Final = ALIKE / 2  # of its width: a line through two points is no more exact than that
TOUCHES_MIN: Final = 3
LEVEL_KEPT_BARS: Final = 120


class Forming(NamedTuple):
    """A shape that waits for a close beyond `line` by more than `margin` in its direction."""

    name: str
    direction: int
    line: Line
    margin: float
    height: float
    likeness: float  # 0 (just alike enough) to 1 (the same)
    points: tuple[Swing, ...]
    fails_at: float  # a close beyond it on the other side ends it
    last_place: int

    def is_broken_by(self, place: int, close: float) -> bool:
        return self.direction * (close - self.line.at(place)) > self.margin

    def has_failed(self, place: int, close: float) -> bool:
        return place > self.last_place or self.direction * (close - self.fails_at) < 0


class Level(NamedTuple):
    """A price from which the market turned at least three times, and never closed a swing beyond it in between."""

    direction: int  # 1 a support, -1 a resistance
    price: float
    far_side: float  # how far it went the other way in between
    likeness: float
    points: tuple[Swing, ...]


def forming(swings: Sequence[Swing]) -> list[Forming]:
    """What the newest swing is the last of. A new swing replaces all of it."""
    direction = -1 if swings[-1].is_high else 1
    found = [_double(swings[-4:], direction), _head_and_shoulders(swings[-6:], direction)]
    return [one for one in found if one is not None] + list(_triangles(swings[-5:]))


def _double(swings: Sequence[Swing], direction: int) -> Forming | None:
    if len(swings) < 4:
        return None
    before, first, neck, second = (direction * one.price for one in swings)
    height = neck - min(first, second)
    apart = abs(first - second) / height
    if apart > ALIKE or before - first < height:
        return None
    span = swings[3].place - swings[1].place
    return Forming(
        name=DOUBLE[direction],
        direction=direction,
        line=Line.level(swings[2].price),
        margin=0.0,
        height=height,
        likeness=1 - apart / ALIKE,
        points=tuple(swings[1:]),
        fails_at=direction * min(first, second),
        last_place=swings[3].place + span,
    )


def _head_and_shoulders(swings: Sequence[Swing], direction: int) -> Forming | None:
    if len(swings) < 6:
        return None
    before, left, _, head, _, right = (direction * one.price for one in swings)
    neckline = Line.through(swings[2], swings[4])
    height = direction * neckline.at(swings[3].place) - head
    shoulders = [direction * neckline.at(swings[at].place) - price for at, price in ((1, left), (5, right))]
    if height <= 0 or max(shoulders) > SHOULDER_MAX * height or min(shoulders) <= 0:
        return None
    apart = max(abs(left - right), abs(swings[2].price - swings[4].price)) / height
    first_half, second_half = swings[3].place - swings[1].place, swings[5].place - swings[3].place
    is_lopsided = max(first_half, second_half) > SPAN_RATIO_MAX * min(first_half, second_half)
    if apart > ALIKE or is_lopsided or before - left < max(shoulders):
        return None
    return Forming(
        name=HEAD_AND_SHOULDERS[direction],
        direction=direction,
        line=neckline,
        margin=0.0,
        height=height,
        likeness=1 - apart / ALIKE,
        points=tuple(swings[1:]),
        fails_at=direction * min(left, right),
        last_place=swings[5].place + second_half,
    )


def _triangles(swings: Sequence[Swing]) -> Iterator[Forming]:
    """Two lines that close in on each other, one touched three times; which of them breaks is open."""
    if len(swings) < 5:
        return
    first, second, third, fourth, fifth = swings
    outer, inner = Line.through(first, fifth), Line.through(second, fourth)
    width, last_width = (abs(outer.price_gap(inner, one.place)) for one in (first, fifth))
    side = 1 if first.is_high else -1
    gap = side * outer.price_gap(inner, fifth.place)
    apart = abs(outer.at(third.place) - third.price) / width if width else 1.0
    if apart > ALIKE or gap <= 0 or last_width > CLOSED_IN * width:
        return
    span = fifth.place - first.place
    apex = fifth.place + last_width / ((width - last_width) / span)
    upper, lower = (outer, inner) if first.is_high else (inner, outer)
    name = _triangle_name(upper.slope * span / width, lower.slope * span / width)
    if name is None:
        return
    for direction, line, other in ((1, upper, lower), (-1, lower, upper)):
        yield Forming(
            name=name,
            direction=direction,
            line=line,
            margin=LEFT_BY * width,
            height=width,
            likeness=1 - apart / ALIKE,
            points=tuple(swings),
            fails_at=other.at(fifth.place),
            last_place=int(apex),
        )


def _triangle_name(upper_rise: float, lower_rise: float) -> str | None:
    """By how far each line rises over the pattern, in its widths; None where both go the same way (a wedge)."""
    is_upper_flat, is_lower_flat = abs(upper_rise) <= ALIKE, abs(lower_rise) <= ALIKE
    if is_upper_flat and lower_rise > ALIKE:
        return TRIANGLES[0]
    if is_lower_flat and upper_rise < -ALIKE:
        return TRIANGLES[1]
    return TRIANGLES[2] if upper_rise < -ALIKE and lower_rise > ALIKE else None


def level_at(swings: Sequence[Swing], tolerance: float) -> Level | None:
    """The level that the newest swing has touched, if it is at least the third and no swing went beyond since."""
    newest = swings[-1]
    direction = -1 if newest.is_high else 1
    touches: list[Swing] = []
    for one in reversed(same_side(swings, is_high=newest.is_high)):
        above = direction * (one.price - newest.price)
        if above < -tolerance:
            break
        if above <= tolerance:
            touches.insert(0, one)
    if len(touches) < TOUCHES_MIN:
        return None
    prices = [one.price for one in touches]
    between = [one.price for one in same_side(swings, is_high=not newest.is_high) if one.place > touches[0].place]
    return Level(
        direction=direction,
        price=sum(prices) / len(prices),
        far_side=max(between) if direction == 1 else min(between),
        likeness=1 - (max(prices) - min(prices)) / (2 * tolerance),
        points=tuple(touches),
    )


def broken_level(level: Level, tolerance: float) -> Forming:
    """The way out of the range between the level and the far side, through the level."""
    return Forming(
        name=BREAKOUT,
        direction=-level.direction,
        line=Line.level(level.price),
        margin=tolerance,
        height=abs(level.far_side - level.price),
        likeness=level.likeness,
        points=level.points,
        fails_at=level.far_side,
        last_place=level.points[-1].place + LEVEL_KEPT_BARS,
    )
