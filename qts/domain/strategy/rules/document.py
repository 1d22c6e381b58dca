"""A strategy as a document: what it enters on, what it leaves on, how much it holds. No code is run to read one.

title: Dips in an up-trend
enter:
  all:
    - rsi_14 < 30
    - close > sma_200
    - time between 09:20 and 14:20
leave:
  any:
    - rsi_14 > 65
    - profit_percent <= -3
size: {method: fixed, quantity: 300}
wait_bars: 5
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from qts.domain.strategy.rules.conditions import (
    BESIDE_THE_CHART,
    OF_THE_POSITION,
    PRICES,
    ConditionWrong,
    Group,
    parse_condition,
)

KINDS: Final = ("all", "any", "not")
DEPTH_MAX: Final = 4
CONDITIONS_MAX: Final = 50
TITLE_CHARACTERS_MAX: Final = 80
NUMBER_MAX: Final = 10_000_000
ATR_NAME: Final = "atr_14"  # what a size by volatility is measured with
_FIELDS: Final = frozenset({"title", "enter", "leave", "size", "wait_bars"})
# Each way of sizing with the numbers that it takes: least, most.
SIZES: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "fixed": {"quantity": (1, NUMBER_MAX)},
    "percent_of_equity": {"percent": (1, 100)},
    "volatility_target": {"risk_bps": (1, 1_000), "atrs": (1, 20), "percent_of_equity_max": (1, 100)},
    "kelly": {"win_percent": (1, 99), "payoff_percent": (1, 10_000), "percent_of_equity_max": (1, 100)},
}


class DocumentWrong(ValueError):
    """What is wrong with a document: a sentence each, by the place in it (`enter.all[2]`)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(f"{place}: {what}." for place, what in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Size:
    """How much to hold while in. `numbers` as SIZES names them."""

    method: str
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`wait_bars`: so many bars after it has left it does not enter again."""

    title: str
    enter: Group
    leave: Group
    size: Size
    wait_bars: int = 0

    @property
    def indicator_names(self) -> tuple[str, ...]:
        """Those that have to be computed: neither prices nor its own position nor what stands beside the chart."""
        names = dict.fromkeys((*self.enter.names, *self.leave.names))
        if self.size.method == "volatility_target":
            names[ATR_NAME] = None
        known = {*PRICES, *OF_THE_POSITION}
        return tuple(name for name in names if name not in known and not name.startswith(BESIDE_THE_CHART))


def parse_document(given: object) -> RuleSet:
    """From what a YAML or JSON file holds. Raises DocumentWrong with all that is wrong."""
    if not isinstance(given, Mapping):
        raise DocumentWrong([("document", "it is no mapping of title, enter, leave and size")])
    problems = [("document", f"{name!r} means nothing here") for name in given if name not in _FIELDS]
    problems += [(name, "it is missing") for name in ("title", "enter", "leave", "size") if name not in given]
    title = given.get("title", "")
    if "title" in given and not (isinstance(title, str) and title.strip() and len(title) <= TITLE_CHARACTERS_MAX):
        problems.append(("title", f"it is 1 to {TITLE_CHARACTERS_MAX} characters"))
    groups = {name: _group(given[name], name, problems) for name in ("enter", "leave") if name in given}
    size = _size(given["size"], problems) if "size" in given else None
    wait_bars = given.get("wait_bars", 0)
    if not _is_whole(wait_bars, 0, NUMBER_MAX):
        problems.append(("wait_bars", "it is a whole number of bars, 0 or more"))
    if sum(_count(group) for group in groups.values() if group) > CONDITIONS_MAX:
        problems.append(("document", f"it has more than {CONDITIONS_MAX} conditions"))
    enter, leave = groups.get("enter"), groups.get("leave")
    if problems or enter is None or leave is None or size is None:
        raise DocumentWrong(_once(problems))
    return RuleSet(title.strip(), enter, leave, size, wait_bars)


def _group(given: object, place: str, problems: list[tuple[str, str]], depth: int = 1) -> Group | None:
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in KINDS:
        problems.append((place, f"it is one of {', '.join(KINDS)}, with a list of conditions"))
        return None
    kind, listed = next(iter(given.items()))
    if not isinstance(listed, list) or not listed:
        problems.append((f"{place}.{kind}", "it is a list with at least one condition"))
        return None
    if depth > DEPTH_MAX:
        problems.append((place, f"groups stand in each other {DEPTH_MAX} deep at most"))
        return None
    members = [
        member
        for number, one in enumerate(listed)
        if (member := _member(one, f"{place}.{kind}[{number + 1}]", problems, depth)) is not None
    ]
    return Group(kind, tuple(members))


def _member(given: object, place: str, problems: list[tuple[str, str]], depth: int) -> Any:
    if isinstance(given, Mapping):
        return _group(given, place, problems, depth + 1)
    if not isinstance(given, str):
        problems.append((place, f"{given!r} is no condition"))
        return None
    try:
        return parse_condition(given)
    except ConditionWrong as error:
        problems.append((place, str(error)))
        return None


def _size(given: object, problems: list[tuple[str, str]]) -> Size | None:
    method = given.get("method") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(method, str) or method not in SIZES:
        problems.append(("size", f"its method is one of {', '.join(SIZES)}"))
        return None
    wanted = SIZES[method]
    found = {name: value for name, value in given.items() if name != "method"}
    before = len(problems)
    problems += [(f"size.{name}", f"{method} does not take it") for name in found if name not in wanted]
    for name, (least, most) in wanted.items():
        if not _is_whole(found.get(name), least, most):
            problems.append((f"size.{name}", f"it is a whole number from {least:,} to {most:,}"))
    return Size(method, found) if len(problems) == before else None


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _count(group: Group) -> int:
    return sum(_count(one) if isinstance(one, Group) else 1 for one in group.members)


def _once(problems: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(problems))
