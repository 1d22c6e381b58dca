"""What a rule asks of a moment: `rsi_14 < 30`, `ema_9 crosses above ema_21`, `time between 09:20 and 14:20`.

A condition knows three answers. None is "cannot be told": a value that is not there yet, or that nobody has computed. A
rule acts on True alone, so what is missing never makes an order; sources beside the chart that are not there
(`prediction_…`, `sentiment_…`) are left out of the question instead, so that a rule goes on without them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final, NamedTuple, Protocol

from qts.domain.errors import Said
from qts.domain.market import to_vietnam
from qts.domain.strategy.interface import Bar

PRICES: Final = ("open", "high", "low", "close", "volume")
OF_THE_POSITION: Final = ("position", "bars_held", "profit_percent")
BESIDE_THE_CHART: Final = ("prediction_", "sentiment_")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_NAME: Final = re.compile(r"[a-z][a-z0-9_.@]*")
_COMPARISON: Final = re.compile(r"(\S+)\s*(<=|>=|!=|<|>|=)\s*(\S+)")
_CROSSING: Final = re.compile(r"(\S+)\s+crosses\s+(above|below)\s+(\S+)")
_TIME: Final = re.compile(r"time\s+between\s+(\d{1,2}:\d{2})\s+and\s+(\d{1,2}:\d{2})")


class ConditionWrong(ValueError):
    """Why a text is no condition, in one sentence."""


class Moment(NamedTuple):
    """A closed bar with the values after it, and those after the bar before (prices of both bars among them)."""

    bar: Bar
    values: Mapping[str, float]
    before: Mapping[str, float]

    def local_time(self) -> time:
        """At which the bar began, in Vietnam."""
        return to_vietnam(datetime.fromtimestamp(self.bar.ts_start_ms / 1_000, UTC)).time()


class Condition(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it reads, prices and those of the position among them."""

    def holds(self, moment: Moment) -> bool | None: ...

    def told(self, moment: Moment) -> str:
        """With the numbers that it met."""


@dataclass(frozen=True, slots=True)
class Comparison:
    left: str
    sign: str
    right: str

    @property
    def text(self) -> str:
        return f"{self.left} {self.sign} {self.right}"

    @property
    def names(self) -> tuple[str, ...]:
        return _names(self.left, self.right)

    def holds(self, moment: Moment) -> bool | None:
        left, right = operand_value(self.left, moment.values), operand_value(self.right, moment.values)
        return None if left is None or right is None else _SIGNS[self.sign](left, right)

    def told(self, moment: Moment) -> str:
        return f"{_told(self.left, moment.values)} {self.sign} {_told(self.right, moment.values)}"


@dataclass(frozen=True, slots=True)
class Crossing:
    """Was on the other side of it, or on it, after the bar before, and is beyond it now."""

    left: str
    upwards: bool
    right: str

    @property
    def text(self) -> str:
        return f"{self.left} crosses {'above' if self.upwards else 'below'} {self.right}"

    @property
    def names(self) -> tuple[str, ...]:
        return _names(self.left, self.right)

    def holds(self, moment: Moment) -> bool | None:
        now = _difference(self.left, self.right, moment.values)
        before = _difference(self.left, self.right, moment.before)
        if now is None or before is None:
            return None
        return before <= 0 < now if self.upwards else before >= 0 > now

    def told(self, moment: Moment) -> str:
        left, right = _told(self.left, moment.values), _told(self.right, moment.values)
        return f"{left} crosses {'above' if self.upwards else 'below'} {right}"


@dataclass(frozen=True, slots=True)
class TimeBetween:
    """From the first minute, included, until the last, excluded."""

    start: time
    end: time

    @property
    def text(self) -> str:
        return f"time between {self.start:%H:%M} and {self.end:%H:%M}"

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    def holds(self, moment: Moment) -> bool | None:
        return self.start <= moment.local_time() < self.end

    def told(self, moment: Moment) -> str:
        return f"{moment.local_time():%H:%M} is {self.text}"


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `not any` of its members. Members that ask what is beside the chart and not there do not count;
    a group without a member that counts cannot be told."""

    kind: str
    members: "tuple[Condition | Group, ...]"

    @property
    def text(self) -> str:
        return f"{self.kind} of ({'; '.join(member.text for member in self.members)})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for member in self.members for name in member.names))

    def holds(self, moment: Moment) -> bool | None:
        answers = [member.holds(moment) for member in self.members if not _is_left_out(member, moment)]
        if not answers:
            return None
        if self.kind == "all":
            return False if False in answers else (None if None in answers else True)
        found = True if True in answers else (None if None in answers else False)
        return found if self.kind == "any" or found is None else not found

    def told(self, moment: Moment) -> str:
        """The members that made it hold."""
        wanted = self.kind != "not"
        return "; ".join(member.told(moment) for member in self.members if member.holds(moment) is wanted)


_SIGNS: Final = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


def parse_condition(text: str) -> Condition:
    """Raises ConditionWrong."""
    cleaned = " ".join(text.split())
    if match := _TIME.fullmatch(cleaned):
        return TimeBetween(*_times(*match.groups()))
    if match := _CROSSING.fullmatch(cleaned):
        left, way, right = match.groups()
        return Crossing(_operand(left), way == "above", _operand(right))
    if match := _COMPARISON.fullmatch(cleaned):
        left, sign, right = match.groups()
        return Comparison(_operand(left), sign, _operand(right))
    raise ConditionWrong(
        Said(
            "{text!r} is no condition: write 'rsi_14 < 30', 'ema_9 crosses above ema_21' or "
            "'time between 09:20 and 14:20'",
            text=cleaned,
        )
    )


def _operand(text: str) -> str:
    if _NUMBER.fullmatch(text) or _NAME.fullmatch(text):
        return text
    raise ConditionWrong(Said("{text!r} is neither a number nor a name", text=text))


def _times(*texts: str) -> tuple[time, time]:
    try:
        start, end = (time(int(text.partition(":")[0]), int(text.partition(":")[2])) for text in texts)
    except ValueError as error:
        raise ConditionWrong(Said("{names} are no two times of day", names=" and ".join(texts))) from error
    if start >= end:
        raise ConditionWrong(Said("{start} is not before {end}", start=f"{start:%H:%M}", end=f"{end:%H:%M}"))
    return start, end


def _names(*operands: str) -> tuple[str, ...]:
    return tuple(one for one in operands if not _NUMBER.fullmatch(one))


def operand_value(operand: str, values: Mapping[str, float]) -> float | None:
    """Of a number itself, of a name what is known of it."""
    return float(operand) if _NUMBER.fullmatch(operand) else values.get(operand)


def _difference(left: str, right: str, values: Mapping[str, float]) -> float | None:
    first, second = operand_value(left, values), operand_value(right, values)
    return None if first is None or second is None else first - second


def _told(operand: str, values: Mapping[str, float]) -> str:
    if _NUMBER.fullmatch(operand):
        return operand
    value = values.get(operand)
    return f"{operand} ?" if value is None else f"{operand} {value:,.6g}"


def _is_left_out(member: Condition | Group, moment: Moment) -> bool:
    return any(name.startswith(BESIDE_THE_CHART) and name not in moment.values for name in member.names)
