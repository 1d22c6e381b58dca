"""A seccomp filter in forty lines of BPF: the system calls that a thinking process needs, and not one more.

What is not on the list fails with EPERM: no socket, no new process or thread, no program, no signal, no write to a
file, no ptrace, mount, key, bpf, io_uring or namespace, and no call that a later kernel brings. Some are allowed with
some arguments only. The list is kept here, for the two processors that the wheels of QTS exist for, because the
libraries for it bind to a libseccomp that a fresh machine does not have.
"""

import ctypes
import errno
import platform
import struct
from typing import Final

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: ld abs, jeq, jge, jset, ret
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in struct seccomp_data
_X32: Final = 0x40000000  # the other numbering of an x86 kernel
_WRITES: Final = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_TERMINAL_ASKED, _CLOSES_ON_EXEC = 0x5401, 0x5451  # ioctl: TCGETS, FIOCLEX
_FCNTL: Final = (0, 1, 2, 3, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# name: number on x86_64, number on aarch64 (None where that processor has no such call)
_CALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "lseek": (8, 62), "pread64": (17, 67), "readv": (19, 65),
    "writev": (20, 66), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78), "getcwd": (79, 17),
    "getdents64": (217, 61), "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216),
    "madvise": (28, 233), "membarrier": (324, 283), "futex": (202, 98), "set_robust_list": (273, 99),
    "rseq": (334, 293), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "times": (100, 153),
    "getrusage": (98, 165), "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "uname": (63, 160), "sysinfo": (99, 179),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getrandom": (318, 278), "exit": (60, 93),
    "exit_group": (231, 94),
}  # fmt: skip
_NOT_HERE: Final = {"clone3": 435, "openat2": 437}  # their arguments cannot be looked at: the C library falls back
_OPEN, _OPENAT = (2, None), (257, 56)
_IOCTL, _FCNTL_CALL, _PRLIMIT = (16, 29), (72, 25), (302, 261)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


_REFUSE: Final = _step(_RETURN, _ERRNO | errno.EPERM)
_PASS: Final = _step(_RETURN, _ALLOW)


def _argument(index: int, *, high: bool = False) -> bytes:
    return _step(_LOAD, _ARGUMENTS_AT + 8 * index + 4 * high)


def _only_if(number: int | None, block: list[bytes]) -> list[bytes]:
    """The block, for this call; it ends in an answer. Nothing where the processor has no such call."""
    return [] if number is None else [_step(_EQUAL, number, 0, len(block)), *block]


def _one_of(argument: int, values: tuple[int, ...]) -> list[bytes]:
    tests = [_step(_EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)]
    return [_argument(argument), *tests, _REFUSE, _PASS]


def _reads_only(flags_argument: int) -> list[bytes]:
    return [_argument(flags_argument), _step(_ANY_BIT, _WRITES, 0, 1), _REFUSE, _PASS]


def _asks_own_limits() -> list[bytes]:
    """prlimit of oneself (pid 0) without a new limit."""
    zero = [(0, False), (2, False), (2, True)]
    tests: list[bytes] = []
    for place, (argument, high) in enumerate(zero):
        tests += [_argument(argument, high=high), _step(_EQUAL, 0, 0, 2 * (len(zero) - place) - 1)]
    return [*tests, _PASS, _REFUSE]


def program(machine: str) -> bytes:
    """The filter for a processor. Raises KeyError for one that it has no list of calls for."""
    column = list(ARCHITECTURES).index(machine) if machine in ARCHITECTURES else -1
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, ARCHITECTURES[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        _step(_AT_LEAST, _X32, 0, 1),
        _REFUSE,
    ]
    for numbers in _CALLS.values():
        steps += _only_if(numbers[column], [_PASS])
    for number in _NOT_HERE.values():
        steps += _only_if(number, [_step(_RETURN, _ERRNO | errno.ENOSYS)])
    steps += _only_if(_OPEN[column], _reads_only(1))
    steps += _only_if(_OPENAT[column], _reads_only(2))
    steps += _only_if(_IOCTL[column], _one_of(1, (_TERMINAL_ASKED, _CLOSES_ON_EXEC)))
    steps += _only_if(_FCNTL_CALL[column], _one_of(1, _FCNTL))
    steps += _only_if(_PRLIMIT[column], _asks_own_limits())
    return b"".join([*steps, _REFUSE])


def filter_calls(libc: ctypes.CDLL) -> bool:
    """From here on, for good. False where kernel or processor does not offer it; needs no-new-privileges first."""
    if platform.machine() not in ARCHITECTURES:
        return False
    written = program(platform.machine())
    told = _Program(len(written) // 8, written)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(told), 0, 0) == 0)
