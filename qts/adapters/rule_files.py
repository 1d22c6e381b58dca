"""A document of rules as YAML text, and in which line something is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from qts.domain.strategy.rules import DocumentWrong, RuleSet, parse_document

CHARACTERS_MAX: Final = 20_000
DEPTH_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 where it is no line's."""

    line: int
    place: str
    sentence: str

    def __str__(self) -> str:
        where = f"Line {self.line}, {self.place}" if self.line else self.place
        return f"{where}: {self.sentence}."


class RulesUnreadable(ValueError):
    """All that is wrong, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


def read_rules(text: str) -> RuleSet:
    """Raises RulesUnreadable. Plain YAML only: no anchors, no tags, no key twice."""
    if len(text) > CHARACTERS_MAX:
        raise RulesUnreadable([Problem(0, "document", f"it is longer than {CHARACTERS_MAX:,} characters")])
    lines: dict[str, int] = {"document": 1}
    document = _plain(_composed(text), "", lines, 1)
    try:
        return parse_document(document)
    except DocumentWrong as error:
        found = [Problem(_line_of(place, lines), place, sentence) for place, sentence in error.problems]
        raise RulesUnreadable(sorted(found, key=lambda problem: problem.line)) from error


def _composed(text: str) -> yaml.Node | None:
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _wrong(event.start_mark, "document", "anchors and references are not read here")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(mark, "document", f"it is no YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, RulesUnreadable):
            raise
        raise RulesUnreadable([Problem(0, "document", f"it is no YAML: {error}")]) from error


def _plain(node: yaml.Node | None, place: str, lines: dict[str, int], depth: int) -> Any:
    """Dictionaries, lists, texts and numbers, with the line of each by its place."""
    if node is None:
        return None
    lines.setdefault(place, node.start_mark.line + 1)
    if depth > DEPTH_MAX:
        raise _wrong(node.start_mark, place, "it is nested too deep")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, f"{place}[{number}]", lines, depth + 1) for number, one in enumerate(node.value, start=1)]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise _wrong(node.start_mark, place, "it is neither text nor number") from error


def _mapping(node: yaml.MappingNode, place: str, lines: dict[str, int], depth: int) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise _wrong(key.start_mark, place, "a name is a text")
        here = f"{place}.{name}" if place else name
        if name in found:
            raise _wrong(key.start_mark, here, "it stands twice")
        lines[here] = key.start_mark.line + 1
        found[name] = _plain(value, here, lines, depth + 1)
    return found


def _line_of(place: str, lines: Mapping[str, int]) -> int:
    """Of the place, or of what it would stand in."""
    while place not in lines and "." in place:
        place = place.rpartition(".")[0]
    return lines.get(place, lines["document"])


def _wrong(mark: Any, place: str, sentence: str) -> RulesUnreadable:
    return RulesUnreadable([Problem(mark.line + 1 if mark else 0, place or "document", sentence)])
