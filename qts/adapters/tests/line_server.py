"""A listener for line protocol over HTTP and TCP that reads every line; it can be told to fail."""

import re
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Point = tuple[str, dict[str, str], dict[str, int | str], int]
_FIELD = re.compile(r'((?:\\.|[^=,\\ ]|\\)+)=(?:(-?\d+)i|"((?:\\.|[^"\\])*)")(,|$)', re.DOTALL)


def parse(raw: bytes) -> Point:
    """Raises ValueError for what is not a line of whole numbers and texts."""
    head, fields, stamp = _sections(raw.decode())
    measurement, *tags = _split(head, ",")
    pairs = [_split(tag, "=") for tag in tags]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"a tag is not one: {tags}")
    return (
        _plain(measurement, ", "),
        {_plain(key, ",= "): _plain(value, ",= ") for key, value in pairs},
        _fields(fields),
        int(stamp),
    )


def _sections(text: str) -> tuple[str, str, str]:
    """Spaces part them, but neither escaped ones nor those inside of quotes."""
    cuts: list[int] = []
    in_quotes, index = False, 0
    while index < len(text):
        sign = text[index]
        if sign == "\\":
            index += 2 if index + 1 < len(text) and (in_quotes or text[index + 1] in ",= ") else 1
            continue
        if sign == '"' and len(cuts) == 1 and (in_quotes or text[index - 1] == "="):
            in_quotes = not in_quotes
        elif sign == " " and not in_quotes:
            cuts.append(index)
        index += 1
    if len(cuts) != 2:
        raise ValueError(f"not three sections: {text!r}")
    return text[: cuts[0]], text[cuts[0] + 1 : cuts[1]], text[cuts[1] + 1 :]


def _split(text: str, sign: str) -> list[str]:
    return re.split(rf"(?<!\\){sign}", text)


def _plain(text: str, escaped: str) -> str:
    return re.sub(rf"\\([{escaped}])", r"\1", text)


def _fields(text: str) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            raise ValueError(f"no field at {text[position:]!r}")
        key, number, words, _ = match.groups()
        found[_plain(key, ",= ")] = int(number) if number is not None else re.sub(r"\\(.)", r"\1", words)
        position = match.end()
    return found


class LineServer:
    """`answer` decides about each batch: an HTTP status, or for TCP 204 to take it and anything else to reset."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.batches: list[int] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[list[Point]], int] = lambda _points: 204
        self._servers: list[Any] = []

    def take(self, body: bytes) -> int:
        try:
            points = [parse(raw) for raw in body.split(b"\n") if raw]
        except ValueError:
            return 400
        status = self.answer(points)
        if status == 204:
            self.points.extend(points)
            self.batches.append(len(points))
        return status

    def http(self) -> str:
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.headers.append(dict(self.headers))
                status = told.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return f"http://127.0.0.1:{self._serve(ThreadingHTTPServer(('127.0.0.1', 0), Handler))}/write?precision=ns"

    def tcp(self) -> str:
        told = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if told.take(self.rfile.read()) != 204:
                    # closing with SO_LINGER 0 resets the connection
                    self.request.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                    self.request.close()

            def finish(self) -> None:
                pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True

            def shutdown_request(self, request: Any) -> None:
                request.close()

        return f"tcp://127.0.0.1:{self._serve(Server(('127.0.0.1', 0), Handler))}"

    def _serve(self, server: Any) -> int:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._servers.append(server)
        return int(server.server_address[1])

    def stop(self) -> None:
        while self._servers:
            server = self._servers.pop()
            server.shutdown()
            server.server_close()
