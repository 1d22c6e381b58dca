"""TCP ports on this machine."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago; whoever binds it must still expect to lose the race."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now. SO_REUSEADDR, as servers set it: TIME_WAIT does not count as taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return not accepts(port, host)


def accepts(port: int, host: str = LOOPBACK, timeout_s: float = 0.5) -> bool:
    """Whether somebody answers a connection there; 0.0.0.0 is asked through loopback."""
    target = LOOPBACK if host in {"0.0.0.0", ""} else host  # noqa: S104 (compared, not bound)
    try:
        with socket.create_connection((target, port), timeout=timeout_s):
            return True
    except OSError:
        return False
