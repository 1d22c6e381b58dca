"""Packages of other people, each installed into a throwaway environment of its own and measured there."""

import os
import subprocess
import sys
from pathlib import Path

from qts.embedded.options import ROOT

INSTALL_TIMEOUT_S = 120.0
RUN_TIMEOUT_S = 300.0


class PeerMissing(Exception):
    """A package could not be installed or measured here; the message says why."""


def peer_environment(folder: Path, peer: str) -> str:
    python = str(folder / "bin" / "python")
    peer_output(
        [sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder)], INSTALL_TIMEOUT_S
    )
    peer_output([sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, peer], INSTALL_TIMEOUT_S)
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
