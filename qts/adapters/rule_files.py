"""A document of rules as YAML text, and in which line something is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from qts.domain.errors import Said
from qts.domain.strategy.rules import DocumentWrong, RuleSet, parse_document

CHARACTERS_MAX: Final = 20_000
DEPTH_MAX: Final = 12
_Places = dict[str, tuple[int, int]]  # line and column of each place


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` and `column` count from 1; 0 where it is no line's."""

    line: int
    place: str
    sentence: str
    column: int = 0

    @property
    def said(self) -> Said:
        if self.line:
            return Said("Line {line}, {place}: {what}.", line=self.line, place=self.place, what=self.sentence)
        return Said("{place}: {what}.", place=self.place, what=self.sentence)

    def __str__(self) -> str:
        return str(self.said)


class RulesUnreadable(ValueError):
    """All that is wrong, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


def read_rules(text: str) -> RuleSet:
    """Raises RulesUnreadable. Plain YAML only: no anchors, no tags, no key twice."""
    if len(text) > CHARACTERS_MAX:
        raise RulesUnreadable(
            [
                Problem(
                    0,
                    "document",
                    Said("it is longer than {characters_max:,} characters", characters_max=CHARACTERS_MAX),
                )
            ]
        )
    lines: _Places = {"document": (1, 1)}
    document = _plain(_composed(text), "", lines)
    try:
        return parse_document(document)
    except DocumentWrong as error:
        found = [_placed(place, sentence, lines) for place, sentence in error.problems]
        raise RulesUnreadable(sorted(found, key=lambda problem: problem.line)) from error


def _composed(text: str) -> yaml.Node | None:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _wrong(event.start_mark, "document", Said("anchors and references are not read here"))
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth >= DEPTH_MAX:  # at once: what the parser needs grows with the square of the depth
                raise _wrong(event.start_mark, "document", Said("it is nested too deep"))
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(mark, "document", Said("it is no YAML: {problem}", problem=error.problem)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, RulesUnreadable):
            raise
        raise RulesUnreadable([Problem(0, "document", Said("it is no YAML: {error}", error=error))]) from error


def _plain(node: yaml.Node | None, place: str, lines: _Places) -> Any:
    """Dictionaries, lists, texts and numbers, with the line of each by its place."""
    if node is None:
        return None
    lines.setdefault(place, _at(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, f"{place}[{number}]", lines) for number, one in enumerate(node.value, start=1)]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise _wrong(node.start_mark, place, Said("it is neither text nor number")) from error


def _mapping(node: yaml.MappingNode, place: str, lines: _Places) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise _wrong(key.start_mark, place, Said("a name is a text"))
        here = f"{place}.{name}" if place else name
        if name in found:
            raise _wrong(key.start_mark, here, Said("it stands twice"))
        lines[here] = _at(key.start_mark)
        found[name] = _plain(value, here, lines)
    return found


def _placed(place: str, sentence: str, lines: _Places) -> Problem:
    """Where it stands, or what it would stand in."""
    known = place
    while known not in lines and "." in known:
        known = known.rpartition(".")[0]
    line, column = lines.get(known, lines["document"])
    return Problem(line, place, sentence, column)


def _wrong(mark: Any, place: str, sentence: str) -> RulesUnreadable:
    line, column = _at(mark) if mark else (0, 0)
    return RulesUnreadable([Problem(line, place or "document", sentence, column)])


def _at(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
