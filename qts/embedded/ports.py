"""TCP ports on this machine."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below what Linux (32768) and others (49152) hand out to outgoing connections: a server that is started again on its
# port must not find a client sitting there.
SERVER_PORTS = range(20_000, 32_000)


def free_port(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago; whoever binds it must still expect to lose the race."""
    while True:
        port = random.SystemRandom().choice(SERVER_PORTS)
        if is_free(port, host):
            return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now. SO_REUSEADDR, as servers set it: TIME_WAIT does not count as taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()  # two may bind with SO_REUSEADDR, one may listen
        except OSError:
            return False
    return True


def accepts(port: int, host: str = LOOPBACK, timeout_s: float = 0.5) -> bool:
    """Whether somebody answers a connection there."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
