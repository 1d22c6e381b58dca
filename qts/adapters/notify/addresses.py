"""Where a person's webhook may point: never into the house, or it would be a way to ask what only we can reach."""

import ipaddress
import socket
from urllib.parse import urlsplit

from qts.domain.errors import TerminalError, TransientError


def refuse_inside(url: str, *, may_be_inside: bool) -> None:
    """Raises TerminalError for an address that is no https URL of the outside world, TransientError where its name
    cannot be looked up now. The demo and tests may talk to this machine, by http too.

    Asked before every send: a name that moves into the house between two sends is refused at the next one.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"} or parts.username or parts.password:
        raise TerminalError("the address is not an http(s) URL without a user in it")
    if may_be_inside:
        return
    if parts.scheme != "https":
        raise TerminalError("only https leaves the house")
    for address in _addresses(parts.hostname, parts.port or 443):
        if not ipaddress.ip_address(address).is_global:
            raise TerminalError("the address points into a private network")


def _addresses(host: str, port: int) -> set[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TransientError("the name of the host cannot be looked up") from error
    return {str(address[0]).partition("%")[0] for *_, address in found}
