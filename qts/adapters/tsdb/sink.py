"""Batches of lines to InfluxDB or QuestDB, over HTTP or TCP. A batch that returned is at the server."""

import socket
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from qts.domain.errors import TerminalError, TransientError

TIMEOUT_S = 4.0  # less than the lease of whoever writes
ANSWER_CHARS_MAX = 300
_TRY_AGAIN = frozenset({401, 403, 404, 408, 425, 429})  # an operator mends the first three; nothing is lost meanwhile


class LinesRefused(Exception):
    """The server will not take these lines, now or later: one of them is not as it wants them."""


class Sink(Protocol):
    def write(self, lines: Sequence[bytes]) -> None:
        """Raises TransientError when the batch has to come again, LinesRefused when that would not help."""
        ...


def connect_sink(url: str, token: str = "") -> Sink:
    """`http(s)://host:port/path?query` is posted to as it stands; `tcp://host:port` and `tls://host:port` are sockets.

    Raises TerminalError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.hostname:
        return HttpSink(url, token)
    if parts.scheme in {"tcp", "tls"} and parts.hostname and parts.port:
        return TcpSink(parts.hostname, parts.port, is_tls=parts.scheme == "tls")
    raise TerminalError("TICK_SINK_URL: supported are http://, https:// and, with a port, tcp:// and tls://")


class HttpSink:
    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if token:
            headers["Authorization"] = f"Token {token}"
        self._client = httpx2.Client(timeout=TIMEOUT_S, headers=headers)

    def write(self, lines: Sequence[bytes]) -> None:
        try:
            answer = self._client.post(self._url, content=b"\n".join(lines) + b"\n")
        except httpx2.HTTPError as error:
            raise TransientError(f"tick sink: {error!r}") from error
        if answer.is_success:
            return
        told = f"tick sink: HTTP {answer.status_code}: {answer.text[:ANSWER_CHARS_MAX]}"
        if 400 <= answer.status_code < 500 and answer.status_code not in _TRY_AGAIN:
            raise LinesRefused(told)
        raise TransientError(told)


class TcpSink:
    """The protocol has no answer over TCP. So a batch is one connection: the server closes its side only after it has
    read to the end of ours, and one that dislikes a line resets it."""

    def __init__(self, host: str, port: int, *, is_tls: bool = False) -> None:
        self._address = host, port
        self._tls = ssl.create_default_context() if is_tls else None

    def write(self, lines: Sequence[bytes]) -> None:
        try:
            with socket.create_connection(self._address, TIMEOUT_S) as plain:
                if self._tls is None:
                    _send_all(plain, lines)
                else:
                    with self._tls.wrap_socket(plain, server_hostname=self._address[0]) as sealed:
                        _send_all(sealed, lines)
        except OSError as error:
            raise TransientError(f"tick sink: {error!r}") from error


def _send_all(connection: socket.socket, lines: Sequence[bytes]) -> None:
    connection.sendall(b"\n".join(lines) + b"\n")
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()
        return
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4_096):
        pass
