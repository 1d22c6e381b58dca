"""A hash of the code that a result depends on: the engine, the rules, the numbers, and the strategies themselves."""

import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from qts.backtest.spec import StrategyPart
from qts.domain.strategy import strategy_class

_QTS: Final = Path(__file__).resolve().parents[1]
_PARTS: Final = ("backtest", "quant", "domain")


def code_hash(parts: Iterable[StrategyPart]) -> str:
    """Raises KeyError for an unknown strategy. Of a person's file the text counts; nothing of it is run."""
    parts = list(parts)
    files = {path for part in _PARTS for path in (_QTS / part).rglob("*.py") if "tests" not in path.parts}
    own = [part.strategy for part in parts if part.source is None]
    files |= {Path(inspect.getfile(strategy_class(key))).resolve() for key in own}
    found = hashlib.sha256()
    for path in sorted(files):
        name = path.relative_to(_QTS) if path.is_relative_to(_QTS) else Path(path.name)
        found.update(f"{name}\n".encode())
        found.update(path.read_bytes())
    for content_hash in sorted(part.source.content_hash for part in parts if part.source is not None):
        found.update(content_hash.encode())
    return found.hexdigest()
