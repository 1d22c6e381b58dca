"""A strategy in a file of a person's own: its text and the hash that names this version of it."""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE_BYTES_MAX = 256 * 1_024
PYTHON: Final = ".py"
RULES: Final = ".yaml"
SUFFIXES: Final = (PYTHON, RULES)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


class SourceUnreadable(Exception):
    """Why a file cannot be taken, in one sentence."""


@dataclass(frozen=True, slots=True)
class StrategySource:
    """`file_name` is without its folder: it is what a traceback shows. What ends in `.yaml` is a document of rules."""

    file_name: str
    text: str

    @property
    def suffix(self) -> str:
        return Path(self.file_name).suffix

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def source_names(folder: Path) -> list[str]:
    """The names of the strategies in the folder, without their suffix; tests and what begins with an underscore are
    none."""
    if not folder.is_dir():
        return []
    names = {path.stem for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")}
    return sorted(name for name in names if is_name(name) and not name.startswith("test_"))


def read_source(folder: Path, name: str, *, suffix: str = "") -> StrategySource:
    """Raises SourceUnreadable. Nothing of it is executed; a link is not followed out of the folder. Without a suffix
    one name is one file."""
    if not is_name(name):
        raise SourceUnreadable(f"{name!r} is no name for a strategy: small letters, digits and _, a letter first")
    there = [suffix] if suffix else [one for one in SUFFIXES if os.path.lexists(folder / f"{name}{one}")]
    if len(there) > 1:
        raise SourceUnreadable(f"there are {' and '.join(name + one for one in there)}: one name is one strategy")
    path = folder / f"{name}{there[0] if there else PYTHON}"
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceUnreadable(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise SourceUnreadable(f"{path.name} is no file")
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise SourceUnreadable(f"{path.name} is larger than {FILE_BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{path.name} is no UTF-8 text: {error}") from error
    if not text.strip():
        raise SourceUnreadable(f"{path.name} is empty")
    return StrategySource(path.name, text)
