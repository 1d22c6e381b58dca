"""Folders and secret files of the embedded servers: made once, recognised later, never taken from somebody else."""

import json
import os
import secrets
import shutil
from pathlib import Path

from qts.embedded.errors import EmbeddedError

MARKER = "qts-embedded.json"


def claim(folder: Path, *, kind: str, uid: int | None = None) -> None:
    """Make the folder ours (mode 0700, for root owned by `uid`), or accept it because an earlier start made it.

    Raises EmbeddedError for a folder that holds anything we did not put there.
    """
    marker = folder / MARKER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not marker.exists():
            if any(folder.iterdir()):
                raise EmbeddedError(
                    f"{folder} holds files that QTS did not make, so it is left alone."
                    " Name another folder with QTS_DATA_DIR, or move those files away."
                )
            give(folder, uid)
            folder.chmod(0o700)
            marker.write_text(json.dumps({"kind": kind}), encoding="utf-8")
            give(marker, uid)
    except PermissionError as error:
        raise EmbeddedError(
            f"{error.filename or folder} belongs to another user than {os.getuid()}: start QTS as the user who made it,"
            " or name another folder with QTS_DATA_DIR."
        ) from error
    except OSError as error:
        raise EmbeddedError(f"{folder} cannot be used as a data folder: {error.strerror}.") from error
    found = json.loads(marker.read_text(encoding="utf-8")).get("kind")
    if found != kind:
        raise EmbeddedError(f"{folder} is the folder of an embedded {found}, not of {kind}.")


def secret_file(path: Path, *, uid: int | None = None, length_bytes: int = 24) -> str:
    """The random text in a file of mode 0600, written at the first call."""
    if not path.exists():
        partial = path.with_suffix(".new")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(length_bytes))
        give(partial, uid)
        partial.replace(path)
    return path.read_text(encoding="utf-8").strip()


def emptied(folder: Path) -> Path:
    """The folder, with nothing in it: what processes counted before is not counted again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def give(path: Path, uid: int | None) -> None:
    """Hand a file to the user that the server runs as; only root can, and only root asks."""
    if uid is not None:
        os.chown(path, uid, uid)
