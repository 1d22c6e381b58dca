"""Landlock by system call: which directories may be read. Everything else of the file system, the network by TCP, and
signals to others are out of reach. The numbers are the same on every processor; docs.kernel.org/userspace-api/landlock.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASKS_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights on files a version knows; 16 from the fifth on
_BIND_AND_CONNECT: Final = 0b11  # from version 4
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11  # from version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("directory", ctypes.c_int32))


def version(libc: ctypes.CDLL) -> int:
    """What the running kernel offers; 0 for nothing."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, 0, _ASKS_VERSION)))


def read_only(libc: ctypes.CDLL, readable: Iterable[Path]) -> int:
    """From here on, for good; the version in force, 0 where the kernel has none. Needs no-new-privileges first."""
    offered = version(libc)
    if not offered:
        return 0
    told = _Ruleset(
        (1 << _FILE_RIGHTS.get(offered, 16)) - 1,
        _BIND_AND_CONNECT if offered >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if offered >= 6 else 0,
    )
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(told), ctypes.sizeof(told), 0)
    if ruleset < 0:
        return 0
    try:
        for path in readable:
            _allow(libc, ruleset, path)
        return offered if libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # not every machine has each of them
    try:
        rights = _READ_FILE | (_READ_DIRECTORY if path.is_dir() else 0)
        rule = _PathBeneath(rights, opened)
        if libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    finally:
        os.close(opened)
