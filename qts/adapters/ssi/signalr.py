"""A client of classic ASP.NET SignalR 2 over WebSocket: negotiate, connect, start, frames, and watching for silence.

One object is one connection. When it breaks it stays broken: who uses it makes a new one, after a pause of its choice.
"""

import contextlib
import json
import queue
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
import msgspec
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from qts.adapters.ssi.http import is_loopback
from qts.domain.errors import TerminalError, TransientError

log = structlog.get_logger(__name__)

CLIENT_PROTOCOL = "1.3"
CONNECT_TIMEOUT_S = 5.0
SILENCE_DEFAULT_S = 20.0  # SignalR's KeepAliveTimeout; the server sends an empty frame every 10 s
KEEPALIVE = b"{}"
FRAMES_WAITING_MAX = 20_000
FRAME_BYTES_MAX = 8 * 1024 * 1024


class StreamClosed(TransientError):
    """The connection ended or went silent; the text says how. Connect anew."""


class StreamRefused(TransientError):
    """The server refused the token; a fresh one may be accepted."""


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    received_ns: int  # wall clock when it was taken off the socket
    raw: bytes


class _Negotiated(msgspec.Struct, rename="pascal"):
    connection_token: str
    protocol_version: str = CLIENT_PROTOCOL
    keep_alive_timeout: float | None = None
    try_web_sockets: bool = True


class SignalRConnection:
    """`open`, then `frames` again and again, then `close`; leaving a `with` block closes too.

    A thread takes frames off the socket, stamps them and queues them; when `FRAMES_WAITING_MAX` are waiting it stops
    reading, and the server feels it. TLS is verified.
    """

    def __init__(
        self,
        base_url: str,
        hub: str,
        headers: Mapping[str, str],
        *,
        silence_max_s: float | None = None,
        frames_waiting_max: int = FRAMES_WAITING_MAX,
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/v2.0/signalr"
        self._hub = hub
        self._headers = dict(headers)
        self._silence_max_s = silence_max_s
        self._waiting: queue.Queue[ReceivedFrame] = queue.Queue(frames_waiting_max)
        self._stop = threading.Event()
        self._ended = ""
        self._calls = 0
        self._last_frame_at = 0.0
        self._resources = contextlib.ExitStack()
        self._socket: ClientConnection | None = None
        self.invoked_ns = 0  # when the last call was sent
        self.last_frame_ns = 0  # when the last frame came that `frames` took off the queue, keepalives too

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Negotiate, connect and start. StreamRefused for a refused token, TransientError when it may work later,
        TerminalError when the server does not speak this protocol."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def invoke(self, method: str, *arguments: str) -> None:
        """Call a method of the hub; the answer comes among the frames."""
        call = {"H": self._hub, "M": method, "A": list(arguments), "I": self._calls}
        self._calls += 1
        if self._socket is None:
            raise StreamClosed("the stream is not connected")
        self.invoked_ns = time.time_ns()
        try:
            self._socket.send(json.dumps(call))
        except (WebSocketException, OSError) as error:
            raise StreamClosed(f"cannot call {method}: {error}") from error

    def frames(self, timeout_s: float, count_max: int = 1_000) -> list[ReceivedFrame]:
        """All frames that are there, up to `count_max`; waits up to `timeout_s` for the first one, then [].

        Keepalives among them are left out. Raises StreamClosed once the connection has ended, or was silent too long,
        and all that came is handed out.
        """
        try:
            found = [self._waiting.get(timeout=timeout_s)] if timeout_s > 0 else [self._waiting.get_nowait()]
        except queue.Empty:
            self._raise_if_over()
            return []
        with contextlib.suppress(queue.Empty):
            while len(found) < count_max:
                found.append(self._waiting.get_nowait())
        self.last_frame_ns = found[-1].received_ns
        return [frame for frame in found if frame.raw != KEEPALIVE]

    def close(self) -> None:
        """Ends the connection and its thread; frames not taken yet are dropped."""
        self._stop.set()
        self._resources.close()
        self._socket = None

    def _open(self) -> None:
        http = self._resources.enter_context(
            httpx2.Client(timeout=CONNECT_TIMEOUT_S, headers=self._headers, trust_env=not is_loopback(self._base_url))
        )
        negotiated = self._negotiate(http)
        if self._silence_max_s is None:
            self._silence_max_s = negotiated.keep_alive_timeout or SILENCE_DEFAULT_S
        query = urlencode(
            {
                "transport": "webSockets",
                "connectionToken": negotiated.connection_token,
                "connectionData": self._connection_data(),
                "clientProtocol": negotiated.protocol_version,
            }
        )
        self._socket = self._connect(query)
        self._last_frame_at = time.monotonic()
        receiver = threading.Thread(
            target=self._receive, args=(self._socket,), name=f"signalr-{self._hub}", daemon=True
        )
        receiver.start()
        self._resources.callback(receiver.join, 5.0)
        self._resources.callback(self._socket.close)
        answer = self._get(http, f"/start?{query}")
        if answer.get("Response") != "started":
            raise StreamClosed(f"{self._hub}: start was answered with {answer}")

    def _negotiate(self, http: httpx2.Client) -> _Negotiated:
        query = urlencode({"connectionData": self._connection_data(), "clientProtocol": CLIENT_PROTOCOL})
        answer = self._get(http, f"/negotiate?{query}")
        try:
            negotiated = msgspec.convert(answer, _Negotiated)
        except msgspec.ValidationError as error:
            raise TerminalError(f"{self._hub}: negotiate: {error}") from error
        if not negotiated.try_web_sockets:
            raise TerminalError(f"{self._hub}: the server does not offer WebSocket")
        return negotiated

    def _get(self, http: httpx2.Client, path: str) -> dict[str, Any]:
        what = f"{self._hub}: {path.partition('?')[0][1:]}"
        try:
            response = http.get(self._base_url + path)
        except httpx2.HTTPError as error:
            raise TransientError(f"{what}: {type(error).__name__}") from error
        if response.status_code in {401, 403}:
            raise StreamRefused(f"{what}: HTTP {response.status_code}")
        if response.status_code != 200:
            raise TransientError(f"{what}: HTTP {response.status_code}")
        try:
            answer = msgspec.json.decode(response.content)
        except (msgspec.MsgspecError, ValueError) as error:
            raise TransientError(f"{what}: no JSON") from error
        if not isinstance(answer, dict):
            raise TransientError(f"{what}: no JSON object")
        return answer

    def _connect(self, query: str) -> ClientConnection:
        url = "ws" + self._base_url.removeprefix("http") + f"/connect?{query}"
        options: dict[str, Any] = {"proxy": None} if is_loopback(self._base_url) else {}
        if url.startswith("wss:"):
            options["ssl"] = ssl.create_default_context()
        try:
            socket: ClientConnection = self._resources.enter_context(
                connect(
                    url,
                    additional_headers=self._headers,
                    open_timeout=CONNECT_TIMEOUT_S,
                    close_timeout=2.0,
                    # The server's own keepalives are watched instead: a pong waits behind all frames that are still to
                    # be read, so a burst would end the connection that brings it.
                    ping_interval=None,
                    max_size=FRAME_BYTES_MAX,
                    compression=None,
                    **options,
                )
            )
        except InvalidStatus as error:
            if error.response.status_code in {401, 403}:
                raise StreamRefused(f"{self._hub}: connect: HTTP {error.response.status_code}") from error
            raise TransientError(f"{self._hub}: connect: HTTP {error.response.status_code}") from error
        except (WebSocketException, OSError) as error:
            raise TransientError(f"{self._hub}: connect: {error}") from error
        return socket

    def _connection_data(self) -> str:
        return json.dumps([{"name": self._hub}])

    def _receive(self, socket: ClientConnection) -> None:
        try:
            while not self._stop.is_set():
                text = socket.recv(decode=False)
                self._last_frame_at = time.monotonic()
                self._put(ReceivedFrame(time.time_ns(), text))
        except ConnectionClosed as error:
            self._ended = f"{self._hub}: {error}"
        except (WebSocketException, OSError) as error:
            self._ended = f"{self._hub}: {type(error).__name__}: {error}"

    def _put(self, frame: ReceivedFrame) -> None:
        while not self._stop.is_set():
            try:
                self._waiting.put(frame, timeout=0.2)
            except queue.Full:
                continue
            return

    def _raise_if_over(self) -> None:
        if self._ended:
            if self._waiting.empty():
                raise StreamClosed(self._ended)
            return
        silent_s = time.monotonic() - self._last_frame_at
        if self._silence_max_s is not None and silent_s > self._silence_max_s:
            raise StreamClosed(f"{self._hub}: silent for {silent_s:.0f} s")
