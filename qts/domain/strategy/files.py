"""A strategy in a file of a person's own. Whoever calls this runs that file: live, only the confined child does."""

import linecache
import sys
from types import ModuleType
from typing import Any, Final

from qts.domain.strategy.interface import Strategy

MODULE: Final = "strategy_file"


class NotAStrategy(ValueError):
    """What a file lacks, in one sentence."""


def strategy_of_file(file_name: str, text: str) -> type[Strategy[Any]]:
    """Its one strategy; a traceback shows its lines under `file_name`, and `strategy_file:Class` is its key here.

    Raises NotAStrategy, and whatever the file raises as it is imported.
    """
    module = ModuleType(MODULE)
    module.__file__ = file_name
    linecache.cache[file_name] = (len(text), None, text.splitlines(keepends=True), file_name)
    sys.modules[MODULE] = module  # dataclasses look a class's module up there
    exec(compile(text, file_name, "exec"), module.__dict__)  # noqa: S102  # that is what was asked for
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Strategy) and one.__module__ == MODULE
    ]
    leaves = [one for one in found if not any(one is not other and issubclass(other, one) for other in found)]
    if len(leaves) != 1:
        named = ", ".join(one.__name__ for one in leaves) or "none"
        raise NotAStrategy(f"{file_name} holds one subclass of Strategy; found: {named}")
    return leaves[0]
