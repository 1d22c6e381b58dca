"""The watchlist and the language, kept in the user's configuration folder; nothing secret goes there."""

import os
from pathlib import Path

import msgspec

WATCHED_MAX = 200


class Preferences(msgspec.Struct):
    language: str = ""
    symbols: list[str] = msgspec.field(default_factory=list)


def path() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(folder) / "qts" / "tui.json"


def load() -> Preferences:
    """Without a file, or with one that cannot be read, the defaults."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=Preferences)
    except (OSError, msgspec.MsgspecError):
        return Preferences()


def save(preferences: Preferences) -> None:
    """Raises OSError where the folder cannot be written."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(preferences))
    unfinished.replace(file)
