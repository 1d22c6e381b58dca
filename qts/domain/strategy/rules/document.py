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

Without `size` it answers with signals, which the decision engine weighs and sizes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from qts.domain.errors import Said, said_by
from qts.domain.strategy.position_size import (
    NUMBER_MAX,
    OVER_ALL_SYMBOLS,
    SIZES,
    Size,
    is_whole,
    parse_size,
)
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
_FIELDS: Final = frozenset({"title", "enter", "leave", "size", "wait_bars"})
# A document is asked about one symbol at a time: what is shared out over all of them is the policy's to size.
METHODS: Final = tuple(method for method in SIZES if method not in OVER_ALL_SYMBOLS)


class DocumentWrong(ValueError):
    """What is wrong with a document: a sentence each, by the place in it (`enter.all[2]`)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(f"{place}: {what}." for place, what in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`wait_bars`: so many bars after it has left it does not enter again. Without a size it gives signals, and the
    decision engine sizes by the policy of the strategy's instance."""

    title: str
    enter: Group
    leave: Group
    size: Size | None
    wait_bars: int = 0

    @property
    def indicator_names(self) -> tuple[str, ...]:
        """Those that have to be computed: neither prices nor its own position nor what stands beside the chart."""
        names = dict.fromkeys((*self.enter.names, *self.leave.names))
        if self.size is not None:
            names |= dict.fromkeys(self.size.indicator_names)
        known = {*PRICES, *OF_THE_POSITION}
        return tuple(name for name in names if name not in known and not name.startswith(BESIDE_THE_CHART))


def parse_document(given: object) -> RuleSet:
    """From what a YAML or JSON file holds. Raises DocumentWrong with all that is wrong."""
    if not isinstance(given, Mapping):
        raise DocumentWrong([("document", Said("it is no mapping of title, enter, leave and size"))])
    problems: list[tuple[str, str]] = [
        ("document", Said("{name!r} means nothing here", name=name)) for name in given if name not in _FIELDS
    ]
    problems += [(name, Said("it is missing")) for name in ("title", "enter", "leave") if name not in given]
    title = given.get("title", "")
    if "title" in given and not (isinstance(title, str) and title.strip() and len(title) <= TITLE_CHARACTERS_MAX):
        problems.append(
            ("title", Said("it is 1 to {title_characters_max} characters", title_characters_max=TITLE_CHARACTERS_MAX))
        )
    groups = {name: _group(given[name], name, problems) for name in ("enter", "leave") if name in given}
    size = parse_size(given["size"], "size", METHODS) if "size" in given else None
    if isinstance(size, list):
        problems += size
    wait_bars = given.get("wait_bars", 0)
    if not is_whole(wait_bars, 0, NUMBER_MAX):
        problems.append(("wait_bars", Said("it is a whole number of bars, 0 or more")))
    if sum(_count(group) for group in groups.values() if group) > CONDITIONS_MAX:
        problems.append(
            ("document", Said("it has more than {conditions_max} conditions", conditions_max=CONDITIONS_MAX))
        )
    enter, leave = groups.get("enter"), groups.get("leave")
    if problems or enter is None or leave is None or isinstance(size, list):
        raise DocumentWrong(_once(problems))
    return RuleSet(title.strip(), enter, leave, size, wait_bars)


def _group(given: object, place: str, problems: list[tuple[str, str]], depth: int = 1) -> Group | None:
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in KINDS:
        problems.append((place, Said("it is one of {names}, with a list of conditions", names=", ".join(KINDS))))
        return None
    kind, listed = next(iter(given.items()))
    if not isinstance(listed, list) or not listed:
        problems.append((f"{place}.{kind}", Said("it is a list with at least one condition")))
        return None
    if depth > DEPTH_MAX:
        problems.append((place, Said("groups stand in each other {depth_max} deep at most", depth_max=DEPTH_MAX)))
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
        problems.append((place, Said("{given!r} is no condition", given=given)))
        return None
    try:
        return parse_condition(given)
    except ConditionWrong as error:
        problems.append((place, said_by(error)))
        return None


def _count(group: Group) -> int:
    return sum(_count(one) if isinstance(one, Group) else 1 for one in group.members)


def _once(problems: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(problems))
