"""Packages of other people, each installed into a throwaway environment of its own and measured there."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from qts.embedded.options import ROOT

SHARED_DATA = Path(os.environ.get("QTS_SHARED_DATA", ROOT.parent / "shared" / "data"))
SHARED_PROGRAMS = SHARED_DATA.parent / "bench"  # the published comparisons
INSTALL_TIMEOUT_S = 120.0
RUN_TIMEOUT_S = 300.0


class PeerMissing(Exception):
    """A package could not be installed or measured here; the message says why."""


def peer_environment(folder: Path, *packages: str) -> str:
    python = str(folder / "bin" / "python")
    peer_output(
        [sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder)], INSTALL_TIMEOUT_S
    )
    peer_output(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, *packages], INSTALL_TIMEOUT_S
    )
    return python


def peer_output(command: list[str], timeout_s: float = RUN_TIMEOUT_S) -> str:
    """Raises PeerMissing when the command fails or does not end."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise PeerMissing((error.stderr.strip() or f"exit {error.returncode}").splitlines()[-1]) from error
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(f"no end within {timeout_s:.0f} s") from error
    return done.stdout


def program_of(path: Path) -> Any:
    """A published comparison as a module, without running it."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
