"""The child shuts itself in before it loads a strategy: docs/strategy-host.md says what each layer keeps out."""

import ctypes
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

MEMORY_BYTES_MAX = 1 << 30
OPEN_FILES_MAX = 32
CPU_S_MAX = 3_600  # of a whole run: a strategy thinks for milliseconds a minute
LAYERS: Final = ("limits", "no-privileges", "namespaces", "landlock", "seccomp")
LIBRARIES: Final = ("msgspec", "numpy", "numpy.libs")  # of site-packages, what a strategy may import

_PROJECT: Final = Path(__file__).resolve().parents[3]
_OWN_CODE: Final = ("qts/__init__.py", "qts/adapters/__init__.py", "qts/adapters/sandbox", "qts/domain")
_SYSTEM: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache",
                  "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom")  # fmt: skip
_LIMITS: Final = {
    "RLIMIT_NOFILE": OPEN_FILES_MAX,
    "RLIMIT_FSIZE": 0,
    "RLIMIT_CORE": 0,
    "RLIMIT_NPROC": 0,
    "RLIMIT_MEMLOCK": 0,
    "RLIMIT_MSGQUEUE": 0,
}
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x04000000, 0x08000000, 0x10000000, 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def confine(
    readable: Sequence[str],
    *,
    memory_bytes: int = MEMORY_BYTES_MAX,
    cpu_s: int = CPU_S_MAX,
    keeps_connections: bool = False,
) -> tuple[str, ...]:
    """The layers in force from here on, for good: those that this system offers.

    `keeps_connections`: the sockets that are open now may still be used, so system calls are not filtered. New ones
    lead nowhere all the same, where there are namespaces or a Landlock that knows of the network.
    """
    _limit(memory_bytes, cpu_s)
    if sys.platform != "linux":
        return ("limits",)
    from qts.adapters.sandbox import landlock, seccomp  # Linux alone has them

    libc = ctypes.CDLL(None, use_errno=True)
    layers = ["limits"]
    has_namespaces = _leave_namespaces(libc)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # new credentials have cleared it
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _drop_privileges(libc):
        layers.append("no-privileges")
    if has_namespaces:
        layers.append("namespaces")
    if in_force := landlock.read_only(libc, [*_readable(), *map(Path, readable)]):
        layers.append(f"landlock {in_force}")
    if not keeps_connections and seccomp.filter_calls(libc):
        layers.append("seccomp")
    return tuple(layers)


def folders_of(libraries: Iterable[str]) -> Iterator[Path]:
    """Where libraries are installed; one that is not there is no path that could be opened."""
    own = sysconfig.get_paths()
    for name in dict.fromkeys((own["purelib"], own["platlib"])):
        yield from (Path(name, library) for library in libraries)


def _limit(memory_bytes: int, cpu_s: int) -> None:
    for name, most in {**_LIMITS, "RLIMIT_AS": memory_bytes, "RLIMIT_CPU": cpu_s}.items():
        kind = getattr(resource, name, None)  # not every system has each of them
        if kind is not None:
            resource.setrlimit(kind, (most, most))


def _leave_namespaces(libc: ctypes.CDLL) -> bool:
    """A network without a way out, and a user without rights over anything outside; some systems forbid it."""
    apart = _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    return bool(libc.unshare(_CLONE_NEWUSER | apart) == 0 or libc.unshare(apart) == 0)


def _drop_privileges(libc: ctypes.CDLL) -> bool:
    """No capability, root's included, and none to be had by running a program."""
    header, nothing = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    dropped = libc.capset(ctypes.byref(header), nothing) == 0
    return bool(dropped and libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _readable() -> Iterator[Path]:
    """Python, the few libraries, and what of QTS runs in this process."""
    own = sysconfig.get_paths()
    yield Path(own["stdlib"])  # "platstdlib" is the virtual environment's, and every library is in there
    yield from (Path(prefix, "lib") for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix)))
    yield from folders_of(LIBRARIES)
    yield from (_PROJECT / part for part in _OWN_CODE)
    yield from map(Path, _SYSTEM)
