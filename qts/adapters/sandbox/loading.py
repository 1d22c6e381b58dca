"""From a key or a person's own file to a strategy class, and from what it raised to the line in which it did."""

import traceback
from typing import Any, Final

from qts.adapters.rule_files import read_rules
from qts.adapters.sandbox.messages import Load
from qts.adapters.sandbox.source import RULES
from qts.domain.strategy import Strategy, strategy_class
from qts.domain.strategy.files import NotAStrategy, strategy_of_file
from qts.domain.strategy.rules import rule_class

_FRAMES_MAX = 6
_PROBLEM_CHARACTERS_MAX = 4_000
_TEXT_MAX: Final = {"title": 80, "summary": 300}


def load(request: Load) -> type[Strategy[Any]]:
    """Raises NotAStrategy, KeyError for an unknown key, and whatever a file raises as it is imported."""
    if not request.source:
        cls = strategy_class(request.key)
    elif request.file_name.endswith(RULES):
        cls = rule_class(read_rules(request.source))
    else:
        cls = strategy_of_file(request.file_name, request.source)
    for name, most in _TEXT_MAX.items():
        text = getattr(cls, name, None)
        if not isinstance(text, str) or not 0 < len(text) <= most:
            raise NotAStrategy(f"{cls.__name__} needs a {name}: a text of at most {most} characters")
    return cls


def problem_of(error: BaseException) -> str:
    """What was raised, first; then where: the lines of the strategy's own file, if there are any."""
    said = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/" not in frame.filename and not frame.filename.startswith("<")]
    shown = "".join(traceback.format_list((own or list(frames))[-_FRAMES_MAX:]))
    return f"{said}\n{shown}".strip()[:_PROBLEM_CHARACTERS_MAX]
